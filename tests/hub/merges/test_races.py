"""A merge and whatever else meets on the same member at the same moment: nothing is left with who is merged away."""

from collections.abc import Sequence
from functools import partial

import pytest

from hub.holds.service import HoldPlaced
from hub.intake import Item, Outcome
from hub.merges.service import MembersMerged
from hub.packages.intake import PackageSold
from hub.wallet.intake import TopUpRecorded
from protocol.errors import ErrorCode
from tests.hub.merges.couple import Couple
from tests.model.races import all_at_once

ROUNDS = 6


def at_once(couple: Couple, items: Sequence[Item]) -> list[Outcome]:
    """Book each item on a thread of its own."""
    booking, now = couple.world.hub.booking, couple.world.clock.now
    return [booked.outcomes[0] for booked in all_at_once([partial(booking.book, [item], now) for item in items])]


def test_what_is_booked_while_a_merge_runs_ends_with_the_kept_member(couple: Couple) -> None:
    world = couple.world
    couple.kept.term("package.care", price=10_000, items={"wash": 8}, valid_days=90)
    for number in range(ROUNDS):
        round_ = Couple(world)
        member = round_.merged.member
        items = [
            round_.posted(MembersMerged(round_.kept.member, member, "the same person")),
            world.posted(world.purchase(member, 10_000)),
            world.posted(TopUpRecorded(f"T{number}", member, "CNY", 500)),
            world.posted(PackageSold(f"P{number}", "care", member, "CNY"), kind="package.sold"),
        ]

        outcomes = at_once(round_, items)

        assert all(outcome.is_applied for outcome in outcomes), outcomes
        assert round_.holdings(member) == {}
        held = round_.holdings(round_.kept.member)
        assert (held["points", "points"], held["principal", "CNY"], held["counts", "count.wash"]) == (100, 500, 8)
    world.assert_books_are_right()


def test_a_hold_and_a_merge_at_once_leave_nothing_held_with_the_merged_member(couple: Couple) -> None:
    world = couple.world
    for _ in range(ROUNDS):
        round_ = Couple(world)
        world.earn(round_.merged.member, 100)
        merge = round_.posted(MembersMerged(round_.kept.member, round_.merged.member, "the same person"))
        hold = world.posted(HoldPlaced(round_.merged.member, "points", 40, 10), kind="hold.placed")

        merged, held = at_once(round_, [merge, hold])

        assert held.is_applied
        # Either the hold came first and is in the way, or it came second and is the kept member's.
        owner = round_.kept.member if merged.is_applied else round_.merged.member
        assert merged.code in {None, ErrorCode.MERGE_HELD}
        assert round_.holdings(owner)["held", "points"] == 40
    world.assert_books_are_right()


@pytest.mark.parametrize("rounds", [ROUNDS])
def test_two_that_are_merged_into_each_other_at_once_end_as_one(couple: Couple, rounds: int) -> None:
    for _ in range(rounds):
        round_ = Couple(couple.world)
        one, other = round_.kept.member, round_.merged.member
        round_.world.earn(one, 10)
        round_.world.earn(other, 20)
        items = [round_.posted(MembersMerged(*pair, "the same person")) for pair in ((one, other), (other, one))]

        outcomes = at_once(round_, items)

        assert sorted(outcome.is_applied for outcome in outcomes) == [False, True]
        kept = one if outcomes[0].is_applied else other
        assert round_.holdings(kept)["points", "points"] == 30
