import base64
from uuid import UUID

from msgspec import UNSET
from sqlalchemy import select

from hub.audit.service import Act, audit
from hub.fleet.models import Sighting, Stream
from hub.messaging.ingest import BORN_AGAIN_H, Arrival
from hub.messaging.publisher import Publication
from protocol import codec, topics
from protocol.chain import GENESIS
from protocol.events import EventUnreadable, JournalRepaired
from protocol.state import Heartbeat, HubStatus, KioskStatus, TwinPointer
from protocol.topics import Channel
from provisioning import keys
from tests.hub.messaging.line import Line, envelope, sealed
from tests.hub.world import TestKiosk


def test_a_genuine_batch_is_booked_and_receipted(line: Line) -> None:
    world, kiosk = line.world, line.world.add_kiosk()
    member = world.add_member()

    line.arrive(envelope(world, kiosk, world.purchase(member, 100), world.purchase(member, 200)))

    receipt = line.receipt(kiosk)
    assert (receipt.upto, receipt.hash, receipt.epoch) == (2, kiosk.head.hex(), kiosk.epoch)
    assert receipt.hub_epoch == UUID(int=1)
    assert world.balance(member) == 3


def test_a_repeated_batch_gets_the_same_receipt_and_counts_once(line: Line) -> None:
    world, kiosk = line.world, line.world.add_kiosk()
    member = world.add_member()
    batch = envelope(world, kiosk, world.purchase(member, 100))
    line.arrive(batch)
    first = line.receipt(kiosk)

    line.arrive(batch, batch)

    assert line.receipt(kiosk) == first
    assert world.balance(member) == 1


def test_a_receipt_names_all_that_was_refused_since_the_last_confirmed_one(line: Line) -> None:
    world, kiosk = line.world, line.world.add_kiosk()
    stranger = UUID(int=5 << 64)
    line.arrive(envelope(world, kiosk, world.purchase(stranger, 100)))

    line.arrive(envelope(world, kiosk, world.purchase(world.add_member(), 100), confirmed=0))

    assert [(verdict.seq, verdict.code) for verdict in line.receipt(kiosk).rejected] == [(1, "member.unknown")]


def test_a_receipt_does_not_repeat_what_the_kiosk_has_confirmed(line: Line) -> None:
    world, kiosk = line.world, line.world.add_kiosk()
    line.arrive(envelope(world, kiosk, world.purchase(UUID(int=5 << 64), 100)))

    line.arrive(envelope(world, kiosk, world.purchase(world.add_member(), 100), confirmed=1))

    assert line.receipt(kiosk).rejected == []


def test_batches_of_several_kiosks_are_booked_together(line: Line) -> None:
    world = line.world
    kiosks, member = [world.add_kiosk() for _ in range(3)], world.add_member()

    line.arrive(*(envelope(world, kiosk, world.purchase(member, 100)) for kiosk in kiosks))

    assert [line.receipt(kiosk).upto for kiosk in kiosks] == [1, 1, 1]
    assert world.balance(member) == 3


def test_an_unreadable_event_is_parked_byte_for_byte_and_the_chain_goes_on(line: Line) -> None:
    world, kiosk = line.world, line.world.add_kiosk()
    event, raw, _place = kiosk.journal(JournalRepaired(), world)
    wrapped = EventUnreadable(base64.b64encode(raw).decode())
    wire = codec.encode(
        type(event)(event.seq, event.id, "event.unreadable", event.occurred_at, "ntp", "kiosk", codec.raw(wrapped))
    )
    line.arrive(sealed(kiosk, [wire], GENESIS, 1))
    parked = line.receipt(kiosk).parked

    line.arrive(envelope(world, kiosk, world.purchase(world.add_member(), 100)))

    assert [(verdict.seq, verdict.code) for verdict in parked] == [(1, "message.undecodable")]
    assert line.receipt(kiosk).upto == 2


def test_a_birth_is_answered_with_how_far_the_hub_is(line: Line) -> None:
    world, kiosk = line.world, line.world.add_kiosk()
    line.arrive(envelope(world, kiosk, JournalRepaired()))

    line.arrive(line.born(kiosk))

    assert line.receipt(kiosk).upto == 1
    [pointer] = line.heard(kiosk, Channel.TWIN, TwinPointer)
    assert pointer.version == 1


def test_a_birth_of_an_unknown_kiosk_is_told_nothing_it_could_use(line: Line) -> None:
    stranger = TestKiosk("k-00000000000000000000000000", keys.seeded_key(bytes(32)), line.world.new_id())

    line.arrive(line.born(stranger))

    assert line.receipt(stranger).upto == 0
    with line.world.hub.database.read() as session:
        assert session.query(Sighting).count() == 0
        assert session.query(Stream).count() == 0


def test_an_old_death_does_not_bury_a_newer_connection(line: Line) -> None:
    kiosk = line.world.add_kiosk()
    lost = codec.encode(KioskStatus(state="lost", connection=1))

    line.arrive(line.born(kiosk, 1), line.born(kiosk, 2))
    line.arrive(Arrival(topics.of_kiosk(kiosk.id, Channel.STATUS), lost))

    with line.world.hub.database.read() as session:
        assert session.execute(select(Sighting.state)).scalar_one() == "online"


def test_a_heartbeat_is_kept(line: Line) -> None:
    kiosk = line.world.add_kiosk()
    beat = Heartbeat(
        at=line.world.clock.now,
        clock="ntp",
        unconfirmed=3,
        oldest_unconfirmed_s=9,
        reader="ready",
        frame_age_ms=10,
        disk_free_bytes=1,
        memory_bytes=1,
        journal="writable",
    )

    line.arrive(line.born(kiosk))
    line.arrive(Arrival(topics.of_kiosk(kiosk.id, Channel.TELEMETRY), codec.encode(beat)))

    with line.world.hub.database.read() as session:
        assert session.execute(select(Sighting)).scalar_one().heartbeat["unconfirmed"] == 3


def test_the_hub_says_that_it_is_there_and_which_database_it_stands_on(line: Line) -> None:
    birth = line.ingest.birth(line.world.clock.now)

    assert birth.retain
    assert codec.decode(birth.payload, HubStatus) == HubStatus(online=True, hub_epoch=UUID(int=1))


def test_kiosks_are_told_where_the_audit_log_ends_and_again_after_a_while(line: Line) -> None:
    def told(publications: list[Publication]) -> list[int]:
        statuses = [codec.decode(one.payload, HubStatus) for one in publications if one.topic == topics.HUB_STATUS]
        return [status.audit.number for status in statuses if status.audit is not UNSET]

    world = line.world
    act = Act("console", "key.made", "k", {}, {})
    with world.hub.database.write() as session:
        audit(session, act, world.clock.now, world.random.randbytes)
    first = told([line.ingest.birth(world.clock.now)])
    with world.hub.database.write() as session:
        audit(session, act, world.clock.now, world.random.randbytes)

    soon = told(line.ingest.flush(world.clock.now))
    world.clock.pass_(hours=BORN_AGAIN_H)
    later = [told(line.ingest.flush(world.clock.now)) for _ in range(2)]

    assert (first, soon, later) == ([1], [], [[2], []])
