"""Two who end the same hold at the same moment: one of them does, and the other is told."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from hub.holds.service import Book, HoldCaptured, HoldReleased, overdue
from hub.intake import Item, Outcome
from protocol.errors import ErrorCode
from tests.hub.holds.till import Till

ENDED = {ErrorCode.HOLD_ENDED, ErrorCode.HOLD_EXPIRED}


def at_once(till: Till, *items: Item) -> list[Outcome]:
    """Book each item on a thread of its own, all let go together."""
    barrier = Barrier(len(items))

    def book(item: Item) -> Callable[[], Outcome]:
        def run() -> Outcome:
            barrier.wait(30)
            return till.world.hub.booking.book([item], till.world.clock.now).outcomes[0]

        return run

    with ThreadPoolExecutor(len(items)) as threads:
        return [future.result() for future in [threads.submit(book(item)) for item in items]]


@pytest.mark.parametrize("book", ["points", "money"])
def test_of_two_captures_at_once_one_counts(till: Till, book: Book) -> None:
    till.top_up(50_000)
    for number in range(5):
        before = till.points() + till.holds()[0]
        hold = till.placed(50, book)

        outcomes = at_once(
            till,
            till.hold_item(HoldCaptured(hold, 10, f"A{number}")),
            till.hold_item(HoldCaptured(hold, 20, f"B{number}")),
        )

        assert sorted(outcome.is_applied for outcome in outcomes) == [False, True]
        assert {outcome.code for outcome in outcomes} == {None, ErrorCode.HOLD_ENDED}
        assert before - till.points() - till.holds()[0] == till.row(hold).captured
    till.world.assert_books_are_right()


def test_time_and_a_till_end_a_hold_once(till: Till) -> None:
    for _ in range(5):
        hold = till.placed(50)
        till.world.clock.pass_(minutes=10)
        with till.world.hub.database.read() as session:
            [by_time] = overdue(session, till.world.clock.now, 10)

        outcomes = at_once(till, by_time, till.hold_item(HoldReleased(hold)))

        assert sorted(outcome.is_applied for outcome in outcomes) == [False, True]
        assert {outcome.code for outcome in outcomes} - {None} < ENDED
        assert till.points() == 500
    till.world.assert_books_are_right()
