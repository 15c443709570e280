import pytest
from msgspec import json
from sqlalchemy import update

from hub.fleet.models import Kiosk
from hub.messaging.ingest import Arrival
from protocol import topics
from protocol.chain import GENESIS, link
from protocol.envelope import NO_EPOCH
from protocol.errors import ErrorCode
from protocol.events import EventUnreadable, JournalRepaired
from protocol.ids import shard_of
from protocol.limits import MESSAGE_MAX_BYTES
from protocol.topics import Channel
from tests.hub.messaging.line import Line, envelope, sealed
from tests.hub.world import TestKiosk


def refused(line: Line, kiosk: TestKiosk) -> str:
    receipt = line.receipt(kiosk)
    assert receipt.upto == 0
    return str(receipt.refused)


def test_a_batch_signed_by_another_key_is_refused(line: Line) -> None:
    kiosk, stranger = line.world.add_kiosk(), line.world.add_kiosk()
    kiosk.key = stranger.key

    line.arrive(envelope(line.world, kiosk, JournalRepaired()))

    assert refused(line, kiosk) == ErrorCode.SIGNATURE_INVALID


def test_a_batch_under_the_name_of_another_kiosk_is_refused(line: Line) -> None:
    kiosk, victim = line.world.add_kiosk(), line.world.add_kiosk()
    batch = envelope(line.world, victim, JournalRepaired())

    line.arrive(Arrival(topics.of_kiosk(kiosk.id, Channel.EVENTS), batch.payload))

    assert refused(line, kiosk) == ErrorCode.SIGNATURE_INVALID


def test_a_batch_whose_events_are_not_those_that_were_signed_is_refused(line: Line) -> None:
    world, kiosk = line.world, line.world.add_kiosk()
    batch = envelope(world, kiosk, world.purchase(world.add_member(), 100))

    line.arrive(Arrival(batch.topic, batch.payload.replace(b'"amount":100', b'"amount":999')))

    assert refused(line, kiosk) == ErrorCode.CHAIN_BROKEN


def test_a_batch_that_counts_wrongly_is_refused(line: Line) -> None:
    world, kiosk = line.world, line.world.add_kiosk()
    raws = [kiosk.journal(JournalRepaired(), world)[1] for _ in range(2)]

    line.arrive(sealed(kiosk, raws, GENESIS, 2))

    assert refused(line, kiosk) == ErrorCode.MESSAGE_UNDECODABLE


@pytest.mark.parametrize("rubbish", [b"", b"{", b"\xff\xfe", b"[]", b'{"v":2}', b"null", b'{"v":1,"kiosk":5}'])
def test_rubbish_is_refused_and_does_not_hurt(line: Line, rubbish: bytes) -> None:
    kiosk = line.world.add_kiosk()

    line.arrive(Arrival(topics.of_kiosk(kiosk.id, Channel.EVENTS), rubbish))

    receipt = line.receipt(kiosk)
    assert receipt.refused == ErrorCode.MESSAGE_UNDECODABLE
    assert receipt.epoch == NO_EPOCH


def test_an_oversized_message_is_refused(line: Line) -> None:
    kiosk = line.world.add_kiosk()

    line.arrive(Arrival(topics.of_kiosk(kiosk.id, Channel.EVENTS), b" " * (MESSAGE_MAX_BYTES + 1)))

    assert line.receipt(kiosk).refused == ErrorCode.MESSAGE_TOO_LARGE


def test_a_message_under_a_foreign_shard_is_refused(line: Line) -> None:
    world, kiosk = line.world, line.world.add_kiosk()
    batch = envelope(world, kiosk, world.purchase(world.add_member(), 100))
    foreign = (shard_of(kiosk.id) + 1) % 256

    line.arrive(Arrival(batch.topic.replace(f"/{shard_of(kiosk.id)}/", f"/{foreign}/", 1), batch.payload))

    assert refused(line, kiosk) == ErrorCode.SHARD_FOREIGN


def test_a_revoked_kiosk_is_refused(line: Line) -> None:
    world, kiosk = line.world, line.world.add_kiosk()
    with world.hub.database.write() as session:
        session.execute(update(Kiosk).values(state="revoked"))

    line.arrive(envelope(world, kiosk, JournalRepaired()))

    assert refused(line, kiosk) == ErrorCode.KIOSK_UNKNOWN


def test_a_second_journal_is_refused_until_accepted(line: Line) -> None:
    world, kiosk = line.world, line.world.add_kiosk()
    line.arrive(line.born(kiosk))
    kiosk.epoch = world.new_id()

    line.arrive(envelope(world, kiosk, JournalRepaired()))

    assert refused(line, kiosk) == ErrorCode.EPOCH_UNKNOWN


def test_a_refused_batch_holds_up_nobody_else(line: Line) -> None:
    world = line.world
    bad, good, member = world.add_kiosk(), world.add_kiosk(), world.add_member()

    line.arrive(
        Arrival(topics.of_kiosk(bad.id, Channel.EVENTS), b"rubbish"),
        envelope(world, good, world.purchase(member, 100)),
    )

    assert line.receipt(good).upto == 1
    assert world.balance(member) == 1


def test_a_kiosk_whose_key_cannot_be_read_holds_up_nobody_else(line: Line) -> None:
    world = line.world
    bad, good, member = world.add_kiosk(), world.add_kiosk(), world.add_member()
    with world.hub.database.write() as session:
        session.execute(update(Kiosk).where(Kiosk.id == bad.id).values(public_key=b"no key"))

    line.arrive(envelope(world, bad, JournalRepaired()), envelope(world, good, world.purchase(member, 100)))

    assert refused(line, bad) == ErrorCode.MESSAGE_UNDECODABLE
    assert world.balance(member) == 1


def test_an_unreadable_event_that_is_not_even_base_64_is_refused(line: Line) -> None:
    kiosk = line.world.add_kiosk()

    line.arrive(envelope(line.world, kiosk, EventUnreadable("no base 64!")))

    assert refused(line, kiosk) == ErrorCode.MESSAGE_UNDECODABLE


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "a\0b"},
        {"by": "a\0b"},
        {"occurred_at": "0001-01-01T00:00:00+14:00"},
        {"occurred_at": "9999-12-31T23:59:59-12:00"},
    ],
)
def test_an_event_that_no_database_takes_is_refused(line: Line, change: dict[str, str]) -> None:
    world, kiosk = line.world, line.world.add_kiosk()
    _event, raw, _place = kiosk.journal(JournalRepaired(), world)
    wire = json.encode({**json.decode(raw), **change})
    kiosk.head = link(GENESIS, wire)

    line.arrive(sealed(kiosk, [wire], GENESIS, 1))

    assert refused(line, kiosk) == ErrorCode.MESSAGE_UNDECODABLE


def test_unknown_topics_are_skipped(line: Line) -> None:
    assert line.arrive(Arrival("elsewhere/x", b"1"), Arrival("mt/1/300/k/up/ev", b"1")) != [None]
