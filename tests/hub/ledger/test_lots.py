from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ledger.rules import Books, Context, Grant, Short
from tests.hub.ledger.builders import (
    CHEN,
    LEASE,
    LIN,
    NOW,
    REDEEMED,
    lot_of,
    make_account,
    make_books,
    make_context,
    make_posting,
    remaining,
)


def test_of_lots_that_expire_together_the_lowest_id_goes_first() -> None:
    account = make_account(LIN, (10, 30), (10, 30))
    assert account.lots is not None
    account.lots.reverse()
    books = make_books(account)

    books.post(make_context(), [make_posting(LIN, REDEEMED, 4)])

    assert books.lots[lot_of(LIN, 0)].remaining == 6
    assert books.lots[lot_of(LIN, 1)].remaining == 10


def test_value_without_an_expiry_is_spent_last() -> None:
    books = make_books(make_account(LIN, (10, 300), (10, 30)))
    books.lots[lot_of(LIN, 1)].terms = Grant("test", NOW, None)

    books.post(make_context(), [make_posting(LIN, REDEEMED, 11)])

    assert remaining(books, LIN) == [0, 9]


def test_pending_value_can_be_spent_from_the_moment_it_becomes_active() -> None:
    books = make_books(make_account(LIN, (10, 30)))
    books.lots[lot_of(LIN, 0)].terms = Grant("test", NOW + timedelta(days=7), NOW + timedelta(days=30))

    before = books.spendable(LIN, NOW + timedelta(days=7, microseconds=-1))
    after = books.spendable(LIN, NOW + timedelta(days=7))

    assert (before, after, books.held(LIN)) == (0, 10, 10)


def test_value_is_expired_from_its_very_moment_on() -> None:
    books = make_books(make_account(LIN, (10, 30)))
    expiry = NOW + timedelta(days=30)

    assert books.spendable(LIN, expiry - timedelta(microseconds=1)) == 10
    assert books.spendable(LIN, expiry) == 0
    assert books.lots[lot_of(LIN, 0)].is_expired(expiry)
    assert not books.lots[lot_of(LIN, 0)].is_expired(expiry - timedelta(microseconds=1))


def test_a_reversal_puts_back_what_was_taken_last_first() -> None:
    books = make_books(make_account(LIN, (10, 30), (10, 100)))
    spent = make_posting(LIN, REDEEMED, 15)
    books.post(make_context(1), [spent])

    reversal = make_posting(REDEEMED, LIN, 7, reverses=spent.id_in(make_context(1).fact), restores=True)
    short = books.post(make_context(2), [reversal])

    assert short is None
    assert remaining(books, LIN) == [2, 10]
    assert books.accounts[LIN].balance == 12
    assert books.uses[2:] == [
        (reversal.id_in(make_context(2).fact), lot_of(LIN, 1), -5),
        (reversal.id_in(make_context(2).fact), lot_of(LIN, 0), -2),
    ]


def test_what_was_put_back_before_cannot_be_put_back_again() -> None:
    books = make_books(make_account(LIN, (10, 30), (10, 100)))
    spent = make_posting(LIN, REDEEMED, 15)
    books.post(make_context(1), [spent])
    original = spent.id_in(make_context(1).fact)
    books.post(make_context(2), [make_posting(REDEEMED, LIN, 10, reverses=original, restores=True)])

    with pytest.raises(AssertionError, match="no more is put back"):
        books.post(make_context(3), [make_posting(REDEEMED, LIN, 6, reverses=original, restores=True)])


def test_value_put_back_into_a_lot_that_has_expired_since_stays_expired() -> None:
    books = make_books(make_account(LIN, (10, 30)))
    spent = make_posting(LIN, REDEEMED, 10)
    books.post(make_context(1), [spent])
    later = Context(UUID(int=2 << 32), "test", NOW + timedelta(days=31))

    books.post(later, [make_posting(REDEEMED, LIN, 10, reverses=spent.id_in(make_context(1).fact), restores=True)])

    assert books.held(LIN) == 10
    assert books.spendable(LIN, later.effective_at) == 0


def test_named_lots_are_the_only_ones_touched_whatever_their_dates() -> None:
    books = make_books(make_account(LIN, (10, -1), (10, 30), (10, 100)))

    short = books.post(make_context(), [make_posting(LIN, REDEEMED, 12, lots=(lot_of(LIN, 2), lot_of(LIN, 0)))])

    assert short is None
    assert remaining(books, LIN) == [8, 10, 0]


def test_named_lots_that_hold_too_little_are_short_though_the_account_holds_enough() -> None:
    books = make_books(make_account(LIN, (10, 30), (10, 100)))

    short = books.post(make_context(), [make_posting(LIN, REDEEMED, 11, lots=(lot_of(LIN, 0),))])

    assert short == Short(LIN, 1)
    assert remaining(books, LIN) == [10, 10]


def test_parts_tell_transfers_of_one_kind_within_a_fact_apart() -> None:
    fact = make_context().fact
    whole = make_posting(LIN, REDEEMED, 1)
    first, second = (make_posting(LIN, REDEEMED, 1, part=part) for part in ("1", "2"))

    assert len({posting.id_in(fact) for posting in (whole, first, second)}) == 3
    assert first.id_in(fact) == make_posting(CHEN, REDEEMED, 9, part="1").id_in(fact)
    assert first.id_in(fact) != first.id_in(make_context(2).fact)


def test_a_tally_has_room_until_its_limit_and_counts_within_one_booking() -> None:
    books = Books(tallies={LIN: 90})

    rooms = [books.room(LIN, 100)]
    books.count(LIN, 7)
    rooms.append(books.room(LIN, 100))
    books.count(LIN, 30)
    rooms.append(books.room(LIN, 100))

    assert rooms == [10, 3, 0]
    assert books.counted == {LIN: 127}


def test_a_tally_that_nobody_has_counted_on_stands_at_nothing_and_never_under_it() -> None:
    books = Books()

    books.count(LIN, -5)

    assert books.room(LIN, 100) == 100
    assert books.counted == {LIN: 0}


def test_what_is_given_back_goes_into_the_lots_that_were_not_spent_meanwhile() -> None:
    books = make_books(make_account(LIN, (10, 30), (10, 100)), make_account(LEASE))
    books.post(make_context(1), [make_posting(LIN, LEASE, 15)])

    books.post(make_context(2), [make_posting(LEASE, REDEEMED, 12, is_set_aside=True)])
    books.post(make_context(3), [make_posting(LEASE, LIN, 3, is_set_aside=True, gives_back=True)])

    assert remaining(books, LIN) == [0, 8]
    assert remaining(books, LEASE) == [0, 0]


def test_value_that_is_passed_on_returns_to_where_it_came_from_first() -> None:
    books = make_books(make_account(LIN, (10, 30), (10, 100)), make_account(LEASE), make_account(CHEN))
    books.post(make_context(1), [make_posting(LIN, LEASE, 15)])

    books.post(make_context(2), [make_posting(LEASE, CHEN, 12, is_set_aside=True, passes_on=True)])
    passed = [(lot.origin, lot.remaining, lot.terms) for lot in books.lots_of(CHEN)]
    books.post(make_context(3), [make_posting(CHEN, LIN, 12, is_set_aside=True, gives_back=True)])

    origins = [books.lots[lot_of(LIN, number)] for number in (0, 1)]
    assert passed == [(origins[0].id, 10, origins[0].terms), (origins[1].id, 2, origins[1].terms)]
    assert (remaining(books, LIN), remaining(books, LEASE)) == ([10, 7], [0, 3])


def test_value_that_came_from_nowhere_still_does_when_it_is_passed_on() -> None:
    books = make_books(make_account(LEASE, (10, 30)), make_account(CHEN))

    books.post(make_context(), [make_posting(LEASE, CHEN, 4, passes_on=True)])

    assert [(lot.origin, lot.remaining) for lot in books.lots_of(CHEN)] == [(None, 4)]


def test_value_that_moves_on_keeps_its_terms_and_names_the_lot_it_came_from() -> None:
    books = make_books(make_account(LIN, (10, 30)), make_account(CHEN))

    books.post(make_context(), [make_posting(LIN, CHEN, 4)])

    [moved] = books.lots_of(CHEN)
    assert (moved.granted, moved.remaining, moved.origin) == (4, 4, lot_of(LIN, 0))
    assert moved.terms == books.lots[lot_of(LIN, 0)].terms
    assert moved.granted_at == books.lots[lot_of(LIN, 0)].granted_at


def test_a_lot_never_holds_more_than_was_granted() -> None:
    books = make_books(make_account(LIN, (10, 30)))
    books.taken[UUID(int=99)] = {lot_of(LIN, 0): 5}

    with pytest.raises(AssertionError, match="no more than was granted"):
        books.post(make_context(), [make_posting(REDEEMED, LIN, 5, reverses=UUID(int=99), restores=True)])


amounts_spent = st.lists(st.integers(1, 40), min_size=1, max_size=5)


lots_held = st.lists(st.tuples(st.integers(1, 50), st.integers(-5, 50)), min_size=1, max_size=6)


@given(lots=lots_held, amount=st.integers(1, 120))
def test_a_lot_is_touched_only_when_all_that_expire_earlier_are_empty(lots: list[tuple[int, int]], amount: int) -> None:
    books = make_books(make_account(LIN, *lots))

    short = books.post(make_context(), [make_posting(LIN, REDEEMED, amount)])

    usable = sorted((lot for lot in books.lots.values() if lot.terms.expires_at > NOW), key=lambda lot: lot.order)  # type: ignore[operator]
    touched = [lot.remaining < lot.granted for lot in usable]
    emptied = [lot.remaining == 0 for lot in usable]
    if short is not None:
        assert touched == [False] * len(usable)
    else:
        last = max(place for place, was_touched in enumerate(touched) if was_touched)
        assert all(emptied[:last])
        assert touched == [True] * (last + 1) + [False] * (len(usable) - last - 1)


@given(lots=lots_held, amounts=amounts_spent, reversals=st.lists(st.tuples(st.integers(0, 4), st.integers(1, 40))))
def test_taking_and_putting_back_in_any_order_leaves_every_lot_at_its_grant_less_its_uses(
    lots: list[tuple[int, int]], amounts: list[int], reversals: list[tuple[int, int]]
) -> None:
    books = make_books(make_account(LIN, *lots))
    begun = books.held(LIN)
    spent = [make_posting(LIN, REDEEMED, amount, part=str(number)) for number, amount in enumerate(amounts)]
    still_taken = {
        posting.id_in(make_context().fact): posting.amount
        for posting in spent
        if books.post(make_context(), [posting]) is None
    }

    for number, (which, wanted) in enumerate(reversals):
        original = list(still_taken)[which] if which < len(still_taken) else None
        amount = min(wanted, still_taken[original]) if original else 0
        if amount:
            back = make_posting(REDEEMED, LIN, amount, reverses=original, restores=True, part=str(number))
            assert books.post(make_context(2), [back]) is None
            still_taken[original] -= amount  # type: ignore[index]

    used = dict.fromkeys(books.lots, 0)
    for _transfer, lot, amount in books.uses:
        used[lot] += amount
    assert books.held(LIN) == begun - sum(still_taken.values())
    assert books.held(LIN) == sum(remaining(books, LIN))
    assert all(lot.remaining == lot.granted - used[lot.id] for lot in books.lots.values())
    assert {original: sum(books.taken[original].values()) for original in still_taken} == still_taken


@given(lots=lots_held, lent=st.integers(1, 100), spent=st.integers(0, 100), given_back=st.lists(st.integers(1, 50)))
def test_what_is_lent_is_spent_or_returns_and_nothing_else(
    lots: list[tuple[int, int]], lent: int, spent: int, given_back: list[int]
) -> None:
    books = make_books(make_account(LIN, *lots), make_account(LEASE))
    begun = books.held(LIN)
    if books.post(make_context(1), [make_posting(LIN, LEASE, lent)]) is not None:
        return

    gone = min(spent, lent)
    if gone:
        books.post(make_context(2), [make_posting(LEASE, REDEEMED, gone, is_set_aside=True)])
    for number, amount in enumerate(given_back):
        back = make_posting(LEASE, LIN, amount, is_set_aside=True, gives_back=True, part=str(number))
        fits = amount <= books.held(LEASE)
        assert (books.post(make_context(3), [back]) is None) == fits

    assert books.held(LIN) + books.held(LEASE) == begun - gone
    assert books.held(LIN) == sum(remaining(books, LIN))
    assert books.held(LEASE) == sum(remaining(books, LEASE))
