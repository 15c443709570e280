from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from hub.ledger.rules import Books, Context, Grant, Posting
from hub.points.service import (
    EXPIRED,
    ISSUED,
    OWED,
    debt_account,
    expire_at_once,
    new_accounts,
    owe,
    points_account,
    recover,
)
from protocol.ids import part_id

NOW = datetime(2026, 11, 21, tzinfo=UTC)
MEMBER = UUID(int=1 << 64)
POINTS, DEBT = points_account(MEMBER), debt_account(MEMBER)


def make_context(number: int = 1) -> Context:
    return Context(UUID(int=number << 64), "test", NOW)


def make_books(*grants: tuple[int, Grant], owed: int = 0) -> Books:
    """Books of a member who was granted these points and owes so many."""
    books = Books()
    for account in new_accounts(MEMBER):
        books.open(account)
    for number, (amount, grant) in enumerate(grants, 10):
        granted = Posting("points.gift", ISSUED, POINTS, amount, {}, grant)
        assert books.post(make_context(number), [granted]) is None
    if owed:
        assert books.post(make_context(), [owe(books, MEMBER, owed, {})]) is None
    return books


def lot(number: int) -> UUID:
    """The lot of the grant at this place."""
    return part_id(part_id(UUID(int=(number + 10) << 64), "points.gift"), "lot")


def grant(*, waits_days: int = 0, expires_days: int | None = None) -> Grant:
    """Terms that count from now."""
    expires_at = None if expires_days is None else NOW + timedelta(days=expires_days)
    return Grant("gift", NOW + timedelta(days=waits_days), expires_at)


@pytest.mark.parametrize(
    ("owed", "terms", "recovered"),
    [
        (0, grant(), 0),
        (30, grant(), 30),
        (100, grant(), 100),
        (130, grant(), 100),
        (30, grant(waits_days=1), 0),
        (30, grant(waits_days=-9, expires_days=0), 0),
    ],
)
def test_a_debt_is_paid_from_what_can_be_spent(owed: int, terms: Grant, recovered: int) -> None:
    books = make_books((100, terms), owed=owed)

    assert recover(books, make_context(2), MEMBER, {"rule": "returns"}) == recovered

    assert (books.held(POINTS), books.held(DEBT)) == (100 - recovered, owed - recovered)


def test_a_debt_that_is_paid_goes_where_points_and_debts_come_from() -> None:
    books = make_books((100, grant()), owed=30)

    recover(books, make_context(2), MEMBER, {"rule": "returns"})

    made = [transfer.posting for transfer in books.transfers[-2:]]
    assert [(one.kind, one.debit, one.credit, one.amount) for one in made] == [
        ("debt.recovered", POINTS, ISSUED, 30),
        ("debt.settled", DEBT, OWED, 30),
    ]
    assert all(one.cause == {"rule": "returns"} for one in made)


def test_debts_add_up() -> None:
    books = make_books(owed=30)

    assert books.post(make_context(2), [owe(books, MEMBER, 12, {})]) is None

    assert books.held(DEBT) == 42


def test_who_never_owed_anything_has_no_account_of_it() -> None:
    books = make_books((100, grant()))

    recover(books, make_context(2), MEMBER, {})

    assert DEBT not in books.accounts


def test_only_named_lots_whose_time_ran_out_expire() -> None:
    books = make_books((10, grant(expires_days=0)), (20, grant(expires_days=1)), (40, grant(expires_days=0)))

    assert expire_at_once(books, make_context(2), POINTS, [lot(0), lot(1), lot(0)]) == 10

    assert [books.lots[lot(number)].remaining for number in range(3)] == [0, 20, 40]
    [expired] = [transfer.posting for transfer in books.transfers if transfer.posting.kind == "points.expired"]
    assert (expired.debit, expired.credit, expired.amount) == (POINTS, EXPIRED, 10)


@pytest.mark.parametrize("lots", [[], [0]])
def test_where_nothing_expires_nothing_moves(lots: list[int]) -> None:
    books = make_books((10, grant(expires_days=1)))

    assert expire_at_once(books, make_context(2), POINTS, [lot(number) for number in lots]) == 0

    assert len(books.transfers) == 1
