"""The database makes up nothing: neither the time of a row nor its id. What it made up could not be replayed."""

import re

import pytest

from tests.architecture.source import Place, Source, parse, report, sources

SELECTORS = ("sqlalchemy.func.", "sqlalchemy.sql.func.")
FUNCTIONS = frozenset({"now", "current_date", "current_time", "current_timestamp", "gen_random_uuid", "random"})
SQL = re.compile(
    r"\b(now\(\)|current_(date|time|timestamp)\b|gen_random_uuid\(|random\(|datetime\('now')", re.IGNORECASE
)


def inventions(source: Source) -> list[Place]:
    """Where a file lets the database read a clock or draw at random."""
    calls = [source.place(node, f"uses {path}") for node, path in source.references() if _is_invention(path)]
    return calls + [source.place(node, "asks in SQL") for node in source.strings() if SQL.search(str(node.value))]


def _is_invention(path: str) -> bool:
    return path.startswith(SELECTORS) and path.rpartition(".")[2] in FUNCTIONS


@pytest.mark.parametrize(
    "text",
    [
        "from sqlalchemy import func\nat = mapped_column(server_default=func.now())",
        "import sqlalchemy as sa\nat = sa.Column('at', server_default=sa.func.current_timestamp())",
        "at = mapped_column(server_default=text('now()'))",
        "at = mapped_column(server_default=text('CURRENT_TIMESTAMP'))",
        "id = mapped_column(server_default=text('gen_random_uuid()'))",
        "session.execute(text('SELECT * FROM prizes ORDER BY random()'))",
        "session.execute(text(\"DELETE FROM visits WHERE ends_at < datetime('now')\"))",
    ],
)
def test_an_invention_is_seen(text: str) -> None:
    assert len(inventions(parse(text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "from sqlalchemy import func\ntotal = func.sum(Entry.amount)",
        "closed = mapped_column(server_default=text('false'))",
        '"""Never now() in SQL."""',
        "draw(random(10))",
    ],
)
def test_other_defaults_and_functions_are_no_inventions(text: str) -> None:
    assert inventions(parse(text)) == []


def test_the_database_reads_no_clock_and_draws_nothing() -> None:
    found = [place for source in sources("hub") for place in inventions(source)]

    assert not found, report(found)
