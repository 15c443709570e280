"""Leases ahead: what comes, what is spent from it, and every way in which it ends."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from kiosk.store import lent as lent_module
from kiosk.store.events import Stamp
from kiosk.store.holdings import Wish
from kiosk.store.limits import CLOSED_AT_ONCE_MAX
from kiosk.store.provisional import laid_over
from protocol.duties import RecallLease, RenewCards
from protocol.events import LeaseClosed, LeaseSpent
from protocol.values import ClockTrust
from tests.kiosk.builders import (
    CHEN,
    EPOCH,
    LATTE,
    LIN,
    NOW,
    TOTE,
    make_lend_points,
    make_lend_stock,
    make_pen,
    make_reading,
    make_snapshot,
    make_verifiers,
)
from tests.kiosk.store.parts import PEN, Act, Store, images_of_power_cuts, seen_before_and_after_a_refusal
from tests.simulation.disk import SimDisk


@pytest.fixture
def disk() -> SimDisk:
    return SimDisk()


@pytest.fixture
def store(disk: SimDisk) -> Store:
    return Store.on(disk)


def make_wish(points: int = 600, spend: int = 1, **overrides: Any) -> Wish:
    fields = {"member": LIN, "reward": LATTE, "points": points, "spend": UUID(int=spend), "is_limited": False}
    return Wish(**{**fields, **overrides})


def later(**passed: float) -> Any:
    moved = timedelta(**passed)
    return make_pen(stamp=Stamp(NOW + moved, "ntp", "kiosk"), monotonic=moved.total_seconds())


def test_points_come_with_one_event_and_repeat_the_seal(store: Store) -> None:
    store.do(make_lend_points())

    assert store.kinds() == ["lease.accepted"]
    assert store.journal()[0].seal == make_lend_points().seal  # type: ignore[attr-defined]
    assert (store.leases.duties, store.leases.highest, store.lent.points(LIN, PEN)) == (1, 1, 1_000)


def test_pieces_come_with_one_event(store: Store) -> None:
    store.do(make_lend_stock())

    assert store.kinds() == ["stock.accepted"]
    assert store.lent.rewards(PEN) == {LATTE}


def test_any_number_of_rewards_is_taken_from_one_lease(store: Store) -> None:
    store.do(make_lend_points())

    places = [store.lent.spend(make_wish(points, spend), PEN) for spend, points in enumerate((300, 300, 300), 1)]

    assert places == [2, 3, 4]
    assert store.lent.points(LIN, PEN) == 100
    assert store.journal()[1] == LeaseSpent(1, UUID(int=1), LIN, LATTE, 300)


def test_a_lease_that_is_used_up_is_closed_in_the_same_put(store: Store, disk: SimDisk) -> None:
    store.do(make_lend_points(points=600))
    steps: list[int] = []
    disk.after_step = lambda: steps.append(1)

    store.lent.spend(make_wish(), PEN)

    assert store.kinds() == ["lease.accepted", "lease.spent", "lease.closed"]
    assert len(steps) == 2
    assert len(store.lent) == 0


def test_what_no_lease_covers_is_not_given(store: Store) -> None:
    store.do(make_lend_points(points=500), make_lend_points(lease=2, points=500))

    assert store.lent.spend(make_wish(600), PEN) is None
    assert store.lent.spend(make_wish(100, member=CHEN), PEN) is None
    assert store.lent.points(LIN, PEN) == 500
    assert store.kinds() == ["lease.accepted"] * 2


def test_what_ends_first_is_spent_first(store: Store) -> None:
    store.do(make_lend_points(), make_lend_points(lease=2, deadline=NOW + timedelta(days=1)))

    store.lent.spend(make_wish(), PEN)

    assert store.journal()[-1].lease == 2  # type: ignore[attr-defined]


def test_a_limited_reward_takes_a_piece_that_is_lent_here(store: Store) -> None:
    store.do(make_lend_points(points=5_000), make_lend_stock())

    places = [store.lent.spend(make_wish(600, spend, is_limited=True), PEN) for spend in (1, 2, 3)]

    assert places == [3, 4, None]
    spent = [body for body in store.journal() if isinstance(body, LeaseSpent)]
    assert [body.stock for body in spent] == [2, 2]
    assert store.journal()[-1] == LeaseClosed(2, 2)
    assert store.lent.rewards(PEN) == frozenset()


def test_pieces_of_another_reward_do_not_help(store: Store) -> None:
    store.do(make_lend_points(), make_lend_stock(reward=TOTE))

    assert store.lent.spend(make_wish(is_limited=True), PEN) is None


@pytest.mark.parametrize("spent", [0, 1])
def test_a_recall_closes_the_lease_with_what_was_spent(store: Store, spent: int) -> None:
    store.do(make_lend_points())
    for number in range(spent):
        store.lent.spend(make_wish(spend=number), PEN)

    store.do(RecallLease(EPOCH, 1), RecallLease(EPOCH, 1))

    assert store.journal()[-1] == LeaseClosed(1, 600 * spent)
    assert store.kinds().count("lease.closed") == 1
    assert (store.lent.points(LIN, PEN), store.leases.duties) == (0, 3)
    assert store.lent.spend(make_wish(1, 9), PEN) is None


def test_a_recall_of_another_journals_lease_is_done_without_effect(store: Store) -> None:
    store.do(make_lend_points(), RecallLease(UUID(int=0xBAD), 1))

    assert (store.lent.points(LIN, PEN), store.leases.duties) == (1_000, 2)


@pytest.mark.parametrize("duty", [make_lend_points(lease=4), make_lend_stock(lease=3), make_lend_points(epoch=CHEN)])
def test_a_lease_is_taken_once_for_ever_and_for_this_journal_only(store: Store, duty: Any) -> None:
    store.do(make_lend_points(lease=4), RecallLease(EPOCH, 4))

    store.do(duty)

    assert store.kinds() == ["lease.accepted", "lease.closed"]
    assert (store.lent.points(LIN, PEN), store.leases.duties) == (0, 3)


def test_a_lease_past_its_deadline_is_given_back_at_once(store: Store) -> None:
    store.do(make_lend_points(deadline=NOW))

    assert store.journal()[-1] == LeaseClosed(1, 0)
    assert len(store.lent) == 0


def test_too_many_leases_are_given_back_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lent_module, "LEASES_MAX", 2)

    store.do(*(make_lend_points(lease=number, member=UUID(int=number)) for number in (1, 2, 3)))

    assert store.kinds() == ["lease.accepted"] * 3 + ["lease.closed"]
    assert len(store.lent) == 2


def test_at_its_deadline_a_lease_is_closed_by_itself(store: Store) -> None:
    store.do(make_lend_points())
    store.lent.spend(make_wish(), PEN)

    store.lent.close_due(later(days=2, hours=23))
    before = len(store.lent)
    store.lent.close_due(later(days=3))

    assert (before, len(store.lent)) == (1, 0)
    assert store.journal()[-1] == LeaseClosed(1, 600)


def test_many_leases_are_closed_a_few_at_a_time(store: Store) -> None:
    many = CLOSED_AT_ONCE_MAX + 1
    store.do(*(make_lend_points(lease=number, member=UUID(int=number)) for number in range(1, many + 1)))

    store.lent.close_due(later(days=3))
    left = len(store.lent)
    store.lent.close_due(later(days=3))

    assert (left, len(store.lent)) == (1, 0)


def test_nothing_is_spent_past_the_deadline(store: Store) -> None:
    store.do(make_lend_points())

    assert store.lent.spend(make_wish(), later(days=3)) is None


def test_a_clock_that_was_set_back_does_not_lengthen_a_lease(store: Store) -> None:
    store.do(make_lend_points())
    pen = make_pen(monotonic=timedelta(days=3).total_seconds())

    assert store.lent.spend(make_wish(), pen) is None


def test_without_a_clock_that_is_believed_nothing_is_spent_or_closed(store: Store) -> None:
    store.do(make_lend_points())
    trust: ClockTrust = "none"
    pen = make_pen(stamp=Stamp(NOW + timedelta(days=9), trust, "kiosk"))

    store.lent.close_due(pen)

    assert store.lent.spend(make_wish(), pen) is None
    assert store.lent.points(LIN, pen) == 0
    assert len(store.lent) == 1


def test_verifiers_come_with_a_lease_are_renewed_and_go_with_the_last_one(store: Store) -> None:
    store.do(make_lend_points(cards=[make_verifiers(0)]), make_lend_points(lease=2, cards=[make_verifiers(0)]))
    store.do(RenewCards(LIN, [make_verifiers(20)]))
    renewed = [store.lent.verifiers.recognise(LIN, make_reading(counter)) is not None for counter in (1, 21)]

    store.do(RecallLease(EPOCH, 1))
    held = store.lent.verifiers.recognise(LIN, make_reading(21))
    store.do(RecallLease(EPOCH, 2))

    assert renewed == [False, True]
    assert held is not None
    assert store.lent.verifiers.recognise(LIN, make_reading(21)) is None


def test_a_card_that_is_not_among_the_new_verifiers_is_recognised_no_more(store: Store, disk: SimDisk) -> None:
    other = bytes.fromhex("04c0ffee000001")
    lost, kept = make_reading(1), make_reading(1, other)
    store.do(make_lend_points(cards=[make_verifiers(0), make_verifiers(0, other)]))

    store.do(RenewCards(LIN, [make_verifiers(0, other)]))
    left = [store.lent.verifiers.recognise(LIN, card) is not None for card in (lost, kept)]
    store.do(RenewCards(LIN, []))

    assert left == [False, True]
    for known in (store, Store.on(disk.killed())):
        assert known.lent.verifiers.recognise(LIN, kept) is None
        assert known.lent.points(LIN, PEN) == 1_000


def test_verifiers_for_somebody_to_whom_nothing_is_lent_are_not_kept(store: Store) -> None:
    store.do(RenewCards(LIN, [make_verifiers(20)]))

    assert store.lent.verifiers.recognise(LIN, make_reading(21)) is None
    assert store.leases.duties == 1


def test_a_tap_is_journaled_and_its_code_used_up_in_one_put(store: Store, disk: SimDisk) -> None:
    store.do(make_lend_points(cards=[make_verifiers(0)]))
    code = store.lent.verifiers.recognise(LIN, make_reading(3))
    steps: list[int] = []
    disk.after_step = lambda: steps.append(1)

    store.lent.keep_tap(make_reading(3), code, PEN)

    again = store.lent.verifiers.recognise(LIN, make_reading(3))
    assert (store.kinds()[-1], len(steps)) == ("card.seen", 2)
    assert again is not None
    assert not again.is_fresh


def test_everything_of_a_member_is_given_back_together(store: Store) -> None:
    store.do(make_lend_points(), make_lend_points(lease=2), make_lend_points(lease=3, member=CHEN))

    store.lent.close_member(LIN, PEN)
    store.lent.close_member(LIN, PEN)

    assert store.kinds().count("lease.closed") == 2
    assert (store.lent.points(LIN, PEN), store.lent.points(CHEN, PEN)) == (0, 1_000)


def test_all_of_it_is_there_after_a_restart(store: Store, disk: SimDisk) -> None:
    store.do(make_lend_points(cards=[make_verifiers(0)]), make_lend_stock())
    store.lent.spend(make_wish(is_limited=True), PEN)

    again = Store.on(disk.killed())

    assert (again.lent.points(LIN, PEN), again.lent.rewards(PEN), again.leases.duties) == (
        400,
        frozenset({LATTE}),
        2,
    )
    assert again.lent.verifiers.recognise(LIN, make_reading(1)) is not None
    again.lent.close_due(later(days=3))
    assert again.journal()[-2:] == [LeaseClosed(1, 600), LeaseClosed(2, 1)]


def test_a_new_epoch_has_nothing_of_what_was_lent_to_the_one_before(disk: SimDisk) -> None:
    store = Store.on(disk)
    store.do(make_lend_points())
    store.chain._set(epoch=str(CHEN))

    again = Store.on(disk.killed())

    assert (len(again.lent), again.lent.points(LIN, PEN)) == (0, 0)


def acts() -> list[Act]:
    return [
        lambda store: store.do(make_lend_points(cards=[make_verifiers(0)])),
        lambda store: store.do(make_lend_stock()),
        lambda store: store.lent.keep_tap(make_reading(2), store.lent.verifiers.recognise(LIN, make_reading(2)), PEN),
        lambda store: store.lent.spend(make_wish(600, 1, is_limited=True), PEN),
        lambda store: store.do(make_lend_points(lease=3, points=300)),
        lambda store: store.lent.spend(make_wish(400, 2, is_limited=True), PEN),
        lambda store: store.do(RecallLease(EPOCH, 3)),
    ]


def seen_in(store: Store) -> object:
    """Everything that a store says of what was lent: journal, marks, leases, vouchers and used codes."""
    shown, _points, spends = laid_over(make_snapshot(), store.register.of_member(LIN), ())
    code = store.lent.verifiers.recognise(LIN, make_reading(2))
    return (
        store.journal(),
        store.leases.duties,
        store.leases.highest,
        store.lent.points(LIN, PEN),
        store.lent.rewards(PEN),
        (shown.points, [voucher.spend for voucher in shown.vouchers], spends),
        code and code.is_fresh,
    )


def test_after_a_power_cut_at_any_moment_each_act_is_whole_or_absent() -> None:
    assert images_of_power_cuts(acts(), seen_in) > 40


@pytest.mark.parametrize("place", range(len(acts())))
def test_an_act_that_the_disk_refuses_leaves_all_as_it_was(place: int) -> None:
    before, after = seen_before_and_after_a_refusal(acts(), place, seen_in)

    assert before == after
