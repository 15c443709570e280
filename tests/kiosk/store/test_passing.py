"""Points that pass between two kiosks: what the giver fences, what the taker journals, and how often each counts."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec import UNSET

from kiosk.store import kept as kept_module
from kiosk.store.events import Stamp
from kiosk.store.holdings import Lease, Wish
from kiosk.store.limits import KEPT_PAST_DEADLINE
from kiosk.store.passing import Asked, Author, Noted
from kiosk.store.provisional import laid_over
from protocol import passes
from protocol.duties import RecallLease
from protocol.events import LeaseClosed, LeasePassed, LeaseSpent, LeaseTaken
from protocol.limits import PASSED_LEASES_FROM
from protocol.passes import AskPass
from protocol.values import ClockTrust
from provisioning import keys
from tests.kiosk.builders import (
    EPOCH,
    LATTE,
    LIN,
    NOW,
    make_lend_points,
    make_lend_stock,
    make_note,
    make_pen,
    make_reading,
    make_snapshot,
    make_verifiers,
)
from tests.kiosk.store.parts import PEN, Act, Store, images_of_power_cuts, seen_before_and_after_a_refusal
from tests.simulation.disk import SimDisk

KEY = keys.seeded_key(bytes(32))
AUTHOR = Author("k-giver", lambda data: keys.sign(KEY, data))
NOTE = UUID(int=0x70)
NUMBER = passes.lease_of(NOTE)
PRICE = 600


@pytest.fixture
def disk() -> SimDisk:
    return SimDisk()


@pytest.fixture
def store(disk: SimDisk) -> Store:
    return Store.on(disk)


def make_asked(**overrides: Any) -> Asked:
    fields = {"note": NOTE, "epoch": UUID(int=0xB), "member": LIN, "points": PRICE, "card": make_reading(3)}
    return Asked("k-taker", AskPass(**{**fields, **overrides}), None)


def make_noted(**overrides: Any) -> Noted:
    note = make_note(**{"id": NOTE, "to_epoch": EPOCH, "points": PRICE, **overrides})
    return Noted(note, AUTHOR.write(note))


def make_wish(**overrides: Any) -> Wish:
    fields = {"member": LIN, "reward": LATTE, "points": PRICE, "spend": UUID(int=1), "is_limited": False}
    return Wish(**{**fields, **overrides})


def later(**passed: float) -> Any:
    moved = timedelta(**passed)
    return make_pen(stamp=Stamp(NOW + moved, "ntp", "kiosk"), monotonic=moved.total_seconds())


def test_giver_fences_in_one_put_and_hands_out_a_signed_note(store: Store, disk: SimDisk) -> None:
    store.do(make_lend_points())
    steps: list[int] = []
    disk.after_step = lambda: steps.append(1)

    text = store.passing.give(make_asked(), AUTHOR, PEN)

    signed = passes.read(text or "")
    assert signed is not None
    assert signed.body == make_note(id=NOTE, points=PRICE)
    assert keys.is_signed(KEY.public_key(), signed.payload, signed.signature)
    assert store.journal()[-1] == LeasePassed(1, NOTE, "k-taker", UUID(int=0xB), PRICE)
    assert (len(steps), store.lent.points(LIN, PEN)) == (2, 400)


def test_a_lease_that_is_used_up_by_a_note_is_closed_in_the_same_put(store: Store) -> None:
    store.do(make_lend_points())
    store.lent.spend(make_wish(points=400), PEN)

    store.passing.give(make_asked(), AUTHOR, PEN)

    assert store.journal()[-2:] == [LeasePassed(1, NOTE, "k-taker", UUID(int=0xB), PRICE), LeaseClosed(1, 1_000)]
    assert len(store.lent) == 0


def test_what_was_passed_on_counts_as_spent_where_the_lease_is_recalled(store: Store) -> None:
    store.do(make_lend_points())
    store.passing.give(make_asked(), AUTHOR, PEN)

    store.do(RecallLease(EPOCH, 1))

    assert store.journal()[-1] == LeaseClosed(1, PRICE)


def test_who_asks_again_has_the_same_note_also_after_a_restart(store: Store, disk: SimDisk) -> None:
    store.do(make_lend_points())
    text = store.passing.give(make_asked(), AUTHOR, PEN)

    again = Store.on(disk.killed())

    assert again.passing.given("k-taker", make_asked().ask) == text
    assert again.passing.given("k-other", make_asked().ask) is None
    assert again.passing.give(make_asked(points=100), AUTHOR, PEN) is None


def test_code_of_the_tap_is_used_up_with_the_fence(store: Store) -> None:
    store.do(make_lend_points(cards=[make_verifiers(0)]))
    code = store.lent.verifiers.recognise(LIN, make_reading(3))

    store.passing.give(Asked("k-taker", make_asked().ask, code), AUTHOR, PEN)

    again = store.lent.verifiers.recognise(LIN, make_reading(3))
    assert again is not None
    assert not again.is_fresh


def without_seal(store: Store) -> None:
    store.do(make_lend_points())
    lease = Lease(epoch=EPOCH, member=LIN, amount=1_000, deadline=NOW + timedelta(days=3))
    store.lent.holdings._open[1] = lease


GIVES_NOTHING: dict[str, tuple[Act, Any]] = {
    "nothing is lent": (lambda _store: None, PEN),
    "too little": (lambda store: store.do(make_lend_points(points=599)), PEN),
    "two that only together are enough": (
        lambda store: store.do(make_lend_points(points=500), make_lend_points(lease=2, points=500)),
        PEN,
    ),
    "deadline over": (lambda store: store.do(make_lend_points()), later(days=3)),
    "deadline over by the clock that only grows": (
        lambda store: store.do(make_lend_points()),
        make_pen(monotonic=timedelta(days=3).total_seconds()),
    ),
    "no clock": (lambda store: store.do(make_lend_points()), make_pen(stamp=Stamp(NOW, "none", "kiosk"))),
    "no seal": (without_seal, PEN),
    "passed on itself": (lambda store: store.do(make_lend_points(lease=PASSED_LEASES_FROM + 9)), PEN),
    "somebody else's": (lambda store: store.do(make_lend_points(member=UUID(int=99))), PEN),
}


@pytest.mark.parametrize("case", GIVES_NOTHING)
def test_what_cannot_be_passed_on_leaves_no_trace(store: Store, case: str) -> None:
    arrange, pen = GIVES_NOTHING[case]
    arrange(store)
    before = store.journal()

    text = store.passing.give(make_asked(), AUTHOR, pen)

    assert text is None
    assert store.journal() == before


def test_taker_journals_note_spend_and_end_in_one_put(store: Store, disk: SimDisk) -> None:
    steps: list[int] = []
    disk.after_step = lambda: steps.append(1)
    noted = make_noted()

    seq = store.passing.take(noted, make_wish(), PEN)

    assert store.journal() == [
        LeaseTaken(NUMBER, noted.text),
        LeaseSpent(NUMBER, UUID(int=1), LIN, LATTE, PRICE),
        LeaseClosed(NUMBER, PRICE),
    ]
    assert (seq, len(steps), store.leases.highest) == (2, 2, 0)
    shown, unbooked, spends = laid_over(make_snapshot(), store.register.of_member(LIN), ())
    assert (shown.points, unbooked, spends) == (400, -PRICE, {UUID(int=1): 2})


def test_a_limited_reward_takes_a_piece_that_is_lent_here(store: Store) -> None:
    store.do(make_lend_stock(lease=2, pieces=1))

    store.passing.take(make_noted(), make_wish(is_limited=True), PEN)

    assert store.journal()[2].stock == 2  # type: ignore[attr-defined]
    assert store.journal()[-1] == LeaseClosed(2, 1)
    assert store.lent.rewards(PEN) == frozenset()


@pytest.mark.parametrize("first", [make_wish(), None], ids=["spent", "given back"])
def test_the_same_note_again_changes_nothing_for_ever(store: Store, disk: SimDisk, first: Wish | None) -> None:
    store.passing.take(make_noted(), first, PEN)
    before = store.journal()

    again = Store.on(disk.killed())
    seq = again.passing.take(make_noted(), make_wish(spend=UUID(int=2)), PEN)

    assert seq is None
    assert again.journal() == before


def test_a_note_for_another_journal_is_not_taken(store: Store) -> None:
    seq = store.passing.take(make_noted(to_epoch=UUID(int=0xBAD)), make_wish(), PEN)

    assert seq is None
    assert store.journal() == []


trust: ClockTrust = "none"
GIVEN_BACK: dict[str, tuple[Wish | None, Any]] = {
    "nobody waits": (None, PEN),
    "deadline over": (make_wish(), later(days=3)),
    "no clock": (make_wish(), make_pen(stamp=Stamp(NOW, trust, "kiosk"))),
    "no piece": (make_wish(is_limited=True), PEN),
}


@pytest.mark.parametrize("case", GIVEN_BACK)
def test_a_note_that_is_of_no_use_is_given_back(store: Store, case: str) -> None:
    wish, pen = GIVEN_BACK[case]

    seq = store.passing.take(make_noted(), wish, pen)

    assert seq is None
    assert store.journal() == [LeaseTaken(NUMBER, make_noted().text), LeaseClosed(NUMBER, 0)]


def test_the_hubs_duty_for_a_note_that_was_taken_changes_nothing(store: Store) -> None:
    store.passing.take(make_noted(), make_wish(), PEN)
    before = store.journal()

    store.do(make_lend_points(lease=NUMBER, points=PRICE))

    assert store.journal() == before
    assert (store.leases.duties, store.lent.points(LIN, PEN)) == (1, 0)


def test_the_hubs_duty_for_a_note_that_never_came_is_an_ordinary_lease_and_the_note_is_late(store: Store) -> None:
    store.do(make_lend_points(lease=NUMBER, points=PRICE), make_lend_points(lease=1, points=100))
    lent = store.lent.points(LIN, PEN)

    seq = store.passing.take(make_noted(), make_wish(), PEN)

    assert seq is None
    assert (lent, store.leases.highest, len(store.journal())) == (PRICE, 1, 2)


def test_a_taken_number_outlives_its_deadline_by_long(store: Store) -> None:
    store.passing.take(make_noted(), make_wish(), PEN)
    days = KEPT_PAST_DEADLINE.days
    store.passing.take(make_noted(id=UUID(int=0x71)), None, later(days=days))
    before = len(store.journal())

    store.do(make_lend_points(lease=NUMBER, points=PRICE))
    store.passing.take(make_noted(id=UUID(int=0x72)), None, later(days=days + 4))

    assert len(store.journal()) == before + 2
    assert store.leases.is_new(EPOCH, NUMBER)


def test_nothing_is_passed_when_there_is_no_room_to_remember_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_module, "KEPT_MAX", 1)
    store.do(make_lend_points())
    store.passing.give(make_asked(points=10), AUTHOR, PEN)
    store.passing.take(make_noted(), None, PEN)

    assert store.passing.give(make_asked(note=UUID(int=0x99)), AUTHOR, PEN) is None
    assert not store.passing.may_take(PEN.stamp)


def test_who_had_no_room_has_some_again_when_something_is_over(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_module, "KEPT_MAX", 1)
    store.do(make_lend_points())
    store.passing.give(make_asked(points=10), AUTHOR, PEN)
    store.passing.take(make_noted(), None, PEN)
    over = later(days=KEPT_PAST_DEADLINE.days + 4)
    deadline = over.stamp.now + timedelta(days=3)
    store.do(make_lend_points(lease=2, deadline=deadline))

    assert not store.passing.may_take(Stamp(over.stamp.now, "none", "kiosk"))
    assert store.passing.may_take(over.stamp)
    store.passing.take(make_noted(id=UUID(int=0x71), deadline=deadline), None, over)
    assert store.passing.give(make_asked(note=UUID(int=0x99)), AUTHOR, over) is not None

    assert not store.passing.may_take(over.stamp)
    assert store.passing.give(make_asked(note=UUID(int=0x9A), points=1), AUTHOR, over) is None


def acts() -> list[Act]:
    return [
        lambda store: store.do(make_lend_points(cards=[make_verifiers(0)])),
        lambda store: store.do(make_lend_stock()),
        lambda store: store.passing.give(
            Asked("k-taker", make_asked().ask, store.lent.verifiers.recognise(LIN, make_reading(3))), AUTHOR, PEN
        ),
        lambda store: store.passing.give(make_asked(note=UUID(int=0x99), points=400), AUTHOR, PEN),
        lambda store: store.passing.take(make_noted(), make_wish(is_limited=True), PEN),
        lambda store: store.passing.take(make_noted(id=UUID(int=0x71)), None, PEN),
        lambda store: store.do(make_lend_points(lease=passes.lease_of(UUID(int=0x72)), points=PRICE)),
    ]


def seen_in(store: Store) -> object:
    code = store.lent.verifiers.recognise(LIN, make_reading(3))
    return (
        store.journal(),
        store.lent.points(LIN, PEN),
        store.lent.rewards(PEN),
        store.leases.duties,
        [store.passing.given("k-taker", make_asked(note=UUID(int=note)).ask) for note in (0x70, 0x99)],
        [store.leases.is_new(EPOCH, passes.lease_of(UUID(int=note))) for note in (0x70, 0x71, 0x72)],
        [seq for seq, _act in store.register.of_member(LIN)],
        code and code.is_fresh,
    )


def test_after_a_power_cut_at_any_moment_each_pass_is_whole_or_absent() -> None:
    assert images_of_power_cuts(acts(), seen_in) > 40


@pytest.mark.parametrize("place", range(len(acts())))
def test_a_pass_that_the_disk_refuses_leaves_all_as_it_was(place: int) -> None:
    before, after = seen_before_and_after_a_refusal(acts(), place, seen_in)

    assert before == after


def test_a_piece_is_named_only_where_one_is_taken(store: Store) -> None:
    store.do(make_lend_stock())

    store.passing.take(make_noted(), make_wish(), PEN)

    assert store.journal()[2].stock is UNSET  # type: ignore[attr-defined]
