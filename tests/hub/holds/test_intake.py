from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs
from sqlalchemy import select

from hub.holds.service import HoldCaptured, HoldPlaced, HoldReleased, overdue
from hub.intake import ByKiosk, Verdict
from hub.jobs import free_overdue
from hub.ledger.models import Account
from hub.points.service import EXPIRED, REDEEMED, debt_account, points_account
from protocol.errors import ErrorCode
from protocol.ids import derived_id
from tests.hub.holds.till import Till
from tests.hub.points.acts import NOBODY, block, incur_debt
from tests.hub.world import World


def test_what_is_held_cannot_be_spent_elsewhere(till: Till) -> None:
    outcome = till.place(400)

    assert outcome.result | {"hold": "", "placed_at": "", "deadline": ""} == {
        "hold": "",
        "member": str(till.member),
        "store": "S01",
        "book": "points",
        "amount": 400,
        "captured": 0,
        "state": "open",
        "placed_at": "",
        "deadline": "",
        "ended_at": None,
    }
    assert till.points() == 100
    assert till.place(101).result == {"short": 1}
    till.world.assert_books_are_right()


def test_a_hold_captured_in_part_gives_the_rest_back_into_its_lots(till: Till) -> None:
    hold = till.placed(400)
    held = till.lots_of_points()

    outcome = till.capture(hold, 250)

    assert held == [0, 100]
    assert (outcome.result["state"], outcome.result["captured"]) == ("captured", 250)
    assert till.lots_of_points() == [50, 200]
    assert till.balance(derived_id(hold, "points")) == 0
    [spent] = till.transfers("hold.captured")
    assert (spent.debit, spent.credit, spent.amount) == (points_account(till.member), REDEEMED, 250)
    till.world.assert_books_are_right()


def test_of_equal_lots_the_one_that_was_held_first_is_captured_first(small_till: Till) -> None:
    till = small_till
    # Lots of held value have ids of their own, so one hold could be in the right order by chance.
    for _ in range(8):
        till.world.clock.pass_(days=1)
        till.world.earn(till.member, 10)
        till.world.earn(till.member, 10)
        held = till.points()

        till.capture(till.placed(held), held - 1)

        assert till.lots_of_points()[-2:] == [0, 1]
    till.world.assert_books_are_right()


def test_a_hold_captured_whole_leaves_nothing_behind(till: Till) -> None:
    hold = till.placed(400)

    till.capture(hold, 400)

    assert till.points() == 100
    assert (till.row(hold).state, till.row(hold).captured) == ("captured", 400)
    till.world.assert_books_are_right()


def test_a_released_hold_gives_everything_back_into_its_lots(till: Till) -> None:
    hold = till.placed(400)

    outcome = till.release(hold)

    assert outcome.result["state"] == "released"
    assert till.lots_of_points() == [300, 200]
    till.world.assert_books_are_right()


@pytest.mark.parametrize("end", ["capture", "release"])
def test_the_same_request_gets_the_same_answer(till: Till, end: str) -> None:
    placing = till.hold_item(HoldPlaced(till.member, "points", 400, 10))
    hold = placing.id
    body = HoldCaptured(hold, 100, "R1") if end == "capture" else HoldReleased(hold)
    ending = till.hold_item(body)

    placed = [till.world.book(placing)[0], till.world.book(placing)[0]]
    ended = [till.world.book(ending)[0], till.world.book(ending)[0]]

    assert placed[0].result == placed[1].result
    assert ended[0].result == ended[1].result
    assert till.world.book(placing)[0].result == placed[0].result
    assert till.points() == (400 if end == "capture" else 500)


@pytest.mark.parametrize("first", ["capture", "release"])
@pytest.mark.parametrize("second", ["capture", "release"])
def test_a_hold_ends_once(till: Till, first: str, second: str) -> None:
    hold = till.placed(400)
    ends = {"capture": lambda: till.capture(hold, 100), "release": lambda: till.release(hold)}

    outcomes = [ends[first](), ends[second]()]

    assert [outcome.code for outcome in outcomes] == [None, ErrorCode.HOLD_ENDED]
    till.world.assert_books_are_right()


def test_a_hold_can_be_placed_and_captured_in_one_batch(till: Till) -> None:
    placing = till.hold_item(HoldPlaced(till.member, "points", 400, 10))
    capturing = till.hold_item(HoldCaptured(placing.id, 250, "R1"))
    again = till.hold_item(HoldCaptured(placing.id, 250, "R2"))

    outcomes = till.world.book(placing, capturing, again)

    assert [outcome.code for outcome in outcomes] == [None, None, ErrorCode.HOLD_ENDED]
    assert till.points() == 250
    assert till.row(placing.id).state == "captured"
    till.world.assert_books_are_right()


@pytest.mark.parametrize(
    ("change", "code", "data"),
    [
        ({"member": NOBODY}, ErrorCode.MEMBER_UNKNOWN, {}),
        ({"amount": 501}, ErrorCode.POINTS_SHORT, {"short": 1}),
        ({"book": "money"}, ErrorCode.STORED_VALUE_SHORT, {"short": 100}),
        ({"minutes": 31}, ErrorCode.HOLD_TOO_LONG, {"minutes": 30}),
    ],
)
def test_a_wrong_hold_is_refused(till: Till, change: dict[str, Any], code: ErrorCode, data: dict[str, int]) -> None:
    body = structs.replace(HoldPlaced(till.member, "points", 100, 10), **change)

    outcome = till.do(body)

    assert (outcome.code, outcome.result) == (code, data)
    with till.world.hub.database.read() as session:
        assert session.execute(select(Account).where(Account.book == "held")).all() == []


def test_nothing_is_held_in_an_unknown_store_or_of_a_blocked_member(small_till: Till) -> None:
    nowhere = small_till.place(100, store="S99")
    block(small_till.world, small_till.member)
    blocked = small_till.place(100)

    assert [nowhere.code, blocked.code] == [ErrorCode.STORE_UNKNOWN, ErrorCode.MEMBER_BLOCKED]


def test_the_longest_time_is_a_term(small_till: Till) -> None:
    small_till.term("holds", minutes_max=60)

    assert [small_till.place(1, minutes=minutes).code for minutes in (60, 61)] == [None, ErrorCode.HOLD_TOO_LONG]


def test_what_was_held_before_can_be_captured_though_the_member_was_blocked(small_till: Till) -> None:
    hold = small_till.placed(100)
    block(small_till.world, small_till.member)

    assert small_till.capture(hold, 100).is_applied


def test_no_more_is_captured_than_is_held(till: Till) -> None:
    hold = till.placed(100)

    outcome = till.capture(hold, 101)

    assert (outcome.code, outcome.result) == (ErrorCode.HOLD_EXCEEDED, {"held": 100})
    assert till.capture(hold, 100).is_applied


def test_an_unknown_hold_is_neither_captured_nor_released(till: Till) -> None:
    outcomes = [till.capture(NOBODY, 1), till.release(NOBODY)]

    assert {outcome.code for outcome in outcomes} == {ErrorCode.HOLD_UNKNOWN}


def test_a_hold_ends_in_its_own_store(till: Till) -> None:
    hold = till.placed(100)

    outcomes = [till.capture(hold, 1, store="S02"), till.release(hold, store="S02")]

    assert {outcome.code for outcome in outcomes} == {ErrorCode.STORE_OUT_OF_SCOPE}
    assert till.row(hold).state == "open"


def test_a_kiosk_never_has_a_hold(till: Till) -> None:
    kiosk = till.world.add_kiosk()
    item = till.hold_item(HoldPlaced(till.member, "points", 100, 10), source=ByKiosk(kiosk.id))

    outcome = till.world.book(item)[0]

    assert (outcome.verdict, outcome.code) == (Verdict.PARKED, ErrorCode.KIND_UNKNOWN)
    assert till.points() == 500


@pytest.mark.parametrize(("minutes", "seconds", "code"), [(9, 59, None), (10, 0, ErrorCode.HOLD_EXPIRED)])
def test_a_hold_can_be_captured_until_its_deadline(
    till: Till, minutes: int, seconds: int, code: ErrorCode | None
) -> None:
    hold = till.placed(400)
    till.world.clock.pass_(minutes=minutes, seconds=seconds)

    assert till.capture(hold, 100).code is code


def test_a_hold_that_is_overdue_can_still_be_released(till: Till) -> None:
    hold = till.placed(400)
    till.world.clock.pass_(minutes=11)

    assert till.release(hold).is_applied
    assert till.points() == 500


def test_time_frees_a_hold_once(till: Till) -> None:
    overdue_hold, other = till.placed(300, minutes=5), till.placed(100, minutes=10)
    till.world.clock.pass_(minutes=5)

    free_overdue(till.world.hub, till.world.clock.now)
    free_overdue(till.world.hub, till.world.clock.now)

    assert [till.row(hold).state for hold in (overdue_hold, other)] == ["expired", "open"]
    assert till.row(overdue_hold).ended_at == till.world.clock.now
    assert till.points() == 400
    assert len(till.transfers("hold.expired")) == 1
    assert [till.capture(overdue_hold, 1).code, till.release(overdue_hold).code] == [ErrorCode.HOLD_EXPIRED] * 2
    till.world.assert_books_are_right()


def test_what_frees_a_hold_is_named_after_it_so_a_repeated_job_does_no_harm(till: Till) -> None:
    hold = till.placed(300)
    till.world.clock.pass_(minutes=10)
    with till.world.hub.database.read() as session:
        first = overdue(session, till.world.clock.now, 10)
        second = overdue(session, till.world.clock.now + timedelta(minutes=1), 10)

    outcomes = [*till.world.book(*first), *till.world.book(*second)]

    assert [item.id for item in (*first, *second)] == [derived_id(hold, "hold.expired")] * 2
    assert outcomes[0].result == outcomes[1].result
    assert till.points() == 500
    till.world.assert_books_are_right()


def test_a_till_that_is_faster_than_time_wins(till: Till) -> None:
    hold = till.placed(300)
    till.world.clock.pass_(minutes=10)
    with till.world.hub.database.read() as session:
        [item] = overdue(session, till.world.clock.now, 10)
    till.release(hold)

    late = till.world.book(item)[0]

    assert late.code is ErrorCode.HOLD_ENDED
    assert till.row(hold).state == "released"
    till.world.assert_books_are_right()


def test_so_many_overdue_holds_as_asked_for_the_longest_overdue_first(small_till: Till) -> None:
    holds = [small_till.placed(1, minutes=minutes) for minutes in (3, 1, 2)]
    small_till.world.clock.pass_(minutes=5)

    with small_till.world.hub.database.read() as session:
        items = overdue(session, small_till.world.clock.now, 2)

    assert [item.id for item in items] == [derived_id(holds[place], "hold.expired") for place in (1, 2)]


@pytest.mark.parametrize("end", ["release", "free"])
def test_points_that_expired_while_they_were_held_expire_when_they_come_back(till: Till, end: str) -> None:
    till.world.clock.pass_(days=355, minutes=-5)
    hold = till.placed(350)
    till.world.clock.pass_(minutes=10)

    if end == "release":
        till.release(hold)
    else:
        free_overdue(till.world.hub, till.world.clock.now)

    assert till.lots_of_points() == [0, 200]
    [expired] = till.transfers("points.expired")
    assert (expired.credit, expired.amount) == (EXPIRED, 300)
    till.world.assert_books_are_right()


def test_points_that_expired_while_they_were_held_can_still_be_captured(till: Till) -> None:
    till.world.clock.pass_(days=355, minutes=-5)
    hold = till.placed(350)
    till.world.clock.pass_(minutes=6)

    outcome = till.capture(hold, 320)

    assert outcome.is_applied
    assert till.lots_of_points() == [0, 180]
    assert till.transfers("points.expired") == []
    till.world.assert_books_are_right()


def test_what_comes_back_pays_what_is_owed(till: Till) -> None:
    hold = till.placed(500)
    incur_debt(till.world, till.member, 120)

    till.capture(hold, 100)

    assert till.points() == 280
    assert till.balance(debt_account(till.member)) == 0
    till.world.assert_books_are_right()


def test_a_hold_tells_in_the_books_what_it_was_for(till: Till) -> None:
    hold = till.placed(400)
    till.capture(hold, 250, "R77")

    about = {"hold": str(hold), "store": "S01"}
    assert [made.cause for made in till.transfers("hold.placed")] == [about]
    assert [made.cause for made in till.transfers("hold.released")] == [about]
    assert [made.cause for made in till.transfers("hold.captured")] == [about | {"receipt": "R77"}]


def test_holds_of_several_members_are_booked_together(world: World) -> None:
    tills = [Till(world) for _ in range(3)]
    for till in tills:
        world.earn(till.member, 100)
    items = [till.hold_item(HoldPlaced(till.member, "points", 60, 10)) for till in tills]

    placed = world.book(*items)
    ended = world.book(*(till.hold_item(HoldReleased(item.id)) for till, item in zip(tills, items, strict=True)))

    assert {outcome.code for outcome in (*placed, *ended)} == {None}
    assert [till.points() for till in tills] == [100, 100, 100]
    world.assert_books_are_right()
