import json
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, inspect, text
from sqlalchemy.exc import DatabaseError

from hub import migrations
from hub.audit.queries import export
from hub.audit.rules import faults
from hub.db.session import Database
from hub.ledger import service as ledger
from hub.members import profile
from hub.members import service as members
from hub.members.vault import Vault
from hub.models import Base
from tests.hub.migrations import day, personal, rows
from tests.hub.migrations.conftest import KINDS, new_database
from tests.hub.world import SECRETS, World

VAULT = Vault(SECRETS.vault, bytes)
VERSION_TABLE = "alembic_version"
CHANGED = {"accounts": {"has_lots"}}
"""Columns whose values a revision has changed on purpose."""


def revisions() -> list[str]:
    """Every revision, the oldest first."""
    script = ScriptDirectory.from_config(migrations.config(""))
    return [revision.revision for revision in reversed(list(script.walk_revisions()))]


@pytest.fixture(scope="module", params=product(KINDS, revisions()), ids="-".join)
def upgraded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Database]]:
    """A database that was filled at each revision and then brought to the newest one; no test changes it."""
    kind, revision = request.param
    with new_database(kind, tmp_path_factory.mktemp("upgraded")) as url:
        migrations.upgrade(url, revision)
        with closing(Database(url)) as old:
            rows.insert(old, rows.load(revision))
        migrations.upgrade(url)
        with closing(Database(url)) as database:
            yield revision, database


def schema_differences(database: Database) -> list[object]:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))


@pytest.mark.parametrize("revision", revisions())
def test_rows_are_kept_for_every_revision(revision: str) -> None:
    path = rows.path_of(revision)

    assert path.exists(), f"revision {revision} has no rows to migrate: run python -m tests.hub.migrations.record"
    empty = [table for table, kept in rows.load(revision).items() if not kept]
    assert empty == []


def test_rows_are_kept_for_nothing_but_revisions() -> None:
    assert sorted(path.stem for path in rows.FOLDER.iterdir()) == sorted(revisions())


def test_the_day_that_is_kept_fills_every_table(small_world: World) -> None:
    day.play(small_world)

    tables = rows.dump(small_world.hub.database, Base.metadata)
    assert [table for table, filled in tables.items() if not filled] == []


def test_rows_survive(upgraded: tuple[str, Database]) -> None:
    revision, database = upgraded

    kept, existing = rows.load(revision), set(inspect(database.engine).get_table_names())
    with database.read() as session:
        counts = {
            table: session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608
            for table in kept
            if table in existing
        }
    lost = {table: len(kept[table]) - count for table, count in counts.items() if count < len(kept[table])}
    assert lost == {}


def test_rows_keep_their_values(upgraded: tuple[str, Database]) -> None:
    revision, database = upgraded

    now = rows.dump(database, Base.metadata)

    for table, kept in rows.load(revision).items():
        if table in now:
            columns = (set(kept[0]) & set(now[table][0])) - CHANGED.get(table, set())
            assert lines(kept, columns) - lines(now[table], columns) == Counter(), table


def lines(kept: list[dict[str, Any]], columns: set[str]) -> Counter[str]:
    """Rows as text, so that both databases agree on them; a revision may add rows of its own."""
    return Counter(json.dumps({name: row[name] for name in columns}, sort_keys=True) for row in kept)


def test_money_paid_in_before_there_were_lots_is_a_lot_of_its_own_and_has_a_receipt(empty: str) -> None:
    migrations.upgrade(empty, "0001")
    with closing(Database(empty)) as old:
        rows.insert(old, rows.load("0001"))

    migrations.upgrade(empty)

    with closing(Database(empty)) as database, database.read() as session:
        lot = session.execute(text("SELECT granted, remaining FROM lots WHERE source = 'top_up'")).one()
        receipt = session.execute(text("SELECT receipt, store, amount FROM wallet_receipts")).one()
        shares = session.execute(text("SELECT sum(qualifying), sum(points) FROM purchase_lines")).one()
    assert tuple(lot) == (5_000, 5_000)
    assert tuple(receipt) == ("T1", "S01", 5_000)
    assert tuple(map(int, shares)) == (4_000, 4_000)


def test_going_back_one_revision_keeps_the_rules_of_earning(empty: str) -> None:
    migrations.upgrade(empty, "0002")
    with closing(Database(empty)) as filled:
        rows.insert(filled, rows.load("0002"))

    migrations.downgrade(empty, "0001")

    with closing(Database(empty)) as database, database.read() as session:
        rules = session.execute(text("SELECT version, points, per_minor FROM earning_rules")).all()
    assert [tuple(rule) for rule in rules] == [(1, 1, 100)]


def test_the_books_still_balance(upgraded: tuple[str, Database]) -> None:
    _revision, database = upgraded

    with database.read() as session:
        proof = ledger.prove(session)

    assert proof.faults == ()
    assert proof.transfers >= 5


def test_a_member_is_still_found_and_every_personal_field_still_opens(upgraded: tuple[str, Database]) -> None:
    _revision, database = upgraded

    with database.read() as session:
        member = members.by_phone(session, VAULT, day.PHONE)
        assert member is not None
        assert members.display_names(session, VAULT, [member.id]) == {member.id: "林*"}
        kept = {name for name in (*personal.VALUES, "birthday") if getattr(member, name) is not None}
        opened = profile.read(session, VAULT, [member.id], sorted(kept))[member.id]
        assert "birthday" in kept
        assert opened == {name: {**personal.VALUES, "birthday": day.BIRTHDAY.isoformat()}[name] for name in kept}


def test_a_migrated_database_is_what_the_models_say(upgraded: tuple[str, Database]) -> None:
    _revision, database = upgraded

    assert schema_differences(database) == []


def test_every_rule_of_the_models_stands_in_the_migrated_database(upgraded: tuple[str, Database]) -> None:
    _revision, database = upgraded

    # Alembic does not compare these.
    found = inspect(database.engine)
    for table in Base.metadata.sorted_tables:
        wanted = {str(rule.name) for rule in table.constraints if isinstance(rule, CheckConstraint)}
        assert {rule["name"] for rule in found.get_check_constraints(table.name)} == wanted, table.name
        partial = {str(index.name) for index in table.indexes if index.dialect_options["sqlite"]["where"] is not None}
        assert {
            index["name"]
            for index in found.get_indexes(table.name)
            if f"{database.engine.dialect.name}_where" in index.get("dialect_options", {})
        } == partial, table.name


def test_the_comparison_with_the_models_sees_a_difference(database: Database) -> None:
    with database.write() as session:
        session.execute(text("ALTER TABLE stores ADD COLUMN surprise INTEGER"))
        session.execute(text("DROP INDEX ix_vouchers_code"))

    assert len(schema_differences(database)) == 2


def test_migrating_twice_is_harmless(upgraded: tuple[str, Database]) -> None:
    _revision, database = upgraded
    before = rows.dump(database, Base.metadata)

    migrations.upgrade(database.url.render_as_string(hide_password=False))

    assert rows.dump(database, Base.metadata) == before


def test_a_database_that_was_never_migrated_is_not_worked_on(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'empty.db'}"

    with pytest.raises(migrations.OlderDatabaseError, match="migrate"):
        migrations.insist(url)

    migrations.upgrade(url)
    migrations.insist(url)


def test_a_newer_database_is_worked_on_while_the_programs_are_being_upgraded(database: Database) -> None:
    with database.write() as session:
        session.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = 'from_the_future'"))  # noqa: S608

    migrations.insist(database.url.render_as_string(hide_password=False))

    with database.read() as session:
        assert session.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar_one() == "from_the_future"  # noqa: S608


def test_a_database_newer_than_the_program_is_refused_and_left_alone(database: Database) -> None:
    with database.write() as session:
        session.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = 'from_the_future'"))  # noqa: S608

    with pytest.raises(migrations.NewerDatabaseError, match="newer than this program: it stands at from_the_future"):
        migrations.upgrade(database.url.render_as_string(hide_password=False))

    with database.read() as session:
        assert session.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar_one() == "from_the_future"  # noqa: S608


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'somebody else'", "DELETE FROM audit"])
def test_the_audit_log_cannot_be_changed_after_any_migration(upgraded: tuple[str, Database], statement: str) -> None:
    _revision, database = upgraded

    with pytest.raises(DatabaseError, match="append-only"), database.write() as session:
        session.execute(text(statement))


def test_the_audit_log_is_a_whole_chain_after_any_migration(upgraded: tuple[str, Database]) -> None:
    _revision, database = upgraded

    entries = [json.loads(line) for piece in export(database) for line in piece.splitlines()]

    assert entries
    key = SECRETS.audit_key
    assert list(faults(entries, [], {key.name: key.key})) == []


def test_going_back_to_nothing_and_forwards_again_gives_the_same_database(empty: str) -> None:
    migrations.upgrade(empty)
    migrations.downgrade(empty, "base")
    with closing(Database(empty)) as database:
        left = inspect(database.engine).get_table_names()

    migrations.upgrade(empty)

    assert left == [VERSION_TABLE]
    with closing(Database(empty)) as database:
        assert schema_differences(database) == []
