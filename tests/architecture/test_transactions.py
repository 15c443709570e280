"""Application code never ends a transaction; the edge does."""

import ast

import pytest

from tests.architecture.source import Place, Source, parse, report, sources

ALLOWED = {
    "hub/db/session.py": "the edge",
    "hub/migrations/env.py": "Alembic drives its own connection, before there is anything to book",
    "hub/messaging/wakeup.py": "ends a read of SQLite's change counter, so that the next one sees newer data",
}
ENDINGS = {"commit", "rollback"}


def endings(source: Source) -> list[Place]:
    """Where a file ends a transaction by itself."""
    return [
        source.place(node, f"calls {node.func.attr}()")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ENDINGS
    ]


@pytest.mark.parametrize("line", ["session.commit()", "self._session.rollback()", "with work() as s: s.commit()"])
def test_an_ended_transaction_is_seen(line: str) -> None:
    assert len(endings(parse(line))) == 1


def test_talk_of_committing_is_not_taken_for_it() -> None:
    assert endings(parse("commit = 'session.commit()'\nlog.info('rollback')")) == []


def test_only_the_edge_commits() -> None:
    found = [place for source in sources() if source.path not in ALLOWED for place in endings(source)]

    assert not found, report(found)


def test_every_exception_is_still_needed() -> None:
    needed = {source.path for source in sources() if endings(source)}

    assert needed == set(ALLOWED)
