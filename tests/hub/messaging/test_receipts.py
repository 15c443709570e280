from typing import Any
from uuid import UUID

import pytest
from msgspec import UNSET

from hub.booking.models import Fact
from hub.fleet.models import Stream
from hub.intake import Outcome, Verdict
from hub.messaging.envelopes import Batch
from hub.messaging.receipts import REFUSES_BATCH, Refused, StreamKey, receipts, refused_by_booking
from protocol import codec, topics
from protocol.chain import GENESIS
from protocol.envelope import NO_EPOCH, Envelope, Receipt
from protocol.errors import ErrorCode
from protocol.events import JournalRepaired
from protocol.topics import Channel
from tests.hub.world import START, TestKiosk, World


def add_stream(world: World, kiosk: TestKiosk, upto: int, **verdicts: tuple[str, ErrorCode]) -> StreamKey:
    """A journal that is booked up to a number; `s3=("parked", code)` says what became of its third event."""
    with world.hub.database.write() as session:
        session.add(
            Stream(
                kiosk=kiosk.id,
                epoch=kiosk.epoch,
                state="accepted",
                upto=upto,
                hash=bytes([upto]) * 32,
                effective_at=START,
                opened_at=START,
            )
        )
        for seq in range(1, upto + 1):
            verdict, code = verdicts.get(f"s{seq}", ("applied", None))
            session.add(make_fact(world, kiosk, seq=seq, verdict=verdict, code=code))
    return kiosk.id, kiosk.epoch


def make_fact(world: World, kiosk: TestKiosk, **overrides: Any) -> Fact:
    fields = {
        "id": world.new_id(),
        "kind": "journal.repaired",
        "actor": f"kiosk:{kiosk.id}",
        "fingerprint": bytes(32),
        "result": {},
        "kiosk": kiosk.id,
        "epoch": kiosk.epoch,
        "raw": b"{}",
        "occurred_at": START,
        "received_at": START,
        "effective_at": START,
    }
    return Fact(**{**fields, **overrides})


def told(world: World, confirmed: dict[StreamKey, int], *refused: tuple[str, Refused]) -> list[tuple[str, Receipt]]:
    with world.hub.database.read() as session:
        sent = list(receipts(session, confirmed, refused, START))
    return [(each.topic, codec.decode(each.payload, Receipt)) for each in sent]


def test_nothing_heard_is_nothing_receipted(world: World) -> None:
    assert told(world, {}) == []


def test_a_receipt_says_how_far_a_journal_is_booked(world: World) -> None:
    kiosk = world.add_kiosk()
    key = add_stream(world, kiosk, 3)

    [(topic, receipt)] = told(world, {key: 0})

    assert topic == topics.of_kiosk(kiosk.id, Channel.RECEIPTS)
    assert (receipt.epoch, receipt.upto, receipt.hash) == (kiosk.epoch, 3, "03" * 32)
    assert (receipt.hub_epoch, receipt.refused, receipt.first_seq) == (UUID(int=1), UNSET, UNSET)


def test_everything_after_what_the_kiosk_confirmed_is_listed_again(world: World) -> None:
    kiosk = world.add_kiosk()
    unknown, conflict = ErrorCode.KIND_UNKNOWN, ErrorCode.EVENT_CONFLICT
    key = add_stream(
        world,
        kiosk,
        5,
        s1=("parked", unknown),
        s2=("rejected", conflict),
        s4=("parked", unknown),
        s5=("rejected", conflict),
    )

    [(_topic, of_all)] = told(world, {key: 0})
    [(_topic, of_rest)] = told(world, {key: 2})

    assert [(verdict.seq, verdict.code) for verdict in of_all.rejected] == [(2, conflict), (5, conflict)]
    assert [(verdict.seq, verdict.code) for verdict in of_all.parked] == [(1, unknown), (4, unknown)]
    assert [verdict.seq for verdict in of_rest.rejected] == [5]
    assert [verdict.seq for verdict in of_rest.parked] == [4]


def test_a_journal_that_is_new_to_the_hub_is_told_to_begin_at_the_beginning(world: World) -> None:
    kiosk = world.add_kiosk()

    [(_topic, receipt)] = told(world, {(kiosk.id, kiosk.epoch): 7})

    assert (receipt.upto, receipt.hash) == (0, GENESIS.hex())


def test_each_journal_gets_a_receipt_of_its_own(world: World) -> None:
    first, second = world.add_kiosk(), world.add_kiosk()
    keys = {
        add_stream(world, first, 2, s1=("parked", ErrorCode.KIND_UNKNOWN)): 0,
        add_stream(world, second, 1): 0,
    }

    by_topic = dict(told(world, keys))

    one, other = (by_topic[topics.of_kiosk(kiosk.id, Channel.RECEIPTS)] for kiosk in (first, second))
    assert (one.upto, len(one.parked)) == (2, 1)
    assert (other.upto, other.parked) == (1, [])


def test_a_refused_batch_is_named_and_told_where_the_journal_really_stands(world: World) -> None:
    kiosk = world.add_kiosk()
    key = add_stream(world, kiosk, 4)
    refused = Refused(kiosk.epoch, 9, ErrorCode.CHAIN_BROKEN)

    [(_topic, receipt)] = told(world, {key: 0}, (kiosk.id, refused))

    assert (receipt.refused, receipt.first_seq, receipt.upto) == (ErrorCode.CHAIN_BROKEN, 9, 4)


@pytest.mark.parametrize(
    "payload", [b"", b"\xff\xfe", b"[]", b"null", b'{"epoch": 7}', b'{"first_seq": "x"}', b"{" * 500]
)
def test_a_batch_of_which_nothing_can_be_read_is_named_by_nothing(payload: bytes) -> None:
    refused = Refused.of(payload, ErrorCode.MESSAGE_UNDECODABLE)

    assert refused == Refused(NO_EPOCH, 0, ErrorCode.MESSAGE_UNDECODABLE)


def test_a_batch_is_named_by_what_can_still_be_read_of_it() -> None:
    epoch = UUID(int=5)

    refused = Refused.of(b'{"epoch": "%s", "first_seq": 12, "events": 3}' % str(epoch).encode(), ErrorCode.CHAIN_BROKEN)

    assert (refused.epoch, refused.first_seq) == (epoch, 12)


def batch_of(kiosk: TestKiosk, size: int, world: World) -> Batch:
    items = [world.told(kiosk, JournalRepaired()) for _ in range(size)]
    envelope = Envelope(
        kiosk=kiosk.id,
        epoch=kiosk.epoch,
        connection=1,
        first_seq=1,
        prev=GENESIS.hex(),
        head=kiosk.head.hex(),
        confirmed=0,
        events=[],
        sig="",
    )
    return Batch(envelope, items)


def test_each_batch_is_judged_by_its_own_first_event(small_world: World) -> None:
    first, second = small_world.add_kiosk(), small_world.add_kiosk()
    batches = [batch_of(first, 3, small_world), batch_of(second, 2, small_world)]
    fine, broken = Outcome(Verdict.APPLIED), Outcome(Verdict.REJECTED, ErrorCode.CHAIN_BROKEN)

    refused = list(refused_by_booking(batches, [fine, fine, fine, broken, broken]))

    assert refused == [(second.id, Refused(second.epoch, 1, ErrorCode.CHAIN_BROKEN))]


def test_a_verdict_on_one_event_does_not_refuse_its_batch(small_world: World) -> None:
    batch = batch_of(small_world.add_kiosk(), 1, small_world)
    verdicts = [Outcome(Verdict.REJECTED, code) for code in ErrorCode if code not in REFUSES_BATCH]

    assert verdicts
    assert all(list(refused_by_booking([batch], [verdict])) == [] for verdict in verdicts)
