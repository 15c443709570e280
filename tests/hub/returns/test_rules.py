from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.returns.rules import Due, Figures, LineState, ReturnPolicy, SaleState, Settlement, put_back, settle


def make_line(**overrides: int) -> LineState:
    fields = {"quantity": 3, "amount": 10_000, "points": 100, "qualifying": 50, "points_paid": 10, "value_paid": 1_000}
    return LineState(**{**fields, "quantity_back": 0, "amount_back": 0, **overrides})


def make_sale(*lines: LineState, **figures: int) -> SaleState:
    return SaleState(UUID(int=1 << 64), UUID(int=2 << 64), dict(enumerate(lines, 1)), **figures)


@pytest.mark.parametrize(
    ("line", "quantity", "amount", "due"),
    [
        (make_line(), 3, 10_000, Due(100, 50, 10, 1_000)),
        (make_line(), 1, 3_333, Due(33, 16, 3, 333)),
        (make_line(quantity_back=1, amount_back=3_333), 2, 6_667, Due(67, 34, 7, 667)),
        (make_line(quantity_back=3, amount_back=9_999), 0, 1, Due(1, 1, 1, 1)),
        (make_line(), 3, 0, Due(0, 0, 0, 0)),
        (make_line(amount=0), 1, 0, Due(33, 16, 3, 333)),
        (make_line(amount=0, quantity_back=2), 1, 0, Due(34, 17, 4, 334)),
    ],
)
def test_what_is_due_goes_by_money_and_without_money_by_pieces(
    line: LineState, quantity: int, amount: int, due: Due
) -> None:
    assert line.due(quantity, amount) == due


@given(
    quantity=st.integers(1, 50),
    amount=st.integers(0, 10**9),
    figure=st.integers(0, 10**9),
    cuts=st.lists(st.integers(0, 10**9), max_size=9),
)
def test_parts_of_a_line_are_due_what_the_whole_is_due(
    quantity: int, amount: int, figure: int, cuts: list[int]
) -> None:
    whole = amount or quantity
    ends = [*sorted(cut % (whole + 1) for cut in cuts), whole]
    line = make_line(quantity=quantity, amount=amount, points=figure, qualifying=figure)
    total = 0

    for before, end in zip([0, *ends], ends, strict=False):
        part = (0, end - before) if amount else (end - before, 0)
        due = line.due(*part)
        assert due.points >= 0
        total += due.points
        line.quantity_back += part[0]
        line.amount_back += part[1]

    assert total == figure == line.points_due


@pytest.mark.parametrize(
    ("due", "expired", "asked", "to_ask"),
    [(100, 0, 0, 100), (100, 60, 0, 40), (50, 60, 0, 0), (100, 10, 50, 40), (100, 60, 50, 0)],
)
def test_what_expired_or_was_asked_before_is_not_asked_again(due: int, expired: int, asked: int, to_ask: int) -> None:
    assert make_sale(make_line(), asked=asked).to_ask(due, expired) == to_ask


@pytest.mark.parametrize(
    ("policy", "there", "forgiven", "settlement"),
    [
        (ReturnPolicy("deny"), 100, 0, Settlement(100, 0, owed=0, short=0)),
        (ReturnPolicy("deny"), 99, 0, Settlement(99, 0, owed=0, short=1)),
        (ReturnPolicy("deny", 1), 99, 0, Settlement(99, 1, owed=0, short=0)),
        (ReturnPolicy("deny", 1), 99, 1, Settlement(99, 0, owed=0, short=1)),
        (ReturnPolicy("debt"), 30, 0, Settlement(30, 0, owed=70, short=0)),
        (ReturnPolicy("debt", 20), 30, 5, Settlement(30, 15, owed=55, short=0)),
        (ReturnPolicy("debt", 20), 30, 25, Settlement(30, 0, owed=70, short=0)),
        (ReturnPolicy("debt", 200), 0, 0, Settlement(0, 100, owed=0, short=0)),
    ],
)
def test_a_hundred_points_are_settled_by_the_policy(
    policy: ReturnPolicy, there: int, forgiven: int, settlement: Settlement
) -> None:
    assert settle(policy, 100, there, forgiven) == settlement


@given(asked=st.integers(0, 999), there=st.integers(0, 999), forgive=st.integers(0, 999), forgiven=st.integers(0, 999))
def test_every_point_that_is_asked_goes_somewhere(asked: int, there: int, forgive: int, forgiven: int) -> None:
    for policy in (ReturnPolicy("deny", forgive), ReturnPolicy("debt", forgive)):
        found = settle(policy, asked, there, forgiven)

        assert found.back + found.forgiven + found.owed + found.short == asked
        assert min(found.back, found.forgiven, found.owed, found.short) >= 0


def test_what_was_taken_last_is_put_back_first() -> None:
    first, second, third = UUID(int=1), UUID(int=2), UUID(int=3)

    assert put_back({first: 5, second: 0, third: 4}, 6) == {third: 4, first: 2}


def test_a_line_that_is_not_there_has_nothing_left() -> None:
    sale = make_sale(make_line(quantity_back=1, amount_back=4_000))

    assert (sale.left(1), sale.left(2)) == ((2, 6_000), (0, 0))
    assert not sale.can_return(2, 0, 0)


def test_what_has_come_back_is_counted() -> None:
    sale = make_sale(make_line(), make_line())

    sale.count([(2, 1, 5_000)], Figures(20, 10, 5, 0, 0, 0))

    assert (sale.left(2), sale.asked, sale.forgiven) == ((2, 5_000), 35, 5)
