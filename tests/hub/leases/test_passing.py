"""Points that pass from one kiosk of a store to another: booked once, whoever is heard first."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from hub.fleet.models import Kiosk, MemberCopy
from hub.ledger.models import Transfer
from hub.proof.service import JournalProver
from protocol import passes
from protocol.duties import LendPoints
from protocol.errors import ErrorCode
from protocol.events import LeaseAccepted, LeaseClosed
from protocol.limits import PASSED_LEASES_FROM
from protocol.passes import PassNote
from tests.hub.leases.neighbours import Neighbours, accepted, fence, spent, taken
from tests.hub.world import World


@pytest.fixture
def scene(world: World) -> Neighbours:
    made = Neighbours(world)
    made.tell(accepted(made.grant))
    return made


def duties(scene: Neighbours) -> list[LendPoints]:
    return scene.duties(LendPoints, scene.beside)


def test_a_fence_that_is_heard_first_moves_the_points_and_lends_them_to_the_other_kiosk(scene: Neighbours) -> None:
    note = scene.note(100)

    [outcome] = scene.tell(fence(note))

    lease = scene.taker(note)
    assert (outcome.code, outcome.result) == (None, {"passed": 100})
    assert (lease.state, lease.points, lease.spent, lease.reward) == ("granted", 100, 0, None)
    assert (lease.epoch, lease.member, lease.deadline) == (scene.beside.epoch, scene.member, scene.giver().deadline)
    assert (scene.giver().spent, scene.held(scene.giver()), scene.held(lease)) == (100, 400, 100)
    assert scene.figures() == (500, 500)
    [duty] = duties(scene)
    assert (duty.lease, duty.points, duty.member, duty.epoch) == (lease.number, 100, scene.member, scene.beside.epoch)
    assert (duty.deadline, len(duty.cards)) == (lease.deadline, 1)


def test_the_other_kiosk_is_told_of_the_member(scene: Neighbours) -> None:
    scene.tell(fence(scene.note()))

    with scene.world.hub.database.read() as session:
        copy = session.get_one(MemberCopy, (scene.beside.id, scene.member))
        assert copy.wanted > copy.held


def test_a_note_that_is_heard_first_moves_the_points_and_nothing_is_lent_again(scene: Neighbours) -> None:
    note = scene.note(100)

    [outcome] = scene.tell_beside(taken(note, scene.here))

    lease = scene.taker(note)
    assert (outcome.code, outcome.result) == (None, {"passed": 100})
    assert (lease.state, lease.points, lease.epoch) == ("accepted", 100, scene.beside.epoch)
    assert (scene.giver().spent, scene.held(scene.giver()), scene.held(lease)) == (100, 400, 100)
    assert scene.figures() == (500, 500)
    assert duties(scene) == []


@pytest.mark.parametrize("first", ["fence", "note"])
def test_the_second_word_moves_nothing(scene: Neighbours, first: str) -> None:
    note = scene.note(100)
    said = [*scene.journal(scene.here, fence(note)), *scene.journal(scene.beside, taken(note, scene.here))]

    outcomes = [scene.world.book(item)[0] for item in (said if first == "fence" else said[::-1])]

    assert [(outcome.code, outcome.result) for outcome in outcomes] == [(None, {"passed": 100}), (None, {})]
    assert (scene.taker(note).state, scene.giver().spent) == ("accepted", 100)
    assert scene.figures() == (500, 500)


@pytest.mark.parametrize("giver_first", [True, False])
def test_both_may_be_heard_at_once_with_all_that_follows(scene: Neighbours, *, giver_first: bool) -> None:
    note = scene.note(100)
    gave = scene.journal(scene.here, fence(note), scene.spent(scene.grant, 150), LeaseClosed(scene.grant.lease, 250))
    took = scene.journal(scene.beside, taken(note, scene.here), *spent(note, scene.world.new_id()))

    outcomes = scene.world.book(*(gave + took if giver_first else took + gave))

    assert [outcome.code for outcome in outcomes] == [None] * 6
    assert (scene.giver().state, scene.giver().spent) == ("closed", 250)
    assert (scene.taker(note).state, scene.taker(note).spent) == ("closed", 100)
    assert (scene.figures(), sorted(scene.vouchers())) == ((750, 0), [100, 150])


def test_many_notes_from_one_lease_never_pass_on_more_than_was_lent(scene: Neighbours) -> None:
    notes = [scene.note(100) for _ in range(6)]
    gave = scene.journal(scene.here, *(fence(note) for note in notes))
    took = scene.journal(scene.beside, *(taken(note, scene.here) for note in notes))

    outcomes = [*scene.world.book(*gave[:3]), *scene.world.book(*took), *scene.world.book(*gave[3:])]

    assert all(outcome.is_applied for outcome in outcomes)
    assert [scene.taker(note).state for note in notes] == ["accepted"] * 5 + ["written_off"]
    assert (scene.giver().spent, scene.figures()) == (500, (500, 500))


def test_a_kiosk_that_had_only_the_fence_takes_the_points_as_an_ordinary_lease(scene: Neighbours) -> None:
    note = scene.note(100)
    scene.tell(fence(note))
    [duty] = duties(scene)

    outcomes = scene.tell_beside(accepted(duty), *spent(note, scene.world.new_id(), 60))

    assert [outcome.code for outcome in outcomes] == [None] * 3
    assert (scene.taker(note).state, scene.taker(note).spent) == ("closed", 60)
    assert scene.figures() == (540, 400)


def test_what_the_other_kiosk_has_spent_already_is_booked_though_it_was_lent_again(scene: Neighbours) -> None:
    note = scene.note(100)
    scene.tell(fence(note))

    outcomes = scene.tell_beside(taken(note, scene.here), *spent(note, scene.world.new_id()))

    assert [outcome.code for outcome in outcomes] == [None] * 3
    assert (scene.taker(note).state, scene.vouchers()) == ("closed", [100])
    assert scene.figures() == (500, 400)


def test_what_was_not_spent_goes_back_to_the_member(scene: Neighbours) -> None:
    note = scene.note(100)
    scene.tell_beside(taken(note, scene.here), LeaseClosed(passes.lease_of(note.id), 0))

    outcomes = scene.tell(fence(note), LeaseClosed(scene.grant.lease, 100))

    assert [outcome.code for outcome in outcomes] == [None, None]
    assert scene.figures() == (1_000, 0)


def test_what_passes_keeps_its_dates_and_goes_back_into_the_lots_that_it_came_from(world: World) -> None:
    scene = Neighbours(world, lent=1)
    # The member is of a higher tier now, and earns a fifth more.
    world.clock.pass_(days=40)
    world.earn(scene.member, 1_000)
    scene.grant = scene.lend(1_500)
    scene.tell(accepted(scene.grant))
    first, second = scene.note(1_200), scene.note(300)

    scene.tell(fence(first), fence(second))

    lots = [[(lot.remaining, lot.expires_at) for lot in scene.lots(scene.taker(note))] for note in (first, second)]
    dates = [lot.expires_at for lot in scene.lots(scene.taker(first))]
    assert dates[1] is not None
    assert dates[0] is not None
    assert dates[1] - dates[0] > timedelta(days=20)
    assert lots == [[(999, dates[0]), (201, dates[1])], [(300, dates[1])]]
    for note in (second, first):
        scene.tell_beside(taken(note, scene.here), LeaseClosed(passes.lease_of(note.id), 0))
    assert scene.figures() == (2_199, 1)
    # The whole can be lent once more, out of the same two lots.
    scene.grant = scene.lend(2_199)
    assert [(lot.remaining, lot.expires_at) for lot in scene.lots(scene.giver())] == [
        (999, dates[0]),
        (1_200, dates[1]),
    ]


def test_what_expired_meanwhile_expires_when_it_comes_back(scene: Neighbours) -> None:
    note = scene.note(100)
    scene.tell(fence(note))
    scene.world.clock.pass_(days=800)

    [closed] = scene.tell_beside(LeaseClosed(passes.lease_of(note.id), 0))

    assert closed.is_applied
    # With it expires what lay at home in the same lot.
    assert (scene.held(scene.taker(note)), scene.figures()) == (0, (0, 400))


def test_earlier_spends_of_the_giver_still_fit_when_the_other_was_heard_before_them(scene: Neighbours) -> None:
    note = scene.note(100)
    told = scene.journal(scene.here, scene.spent(scene.grant, 400), fence(note), LeaseClosed(scene.grant.lease, 500))
    scene.tell_beside(taken(note, scene.here), *spent(note, scene.world.new_id()))

    outcomes = scene.world.book(*told)

    assert [outcome.code for outcome in outcomes] == [None] * 3
    assert (scene.giver().state, scene.figures(), sorted(scene.vouchers())) == ("closed", (500, 0), [100, 400])


def test_what_was_passed_counts_as_spent_where_the_giver_closes(scene: Neighbours) -> None:
    note = scene.note(100)

    outcomes = scene.tell(fence(note), LeaseClosed(scene.grant.lease, 0), LeaseClosed(scene.grant.lease, 100))

    assert [outcome.code for outcome in outcomes] == [None, ErrorCode.LEASE_OVERSPENT, None]


def test_a_lease_that_the_giver_has_not_been_heard_to_accept_passes_its_points_all_the_same(world: World) -> None:
    scene = Neighbours(world)
    note = scene.note(100)
    scene.tell_beside(taken(note, scene.here))

    outcomes = scene.tell(accepted(scene.grant), fence(note))

    assert [outcome.code for outcome in outcomes] == [None, None]
    assert (scene.giver().state, scene.figures()) == ("accepted", (500, 500))


@pytest.mark.parametrize("outcome", ["give_back", "spent"])
@pytest.mark.parametrize("first", ["fence", "note"])
def test_what_was_written_off_before_passes_nothing_on(scene: Neighbours, first: str, outcome: str) -> None:
    scene.write_off(scene.grant.lease, outcome)
    before, note = scene.figures(), scene.note(100)
    gave = scene.journal(scene.here, fence(note))
    took = scene.journal(scene.beside, taken(note, scene.here), *spent(note, scene.world.new_id()))

    told = scene.world.book(*(gave + took if first == "fence" else took + gave))

    assert (scene.taker(note).state, scene.taker(note).spent, scene.held(scene.taker(note))) == ("written_off", 0, 0)
    assert scene.figures() == before
    assert scene.vouchers() == []
    assert duties(scene) == []
    assert ("lease.spent", "lease.written_off") in scene.desk()
    assert [outcome.is_applied for outcome in told].count(True) == (1 if first == "fence" else 2)


def test_more_than_is_left_passes_nothing_on(scene: Neighbours) -> None:
    first, second = scene.note(400), scene.note(400)
    scene.tell_beside(taken(first, scene.here))

    outcomes = scene.tell_beside(taken(second, scene.here), *spent(second, scene.world.new_id()))

    assert [outcome.code for outcome in outcomes] == [None, ErrorCode.LEASE_WRITTEN_OFF, ErrorCode.LEASE_WRITTEN_OFF]
    assert scene.figures() == (500, 500)


def test_a_kiosk_that_got_the_same_note_from_two_neighbours_has_it_once(scene: Neighbours) -> None:
    other = scene.world.add_kiosk()
    scene.tell(LeaseClosed(10**6, 0), kiosk=other)
    grant = scene.lend(200, other)
    scene.tell(accepted(grant), kiosk=other)
    here = scene.note(100)
    there = scene.note(100, id=here.id, kiosk=other.id, epoch=other.epoch, lease=grant.lease, lent=200, seal=grant.seal)
    heard = [
        scene.journal(scene.here, fence(here), LeaseClosed(scene.grant.lease, 100)),
        scene.journal(scene.beside, taken(there, other), *spent(there, scene.world.new_id())),
        scene.journal(other, fence(there), LeaseClosed(grant.lease, 100)),
    ]

    outcomes = [outcome for items in heard for outcome in scene.world.book(*items)]

    assert [outcome.code for outcome in outcomes] == [None] * 7
    assert scene.figures() == (900, 0)


def test_numbers_of_notes_do_not_raise_the_numbers_that_the_hub_gives(scene: Neighbours) -> None:
    note = scene.note(100)
    scene.tell_beside(taken(note, scene.here), *spent(note, scene.world.new_id()))

    given = scene.lend(100, scene.beside)

    with scene.world.hub.database.read() as session:
        assert session.get_one(Kiosk, scene.beside.id).last_lease == given.lease < PASSED_LEASES_FROM


def test_what_passed_can_be_called_back_and_written_off_by_its_number(scene: Neighbours) -> None:
    note = scene.note(100)
    number = passes.lease_of(note.id)
    scene.tell(fence(note))

    recalled = scene.recall(number, scene.beside)
    written = scene.write_off(number, "give_back", scene.beside)

    assert (recalled.result["rest"], written.result["points"]) == (100, 100)
    assert scene.figures() == (600, 400)


@pytest.mark.parametrize("what", ["revoked", "epoch"])
def test_a_kiosk_that_cannot_take_it_is_lent_nothing_and_a_person_can_end_it(scene: Neighbours, what: str) -> None:
    note = scene.note(100, to_epoch=scene.world.new_id() if what == "epoch" else scene.beside.epoch)
    if what == "revoked":
        with scene.world.hub.database.write() as session:
            session.get_one(Kiosk, scene.beside.id).state = "revoked"

    [outcome] = scene.tell(fence(note))

    assert outcome.is_applied
    assert duties(scene) == []
    assert scene.write_off(passes.lease_of(note.id), "give_back", scene.beside).is_applied
    assert scene.figures() == (600, 400)


def test_journals_with_passes_in_them_are_proved(scene: Neighbours) -> None:
    notes: list[PassNote] = [scene.note(100), scene.note(50)]
    scene.tell(fence(notes[0]))
    scene.tell_beside(*(taken(note, scene.here) for note in notes), *spent(notes[0], scene.world.new_id()))
    scene.tell(fence(notes[1]), LeaseClosed(scene.grant.lease, 150))
    scene.world.clock.pass_(hours=2)
    hub = scene.world.hub

    proof = JournalProver(hub.database, hub.random_bytes).run(scene.world.clock.now)

    assert (proof.faults, proof.told) == (0, [])


def test_a_pass_that_moved_nothing_is_found_by_the_proof(scene: Neighbours) -> None:
    scene.tell(fence(scene.note(100)))
    scene.world.clock.pass_(hours=2)
    hub = scene.world.hub
    with hub.database.write() as session:
        passed = session.execute(select(Transfer).where(Transfer.kind == "lease.passed")).scalar_one()
        passed.amount = 99

    proof = JournalProver(hub.database, hub.random_bytes).run(scene.world.clock.now)

    assert [fault for fault in proof.told if "should have moved 100" in fault] != []


def test_a_lease_taken_from_a_note_needs_no_word_of_the_hub_that_lent_it(scene: Neighbours) -> None:
    note = scene.note(100)

    [outcome] = scene.tell_beside(LeaseAccepted(passes.lease_of(note.id), scene.member, 100))

    assert outcome.code is ErrorCode.LEASE_UNKNOWN
