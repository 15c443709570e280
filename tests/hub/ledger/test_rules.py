from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ledger.rules import Books, Grant, Short
from tests.hub.ledger.builders import (
    CHEN,
    ISSUED,
    LEASE,
    LIN,
    NOW,
    REDEEMED,
    make_account,
    make_books,
    make_context,
    make_posting,
)


def test_granting_makes_a_lot_and_raises_the_balance() -> None:
    books = make_books(make_account(LIN))
    grant = Grant("test", NOW, NOW + timedelta(days=365))

    short = books.post(make_context(), [make_posting(ISSUED, LIN, 12, grant=grant)])

    assert short is None
    assert books.accounts[LIN].balance == 12
    assert [lot.remaining for lot in books.accounts[LIN].lots or ()] == [12]
    assert len(books.transfers) == 1


def test_spending_takes_what_expires_first() -> None:
    books = make_books(make_account(LIN, (10, 300), (10, 30), (10, 100)))

    books.post(make_context(), [make_posting(LIN, REDEEMED, 15)])

    assert [lot.remaining for lot in books.accounts[LIN].lots or ()] == [10, 0, 5]
    assert [amount for _transfer, _lot, amount in books.uses] == [10, 5]


def test_what_has_expired_cannot_be_spent() -> None:
    books = make_books(make_account(LIN, (10, -1), (10, 30)))

    short = books.post(make_context(), [make_posting(LIN, REDEEMED, 11)])

    assert short == Short(LIN, 1)
    assert books.accounts[LIN].balance == 20
    assert books.transfers == []


def test_what_is_not_active_yet_cannot_be_spent() -> None:
    account = make_account(LIN, (10, 30))
    assert account.lots is not None
    account.lots[0].terms = Grant("test", NOW + timedelta(days=1), None)

    assert make_books(account).spendable(LIN, NOW) == 0


def test_linked_transfers_happen_together_or_not_at_all() -> None:
    books = make_books(make_account(LIN, (10, 30)), make_account(CHEN, (5, 30)))
    postings = [make_posting(LIN, REDEEMED, 10, kind="one"), make_posting(CHEN, REDEEMED, 6, kind="two")]

    short = books.post(make_context(), postings)

    assert short == Short(CHEN, 1)
    assert (books.accounts[LIN].balance, books.accounts[CHEN].balance) == (10, 5)


def test_two_debits_of_one_account_are_judged_together() -> None:
    books = make_books(make_account(LIN, (10, 30)))
    postings = [make_posting(LIN, REDEEMED, 6, kind="one"), make_posting(LIN, REDEEMED, 6, kind="two")]

    assert books.post(make_context(), postings) == Short(LIN, 2)


def test_value_moves_with_its_lots_and_returns_into_them() -> None:
    books = make_books(make_account(LIN, (10, 30), (10, 100)), make_account(LEASE))

    books.post(make_context(1), [make_posting(LIN, LEASE, 15)])
    moved = [(lot.remaining, lot.terms.expires_at) for lot in books.accounts[LEASE].lots or ()]
    books.post(make_context(2), [make_posting(LEASE, LIN, 15, is_set_aside=True, gives_back=True)])

    assert moved == [(10, NOW + timedelta(days=30)), (5, NOW + timedelta(days=100))]
    assert [lot.remaining for lot in books.accounts[LIN].lots or ()] == [10, 10]
    assert books.accounts[LEASE].balance == 0


def test_value_that_was_set_aside_is_spent_even_after_it_expired() -> None:
    books = make_books(make_account(LEASE, (10, -1)))

    assert books.post(make_context(), [make_posting(LEASE, REDEEMED, 10, is_set_aside=True)]) is None


def test_first_expiry_is_that_of_the_value_spent_first() -> None:
    books = make_books(make_account(LIN, (10, 300), (10, 30), (10, -1)))

    assert books.first_expiry(LIN, NOW) == NOW + timedelta(days=30)


def test_a_counter_runs_out_and_can_be_refilled() -> None:
    books = Books(counters={LIN: 1})

    taken = [books.take(LIN, 1), books.take(LIN, 1)]
    books.give(LIN, 1)

    assert taken == [True, False]
    assert books.counters[LIN] == 1


def test_a_counter_that_does_not_exist_never_runs_out() -> None:
    assert Books().take(LIN, 10**9)


def test_a_change_counts_once_however_many_transfers_it_takes() -> None:
    books = make_books(make_account(LIN, (10, 30)))

    books.post(make_context(1), [make_posting(LIN, REDEEMED, 1)])
    books.post(make_context(2), [make_posting(LIN, REDEEMED, 1)])

    assert books.accounts[LIN].version == 2


def test_spending_lots_that_were_not_loaded_is_a_mistake_of_the_program() -> None:
    account = make_account(LIN)
    account.lots = None

    with pytest.raises(AssertionError, match="not asked for"):
        make_books(account).spendable(LIN, NOW)


@given(
    lots=st.lists(st.tuples(st.integers(1, 50), st.integers(-5, 50)), max_size=6),
    amounts=st.lists(st.integers(1, 60), max_size=6),
)
def test_balance_is_always_the_sum_of_the_lots_and_never_negative(
    lots: list[tuple[int, int]], amounts: list[int]
) -> None:
    books = make_books(make_account(LIN, *lots))
    before = books.spendable(LIN, NOW)

    spent = 0
    for number, amount in enumerate(amounts):
        if books.post(make_context(number), [make_posting(LIN, REDEEMED, amount)]) is None:
            spent += amount

    account = books.accounts[LIN]
    assert account.balance == sum(lot.remaining for lot in account.lots or ()) >= 0
    assert books.spendable(LIN, NOW) == before - spent >= 0
    assert sum(amount for _transfer, _lot, amount in books.uses) == spent
