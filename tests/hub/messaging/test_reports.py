"""What kiosks report to have done and to hold, and how it heals what hub and kiosk think differently of."""

from uuid import UUID

import pytest
from sqlalchemy import delete

from hub.fleet import service as fleet_service
from hub.fleet.models import MemberCopy
from hub.messaging import versions
from hub.messaging.ingest import Arrival
from hub.messaging.publisher import RESEND_S
from hub.privacy import erasure
from hub.privacy.models import Erasure
from hub.privacy.tombstones import Tombstone
from protocol import codec, topics
from protocol.duties import Duty, Holding, Report
from protocol.requests import PresentCard
from protocol.state import MemberSnapshot
from protocol.topics import Channel
from tests.hub.messaging.line import Line
from tests.hub.world import TestKiosk, World

OLD_HUB = UUID(int=1)


def report(line: Line, kiosk: TestKiosk, **said: object) -> None:
    topic = topics.of_kiosk(kiosk.id, Channel.REPORTS)
    line.arrive(Arrival(topic, codec.encode(Report(**{"duties": 0, **said}))))  # type: ignore[arg-type]


def learn(line: Line, kiosk: TestKiosk) -> UUID:
    """Have a member come to a kiosk."""
    world, member = line.world, line.world.add_member()
    world.earn(member, 900)
    line.arrive(line.born(kiosk), line.ask(kiosk, PresentCard(world.tap(world.add_card(member)))))
    return member


def known(line: Line, kiosk: TestKiosk) -> MemberSnapshot:
    """The snapshot of a member that a kiosk was pushed, and has reported."""
    line.world.earn(learn(line, kiosk), 50)
    [snapshot] = line.flushed(kiosk, Channel.MEMBERS, MemberSnapshot)
    report(line, kiosk, members={snapshot.member: snapshot.version})
    return snapshot


def restore(world: World) -> UUID:
    """What is done to a database that has been put back."""
    with world.hub.database.write() as session:
        epoch = fleet_service.begin_epoch(session, world.clock.now, world.random.randbytes)
        versions.raise_all(session, world.clock.now)
    return epoch


def erase_again(world: World, member: UUID) -> None:
    """Erase a member whom the list outside the database names."""
    world.hub.eraser.tombstones.add(Tombstone(member, world.clock.now))
    with world.hub.database.write() as session:
        assert world.hub.eraser.repeat(session, world.clock.now) == 1


@pytest.mark.parametrize(("holding", "sent"), [((1, 0), 0), ((1, -1), 1), ((0, None), 1)])
def test_a_kiosk_that_holds_other_snapshots_than_it_reported_is_sent_all_again(
    line: Line, holding: tuple[int, int | None], sent: int
) -> None:
    kiosk = line.world.add_kiosk()
    snapshot = known(line, kiosk)
    line.arrive(line.born(kiosk, 2))
    count, older = holding

    report(line, kiosk, holding=Holding(count, 0 if older is None else snapshot.version + older))

    found = line.heard(kiosk, Channel.MEMBERS, MemberSnapshot)
    assert [one.version for one in found] == [snapshot.version] * sent


def test_versions_that_rose_by_the_clock_add_up_still(line: Line) -> None:
    kiosk = line.world.add_kiosk()
    for _ in range(2):
        known(line, kiosk)
    restore(line.world)
    held = {one.member: one.version for one in line.flushed(kiosk, Channel.MEMBERS, MemberSnapshot)}
    report(line, kiosk, members=held)
    line.arrive(line.born(kiosk, 2))

    report(line, kiosk, holding=Holding.of(len(held), sum(held.values())))

    assert sum(held.values()) > 2 * 10**12
    assert line.heard(kiosk, Channel.MEMBERS, MemberSnapshot) == []


def test_whom_a_kiosk_holds_without_the_hubs_knowledge_it_is_told_of_again(line: Line) -> None:
    world, kiosk = line.world, line.world.add_kiosk()
    snapshot, stranger = known(line, kiosk), world.new_id()
    with world.hub.database.write() as session:
        session.execute(delete(MemberCopy))

    report(line, kiosk, members={snapshot.member: snapshot.version, stranger: 4})
    world.clock.pass_(seconds=RESEND_S)
    found = line.flushed(kiosk, Channel.MEMBERS, MemberSnapshot)
    report(line, kiosk, members={snapshot.member: snapshot.version})

    assert [one.member for one in found] == [snapshot.member]
    with world.hub.database.read() as session:
        [copy] = session.query(MemberCopy).all()
        assert (copy.wanted, copy.held) == (1, snapshot.version)


def test_duties_of_before_a_restore_are_not_those_that_have_their_numbers_now(line: Line) -> None:
    world, kiosk = line.world, line.world.add_kiosk()
    member, epoch = learn(line, kiosk), restore(world)
    erase_again(world, member)

    report(line, kiosk, duties=9, hub_epoch=OLD_HUB)
    still = line.heard(kiosk, Channel.DUTIES, Duty)
    report(line, kiosk, duties=9, hub_epoch=epoch)
    world.clock.pass_(seconds=RESEND_S)

    assert [duty.kind for duty in still] == ["member.forget"]
    assert line.flushed(kiosk, Channel.DUTIES, Duty) == []


def test_an_erasure_that_a_restore_repeats_ends_though_its_duty_gets_another_number(line: Line) -> None:
    world, kiosk = line.world, line.world.add_kiosk()
    member = learn(line, kiosk)
    epoch = restore(world)
    erase_again(world, member)
    world.clock.pass_(seconds=5)

    line.arrive(line.born(kiosk, 2, duties=5, hub_epoch=OLD_HUB))
    [told] = line.heard(kiosk, Channel.DUTIES, Duty)
    report(line, kiosk, duties=told.number, hub_epoch=epoch)

    assert told.number > 5
    with world.hub.database.write() as session:
        assert erasure.finish(session, world.clock.now, world.random.randbytes) == 1
        assert session.get_one(Erasure, member).done_at is not None


def test_a_kiosk_that_holds_somebody_who_was_erased_is_made_to_forget(line: Line) -> None:
    world, kiosk = line.world, line.world.add_kiosk()
    member = learn(line, kiosk)
    with world.hub.database.write() as session:
        session.execute(delete(MemberCopy))
    restore(world)
    erase_again(world, member)

    report(line, kiosk, members={member: 3})
    with world.hub.database.write() as session:
        erasure.finish(session, world.clock.now, world.random.randbytes)

    assert [duty.kind for duty in line.flushed(kiosk, Channel.DUTIES, Duty)] == ["member.forget"]
