"""The register of what the hub has not booked yet."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from kiosk.store.events import EventChain, Refused, Stamp
from kiosk.store.provisional import REDEEMED, Act, Register, laid_over
from protocol import codec
from protocol.envelope import Event
from protocol.events import NoticeSeen
from protocol.limits import NOTICES_MAX
from protocol.state import MemberSnapshot, Notice
from tests.kiosk.builders import CHEN, EPOCH, LATTE, LIN, NOW, draw, make_db, make_snapshot, make_voucher
from tests.simulation.disk import SimDisk

STAMP = Stamp(NOW, "ntp", "kiosk")
SOON = NOW + timedelta(minutes=1)


class Ledger:
    """A chain whose every event is an act in a register."""

    def __init__(self, disk: SimDisk | None = None) -> None:
        self.disk = disk or SimDisk()
        db = make_db(self.disk)
        self.chain = EventChain(db, EPOCH)
        self.register = Register(db, self.chain)

    def act(self, points: int = -600, member: UUID = LIN, spend: int | None = None) -> int:
        seq = self.chain.head.seq + 1
        data = {"spend": str(UUID(int=spend or seq)), "reward": str(LATTE), "points": -points}
        act = Act(kind=REDEEMED, member=member, points=points, at=NOW, data=data)
        # What the event says is of no matter here.
        body = NoticeSeen(UUID(int=seq), member)
        self.chain.append([body], STAMP, draw(1, seq), also=lambda: self.register.write(seq, act))
        self.register.written(seq, act)
        return seq

    def book(self, upto: int, *refused: Refused, at: datetime = NOW, known: datetime | None = NOW) -> None:
        point = self.chain.point_at(upto)
        assert point is not None
        self.chain.confirm(point, refused)
        self.register.settle(at, lambda _member: known)

    def points(self, snapshot: MemberSnapshot | None = None, member: UUID = LIN) -> int:
        snapshot = snapshot or make_snapshot(member=member)
        shown, _points, _spends = laid_over(snapshot, self.register.of_member(member), ())
        return shown.points


def test_what_was_spent_here_lies_over_the_last_snapshot() -> None:
    ledger = Ledger()

    ledger.act(-300)
    ledger.act(-200)

    assert (ledger.points(), ledger.points(member=CHEN)) == (500, 1_000)


def test_a_voucher_that_only_this_kiosk_knows_is_among_the_others_once() -> None:
    ledger = Ledger()
    seq = ledger.act(spend=5)
    acts = ledger.register.of_member(LIN)

    unknown, _points, spends = laid_over(make_snapshot(), acts, ())
    known, _points, _spends = laid_over(make_snapshot(vouchers=[make_voucher(UUID(int=5))]), acts, ())

    assert [voucher.spend for voucher in unknown.vouchers] == [UUID(int=5)]
    assert len(known.vouchers) == 1
    assert spends == {UUID(int=5): seq}


def test_points_are_never_shown_below_zero() -> None:
    ledger = Ledger()
    ledger.act(-5_000)

    assert ledger.points() == 0


def test_after_the_receipt_it_lies_there_until_a_snapshot_says_it_so_the_figure_never_jumps_back() -> None:
    ledger = Ledger()
    ledger.act(-600)

    ledger.book(1, at=SOON)
    booked = ledger.points()
    ledger.register.learned(LIN, SOON - timedelta(seconds=1))
    older = ledger.points()
    ledger.register.learned(LIN, SOON)

    assert (booked, older) == (400, 400)
    assert ledger.points(make_snapshot(points=400)) == 400


def test_what_a_newer_snapshot_says_already_goes_with_the_receipt() -> None:
    ledger = Ledger()
    ledger.act(-600)

    ledger.book(1, at=SOON, known=SOON)

    assert ledger.register.of_member(LIN) == []


def test_what_nobody_will_ever_say_goes_with_the_receipt() -> None:
    ledger = Ledger()
    ledger.act(-600)

    ledger.book(1, known=None)

    assert ledger.register.of_member(LIN) == []


def test_a_receipt_settles_what_came_before_it_only() -> None:
    ledger = Ledger()
    ledger.act(-300)
    ledger.act(-200)

    ledger.book(1, at=SOON, known=SOON)

    assert ledger.points() == 800


def test_what_is_settled_is_not_shown_as_unsure() -> None:
    ledger = Ledger()
    ledger.act(-300)
    ledger.act(-200)
    ledger.book(1, at=SOON)

    _shown, points, spends = laid_over(make_snapshot(), ledger.register.of_member(LIN), ())

    assert (points, list(spends.values())) == (-200, [2])


def test_what_is_rejected_becomes_a_notice_and_gives_the_points_back() -> None:
    ledger = Ledger()
    ledger.act(-600)

    ledger.book(1, Refused(1, "lease.unknown", is_final=True))

    [notice] = ledger.register.notices(LIN)
    event = codec.decode(next(ledger.chain.read(1, 1)), Event)
    assert (notice.id, notice.code, notice.at) == (event.id, "lease.unknown", NOW)
    assert notice.data["reward"] == str(LATTE)
    assert ledger.points() == 1_000


def test_what_is_parked_waits_and_is_settled_when_it_is_decided() -> None:
    ledger = Ledger()
    ledger.act(-600)
    ledger.book(1, Refused(1, "kind.unknown", is_final=False), at=SOON, known=SOON)
    parked = ledger.points()

    ledger.chain._verdicts.remove(doc_ids=[1])
    ledger.register.settle(SOON, lambda _member: SOON)

    assert parked == 400
    assert ledger.register.of_member(LIN) == []


def test_a_parked_act_can_still_be_rejected_after_a_restart() -> None:
    ledger = Ledger()
    ledger.act(-600)
    ledger.book(1, Refused(1, "kind.unknown", is_final=False))
    again = Ledger(ledger.disk.killed())

    again.chain._verdicts.update({"is_final": True}, doc_ids=[1])
    again.register.settle(NOW, lambda _member: NOW)

    assert len(again.register.notices(LIN)) == 1


def test_a_notice_stays_until_it_was_seen_and_the_hub_is_told() -> None:
    ledger = Ledger()
    ledger.act(-600)
    ledger.book(1, Refused(1, "lease.unknown", is_final=True))
    ledger = Ledger(ledger.disk.killed())
    [notice] = ledger.register.notices(LIN)

    ledger.register.see(LIN, notice.id, STAMP, draw(1))

    event = codec.decode(next(ledger.chain.read(2, 1)), Event)
    assert codec.decode(event.body, NoticeSeen) == NoticeSeen(notice.id, LIN)
    assert ledger.register.notices(LIN) == []
    assert Ledger(ledger.disk.killed()).register.notices(LIN) == []


def test_a_notice_of_the_hub_that_was_seen_is_not_shown_again_while_the_snapshot_still_has_it() -> None:
    ledger = Ledger()
    notices = [Notice(UUID(int=7), "lease.unknown", NOW), Notice(UUID(int=8), "lease.closed", NOW)]
    snapshot = make_snapshot(notices=notices)

    ledger.register.see(LIN, UUID(int=7), STAMP, draw(1))
    shown, points, _spends = laid_over(snapshot, ledger.register.of_member(LIN), ())

    assert shown.notices == notices[1:]
    assert points == 0


def test_the_same_notice_from_both_sides_is_told_once() -> None:
    notice = Notice(UUID(int=7), "lease.unknown", NOW)

    shown, _points, _spends = laid_over(make_snapshot(notices=[notice]), (), [notice])
    none, _points, _spends = laid_over(make_snapshot(), (), ())

    assert shown.notices == [notice]
    assert none.notices is UNSET


def test_a_rejected_sight_of_a_notice_makes_no_notice() -> None:
    ledger = Ledger()
    ledger.register.see(LIN, UUID(int=7), STAMP, draw(1))

    ledger.book(1, Refused(1, "member.unknown", is_final=True))

    assert ledger.register.notices(LIN) == []


def test_notices_of_a_member_are_bounded_and_the_newest_stay() -> None:
    ledger = Ledger()
    for _ in range(NOTICES_MAX + 3):
        ledger.act()

    places = range(1, NOTICES_MAX + 4)
    ledger.book(NOTICES_MAX + 3, *(Refused(seq, f"code.{seq}", is_final=True) for seq in places))

    assert [notice.code for notice in ledger.register.notices(LIN)] == [f"code.{seq}" for seq in places][3:]


@pytest.mark.parametrize("booked", [False, True])
def test_all_of_it_is_there_after_a_restart(*, booked: bool) -> None:
    ledger = Ledger()
    ledger.act(-300)
    ledger.act(-200, member=CHEN)
    if booked:
        ledger.book(1, at=SOON)

    again = Ledger(ledger.disk.killed())

    assert (again.points(), again.points(member=CHEN)) == (700, 800)
    again.book(2, at=SOON)
    again.register.learned(LIN, SOON)
    again.register.learned(CHEN, SOON)
    assert again.register.of_member(LIN) == again.register.of_member(CHEN) == []


@pytest.mark.parametrize("others", [0, 300])
def test_a_visit_costs_the_same_however_many_acts_of_others_wait(others: int) -> None:
    ledger = Ledger()
    for number in range(others):
        ledger.act(member=UUID(int=1_000 + number))
    ledger.act(-300)
    before = ledger.disk.steps

    found = ledger.register.of_member(LIN)

    assert [act.points for _seq, act in found] == [-300]
    assert ledger.disk.steps - before == 1


Move = tuple[str, int]
MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("act"), st.integers(1, 50)),
        st.tuples(st.just("book"), st.integers(1, 4)),
        st.tuples(st.just("snapshot"), st.just(0)),
        st.tuples(st.just("restart"), st.just(0)),
    ),
    max_size=25,
)


@settings(max_examples=60)
@given(MOVES)
def test_whatever_happens_the_member_sees_what_was_spent_and_nothing_twice(moves: Sequence[Move]) -> None:
    # The hub books in order and sends snapshots of what it has booked; both may come late, neither out of order.
    ledger, spent, booked, hub_time = Ledger(), [0], 0, NOW
    snapshot = make_snapshot(points=10_000, as_of=NOW)
    for move, number in moves:
        match move:
            case "act":
                ledger.act(-number)
                spent.append(spent[-1] + number)
            case "book":
                booked = min(booked + number, len(spent) - 1)
                hub_time += timedelta(seconds=1)
                ledger.book(booked, at=hub_time, known=snapshot.as_of)
            case "snapshot":
                snapshot = make_snapshot(points=10_000 - spent[booked], as_of=hub_time)
                ledger.register.learned(LIN, hub_time)
            case _:
                ledger = Ledger(ledger.disk.killed())

        assert ledger.points(snapshot) == 10_000 - spent[-1]
