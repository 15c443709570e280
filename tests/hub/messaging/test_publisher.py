from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

import pytest
from msgspec import Struct
from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from hub.fleet import queries as fleet
from hub.fleet.models import Duty as DutyRow
from hub.fleet.models import Kiosk, MemberCopy
from hub.messaging.publisher import RESEND_S, Publication, Publisher
from hub.rewards.service import CATALOGUE
from protocol import codec, topics
from protocol.duties import Duty
from protocol.state import MemberSnapshot, Note, TwinPointer
from protocol.topics import Channel
from tests.hub.world import TestKiosk, World

Message = TypeVar("Message", bound=Struct)


class Desk:
    """A publisher with kiosks that are connected, and rows for it to find."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.publisher = Publisher(world.hub.vault)
        self.sent: Sequence[Publication] = ()

    def connect(self) -> TestKiosk:
        kiosk = self.world.add_kiosk()
        self.publisher.came(kiosk.id)
        return kiosk

    def write(self) -> Session:
        return self.world.hub.database.write()  # type: ignore[return-value]

    def give_duty(self, kiosk: TestKiosk, number: int) -> None:
        with self.write() as session:
            session.add(
                DutyRow(
                    kiosk=kiosk.id,
                    number=number,
                    kind="lease.recall",
                    body=f'{{"lease":{number}}}',
                    given_at=self.world.clock.now,
                    done_at=None,
                )
            )

    def copy(self, kiosk: TestKiosk, member: UUID, *, wanted: int, held: int = 0) -> None:
        with self.write() as session:
            session.merge(MemberCopy(kiosk=kiosk.id, member=member, wanted=wanted, held=held))

    def flush(self) -> None:
        with self.world.hub.database.read() as session:
            self.sent = self.publisher.flush(session, self.world.clock.now)

    def heard(self, kiosk: TestKiosk, channel: Channel, message: type[Message]) -> list[Message]:
        self.flush()
        topic = topics.of_kiosk(kiosk.id, channel)
        return [codec.decode(sent.payload, message) for sent in self.sent if sent.topic == topic]


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


def test_duties_come_in_the_order_of_their_numbers_with_their_bytes_unchanged(desk: Desk) -> None:
    kiosk = desk.connect()
    for number in (2, 1, 3):
        desk.give_duty(kiosk, number)

    duties = desk.heard(kiosk, Channel.DUTIES, Duty)

    assert [duty.number for duty in duties] == [1, 2, 3]
    assert [bytes(duty.body) for duty in duties] == [b'{"lease":1}', b'{"lease":2}', b'{"lease":3}']


def test_a_kiosk_that_is_not_connected_is_sent_nothing(desk: Desk) -> None:
    kiosk, member = desk.world.add_kiosk(), desk.world.add_member()
    desk.give_duty(kiosk, 1)
    desk.copy(kiosk, member, wanted=1)

    desk.flush()

    assert [sent.topic for sent in desk.sent] == [topics.of_group(topics.EVERYONE)]


def test_a_kiosk_that_went_is_sent_nothing_more(desk: Desk) -> None:
    kiosk = desk.connect()
    desk.give_duty(kiosk, 1)

    desk.publisher.went(kiosk.id)

    assert desk.heard(kiosk, Channel.DUTIES, Duty) == []


def test_a_new_duty_does_not_send_the_ones_before_it_again(desk: Desk) -> None:
    kiosk = desk.connect()
    desk.give_duty(kiosk, 1)
    desk.flush()

    desk.give_duty(kiosk, 2)

    assert [duty.number for duty in desk.heard(kiosk, Channel.DUTIES, Duty)] == [2]


def test_a_duty_that_was_sent_just_within_the_waiting_time_is_not_sent_again(desk: Desk) -> None:
    kiosk = desk.connect()
    desk.give_duty(kiosk, 1)
    desk.flush()

    desk.world.clock.pass_(seconds=RESEND_S - 0.001)
    just_before = desk.heard(kiosk, Channel.DUTIES, Duty)
    desk.world.clock.pass_(seconds=0.001)

    assert just_before == []
    assert len(desk.heard(kiosk, Channel.DUTIES, Duty)) == 1


def test_what_is_reported_by_one_kiosk_stays_open_for_another(desk: Desk) -> None:
    first, second = desk.connect(), desk.connect()
    for kiosk in (first, second):
        desk.give_duty(kiosk, 1)

    with desk.write() as session:
        fleet.close_duties(session, first.id, 1, desk.world.clock.now)

    assert desk.heard(first, Channel.DUTIES, Duty) == []
    desk.publisher.resend_duties(second.id)
    assert len(desk.heard(second, Channel.DUTIES, Duty)) == 1


def test_a_newer_snapshot_is_sent_at_once_and_the_same_one_only_after_a_while(desk: Desk) -> None:
    kiosk, member = desk.connect(), desk.world.add_member()
    desk.world.earn(member, 10)
    desk.copy(kiosk, member, wanted=1)
    first = desk.heard(kiosk, Channel.MEMBERS, MemberSnapshot)

    at_once = desk.heard(kiosk, Channel.MEMBERS, MemberSnapshot)
    desk.world.earn(member, 5)
    newer = desk.heard(kiosk, Channel.MEMBERS, MemberSnapshot)

    assert [snapshot.points for snapshot in first] == [10]
    assert at_once == []
    assert [snapshot.points for snapshot in newer] == [15]


def test_a_snapshot_that_a_kiosk_holds_is_not_sent(desk: Desk) -> None:
    kiosk, member = desk.connect(), desk.world.add_member()
    desk.copy(kiosk, member, wanted=3, held=3)

    assert desk.heard(kiosk, Channel.MEMBERS, MemberSnapshot) == []


def test_a_kiosk_that_comes_again_is_sent_its_snapshots_again(desk: Desk) -> None:
    kiosk, member = desk.connect(), desk.world.add_member()
    desk.world.earn(member, 10)
    desk.copy(kiosk, member, wanted=1)
    desk.flush()
    without = desk.heard(kiosk, Channel.MEMBERS, MemberSnapshot)

    desk.publisher.came(kiosk.id)

    assert without == []
    assert len(desk.heard(kiosk, Channel.MEMBERS, MemberSnapshot)) == 1


def test_a_large_change_is_sent_in_portions_and_nothing_twice(small_world: World) -> None:
    desk = Desk(small_world)
    kiosk = desk.connect()
    with desk.write() as session:
        known = [small_world.add_member_in(session) for _ in range(fleet.STALE_COPIES_MAX // 4 + 1)]
    small_world.book(*(small_world.posted(small_world.purchase(member, 100)) for member in known))
    kiosks = [kiosk, *(desk.connect() for _ in range(3))]
    copies = [{"kiosk": each.id, "member": member, "wanted": 1, "held": 0} for each in kiosks for member in known]
    with desk.write() as session:
        session.execute(insert(MemberCopy), copies)

    portions = []
    for _ in range(3):
        desk.flush()
        portions.append([(sent.topic, sent.payload) for sent in desk.sent if sent.topic.endswith("/dn/mem")])

    assert [len(portion) for portion in portions] == [fleet.STALE_COPIES_MAX, 4, 0]
    assert len({*portions[0], *portions[1]}) == fleet.STALE_COPIES_MAX + 4


def test_a_new_catalogue_is_announced_to_everybody_and_kept_by_the_broker(desk: Desk) -> None:
    desk.flush()
    with desk.write() as session:
        fleet.raise_version(session, CATALOGUE)

    desk.flush()

    [note] = desk.sent
    assert (note.topic, note.retain) == (topics.of_group(topics.EVERYONE), True)
    assert codec.decode(note.payload, Note) == Note(catalogue=2, programme=1)


def test_a_new_configuration_is_pointed_to_once(desk: Desk) -> None:
    kiosk, other = desk.connect(), desk.connect()
    desk.flush()
    with desk.write() as session:
        session.execute(update(Kiosk).where(Kiosk.id == kiosk.id).values(configuration=2))

    pointers = desk.heard(kiosk, Channel.TWIN, TwinPointer)

    assert pointers == [TwinPointer(2)]
    assert all(sent.retain for sent in desk.sent)
    assert desk.heard(kiosk, Channel.TWIN, TwinPointer) == []
    assert desk.heard(other, Channel.TWIN, TwinPointer) == []


def test_duties_and_snapshots_are_not_kept_by_the_broker(desk: Desk) -> None:
    kiosk, member = desk.connect(), desk.world.add_member()
    desk.give_duty(kiosk, 1)
    desk.copy(kiosk, member, wanted=1)

    desk.flush()

    kept = {sent.topic for sent in desk.sent if sent.retain}
    assert kept == {topics.of_group(topics.EVERYONE), topics.of_kiosk(kiosk.id, Channel.TWIN)}
