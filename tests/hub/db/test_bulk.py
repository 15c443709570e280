from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from hub.booking.models import Fact
from hub.db.bulk import insert_rows, update_rows
from hub.db.reading import Prepared, among
from hub.db.session import Database
from hub.ledger.models import Account

NOW = datetime(2026, 11, 21, 1, 2, 3, 456000, tzinfo=UTC)
COLUMNS = ("id", "owner", "book", "unit", "has_lots", "balance", "version", "opened_at")


def account_row(number: int) -> tuple[object, ...]:
    return (UUID(int=number << 64), UUID(int=number << 64), "points", "points", True, number, 1, NOW)


def test_what_is_inserted_is_read_back(database: Database) -> None:
    with database.write() as session:
        insert_rows(session, Account, COLUMNS, [account_row(number) for number in range(1, 4)])

    with database.read() as session:
        found = session.execute(select(Account).order_by(Account.id)).scalars().all()
    assert [(account.balance, account.opened_at) for account in found] == [(1, NOW), (2, NOW), (3, NOW)]


def test_nasty_values_come_back_as_they_were(database: Database) -> None:
    result = {"名字": "张\t'\"\\{},", "list": [1, None, "NULL"]}
    raw = bytes(range(256))
    row = (UUID(int=1), "kind,\"'\\", "actor\n{}", raw[:32], "applied", result, raw, NOW, NOW, NOW)

    with database.write() as session:
        names = ("id", "kind", "actor", "fingerprint", "verdict", "result", "raw")
        insert_rows(session, Fact, (*names, "occurred_at", "received_at", "effective_at"), [row])

    with database.read() as session:
        fact = session.execute(select(Fact)).scalar_one()
    assert (fact.kind, fact.actor, fact.raw, fact.result) == (row[1], row[2], raw, result)
    assert fact.code is None


def test_an_update_changes_only_the_rows_it_names_and_counts_them(database: Database) -> None:
    with database.write() as session:
        insert_rows(session, Account, COLUMNS, [account_row(number) for number in range(1, 4)])

    with database.write() as session:
        rows = [(UUID(int=1 << 64), 10, 2), (UUID(int=9 << 64), 90, 2)]
        changed = update_rows(session, Account, ("id",), ("balance", "version"), rows=rows)

    with database.read() as session:
        balances = session.execute(select(Account.balance).order_by(Account.id)).scalars().all()
    assert changed == 1
    assert balances == [10, 2, 3]


def test_times_of_other_zones_are_stored_as_utc(database: Database) -> None:
    shanghai = timezone(timedelta(hours=8))
    row = (*account_row(1)[:-1], NOW.astimezone(shanghai))

    with database.write() as session:
        insert_rows(session, Account, COLUMNS, [row])

    with database.read() as session:
        assert session.execute(select(Account.opened_at)).scalar_one() == NOW


def test_a_time_without_a_zone_is_refused(sqlite: Database) -> None:
    row = (*account_row(1)[:-1], NOW.replace(tzinfo=None))

    with pytest.raises(ValueError, match="without a zone"), sqlite.write() as session:
        insert_rows(session, Account, COLUMNS, [row])


def test_nothing_is_nothing(database: Database) -> None:
    with database.write() as session:
        insert_rows(session, Account, COLUMNS, [])
        assert update_rows(session, Account, ("id",), ("balance",), rows=[]) == 0


@pytest.mark.parametrize(
    ("column", "wanted", "matches"),
    [("id", [UUID(int=2 << 64)], 1), ("book", ["po{i}nts", 'a"b\\', "points"], 5), ("balance", [2], 1)],
)
def test_among_finds_what_is_named(database: Database, column: str, wanted: list[Any], matches: int) -> None:
    with database.write() as session:
        insert_rows(session, Account, COLUMNS, [account_row(number) for number in range(1, 6)])

    with database.read() as session:
        query = select(Account.balance).where(among(session, getattr(Account, column), wanted))
        found = session.execute(query).scalars().all()

    assert len(found) == matches


def test_what_is_prepared_finds_by_several_collections_at_once_and_reads_every_type(database: Database) -> None:
    prepared = Prepared(
        lambda among: select(Fact.id, Fact.fingerprint, Fact.result, Fact.seq, Fact.occurred_at).where(
            among(Fact.fingerprint, "prints"), among(Fact.kind, "kinds"), among(Fact.id, "ids"), Fact.received_at >= NOW
        )
    )
    names = ("id", "kind", "actor", "fingerprint", "verdict", "result", "occurred_at", "received_at", "effective_at")
    kind, prints = "ki'n\"d\\{名},", [bytes([255, number]) for number in range(3)]
    rows = [
        (UUID(int=number), kind, "actor", print_, "applied", {"n": [number, None]}, NOW, NOW, NOW)
        for number, print_ in enumerate(prints)
    ]
    with database.write() as session:
        insert_rows(session, Fact, names, rows)

    with database.read() as session:
        found = prepared.rows(session, prints=prints[1:], kinds=["other", kind], ids={UUID(int=0), UUID(int=1)})

    assert [tuple(row) for row in found] == [(UUID(int=1), prints[1], {"n": [1, None]}, None, NOW)]


def test_what_is_prepared_finds_nothing_among_nothing(database: Database) -> None:
    prepared = Prepared(lambda among: select(Account.id).where(among(Account.id, "ids")))

    with database.read() as session:
        assert list(prepared.rows(session, ids=[])) == []


def test_among_nothing_finds_nothing(database: Database) -> None:
    with database.read() as session:
        assert session.execute(select(Account.id).where(among(session, Account.id, []))).all() == []
