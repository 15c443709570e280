import base64
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from kiosk.outbox import PAUSE_S, PROGRESS_TIMEOUT_S, Outbox, Settled, Trust
from kiosk.store.events import EventChain, Refused, Stamp
from protocol import codec
from protocol.chain import GENESIS, link_all, signing_input
from protocol.envelope import NO_EPOCH, Envelope, Event, Receipt, Verdict
from protocol.errors import ErrorCode
from protocol.events import CardSeen, EventUnreadable, LeaseClosed
from protocol.limits import BATCH_MAX_BYTES, BATCH_MAX_EVENTS, WINDOW_MAX_BATCHES
from provisioning import keys
from tests.kiosk.builders import EPOCH, NOW, draw, make_card, make_db

KIOSK = "k-00000000000000000000000000"
KEY = keys.seeded_key(bytes(32))
STAMP = Stamp(NOW, "ntp", "kiosk")
HUB = UUID(int=1)


def make_outbox(events: int = 0) -> Outbox:
    chain = EventChain(make_db(), EPOCH)
    for number in range(events):
        chain.append([LeaseClosed(number + 1, 0)], STAMP, draw(1, number))
    outbox = Outbox(chain, KIOSK, lambda data: keys.sign(KEY, data))
    outbox.opened(1, 0.0)
    return outbox


def sent(outbox: Outbox, now: float = 0.0) -> list[Envelope]:
    return [codec.decode(payload, Envelope) for payload in outbox.due(now)]


def receipt(outbox: Outbox, upto: int, **overrides: Any) -> Receipt:
    point = outbox.chain.point_at(upto)
    fields: dict[str, Any] = {
        "epoch": EPOCH,
        "upto": upto,
        "hash": (point.hash if point else GENESIS).hex(),
        "hub_epoch": HUB,
    }
    return Receipt(**{**fields, **overrides})


def test_events_go_out_signed_and_chained() -> None:
    outbox = make_outbox(3)

    [envelope] = sent(outbox)

    raws = [bytes(event) for event in envelope.events]
    assert raws == list(outbox.chain.read(1, 3))
    assert envelope.head == link_all(bytes.fromhex(envelope.prev), raws).hex() == outbox.chain.head.hash.hex()
    signed = signing_input(KIOSK, EPOCH, first_seq=1, previous=GENESIS, head=outbox.chain.head.hash)
    assert keys.is_signed(KEY.public_key(), signed, envelope.sig)


def test_nothing_is_sent_before_the_line_is_open_or_after_it_closed() -> None:
    outbox = make_outbox(1)
    outbox.closed()

    assert sent(outbox) == []


def test_the_window_holds_back_what_comes_behind_it() -> None:
    outbox = make_outbox(BATCH_MAX_EVENTS * (WINDOW_MAX_BATCHES + 2))

    first = sent(outbox)
    outbox.receive(receipt(outbox, BATCH_MAX_EVENTS * 3), 0.0)
    second = sent(outbox)

    assert (len(first), len(second)) == (WINDOW_MAX_BATCHES, 2)
    assert second[0].first_seq == first[-1].first_seq + BATCH_MAX_EVENTS


def test_batches_stay_below_the_largest_message() -> None:
    outbox = make_outbox()
    for number in range(40):
        outbox.chain.append([CardSeen(make_card(url="https://card.example/" + "x" * 480))] * 3, STAMP, draw(3, number))

    envelopes = sent(outbox)

    assert sum(len(envelope.events) for envelope in envelopes) == 120
    assert all(sum(len(bytes(event)) for event in envelope.events) <= BATCH_MAX_BYTES for envelope in envelopes)
    assert len(envelopes) > 1


def test_a_receipt_confirms_for_good() -> None:
    outbox = make_outbox(3)
    sent(outbox)

    settled = outbox.receive(receipt(outbox, 3), 1.0)

    assert settled == Settled(3)
    assert outbox.chain.unconfirmed == 0
    assert sent(outbox, 1000.0) == []


def test_a_receipt_in_the_middle_of_a_batch_confirms_what_it_says() -> None:
    outbox = make_outbox(3)
    sent(outbox)

    assert outbox.receive(receipt(outbox, 2), 1.0) == Settled(2)
    assert outbox.chain.confirmed.seq == 2


def test_verdicts_are_handed_on_and_kept() -> None:
    outbox = make_outbox(3)
    sent(outbox)
    verdicts = {"rejected": [Verdict(1, "member.unknown")], "parked": [Verdict(2, "kind.unknown")]}

    settled = outbox.receive(receipt(outbox, 3, **verdicts), 1.0)

    refused = (Refused(1, "member.unknown", is_final=True), Refused(2, "kind.unknown", is_final=False))
    assert settled == Settled(3, refused)
    assert outbox.chain.verdict_on(2) == refused[1]


def test_the_same_receipt_again_settles_nothing_new() -> None:
    outbox = make_outbox(3)
    sent(outbox)
    outbox.receive(receipt(outbox, 3), 1.0)

    assert outbox.receive(receipt(outbox, 3), 2.0) is None


def test_without_a_receipt_everything_is_sent_again() -> None:
    outbox = make_outbox(3)
    first = sent(outbox, 0.0)

    early, late = sent(outbox, PROGRESS_TIMEOUT_S), sent(outbox, PROGRESS_TIMEOUT_S + 0.1)

    assert early == []
    assert late == first


def test_a_new_connection_begins_after_the_last_receipt() -> None:
    outbox = make_outbox(3)
    sent(outbox)
    outbox.receive(receipt(outbox, 1), 0.0)

    outbox.closed()
    outbox.opened(2, 5.0)
    [envelope] = sent(outbox, 5.0)

    assert (envelope.first_seq, envelope.connection, envelope.confirmed) == (2, 2, 1)


def test_a_restored_hub_is_told_again() -> None:
    outbox = make_outbox(5)
    sent(outbox)
    outbox.receive(receipt(outbox, 5), 0.0)

    outbox.receive(receipt(outbox, 2, hub_epoch=UUID(int=2)), 1.0)
    [envelope] = sent(outbox, 1.0)

    assert (envelope.first_seq, len(envelope.events), envelope.confirmed) == (3, 3, 2)


def test_a_receipt_from_before_a_restore_moves_on_past_what_is_pruned_behind_it() -> None:
    outbox = make_outbox(5)
    sent(outbox)
    overtaken = receipt(outbox, 5)
    outbox.receive(overtaken, 0.0)
    outbox.receive(receipt(outbox, 2, hub_epoch=UUID(int=2)), 1.0)

    outbox.receive(overtaken, 2.0)
    outbox.chain.prune(NOW + timedelta(days=2), 1)
    before = sent(outbox, 2.0)
    outbox.chain.append([LeaseClosed(6, 0)], STAMP, draw(1, 6))

    assert before == []
    assert [envelope.first_seq for envelope in sent(outbox, 2.0)] == [6]


def test_a_hub_that_knows_another_history_ends_sending() -> None:
    outbox = make_outbox(5)
    sent(outbox)

    outbox.receive(receipt(outbox, 3, hash="ff" * 32), 0.0)

    assert outbox.trust is Trust.FORKED
    assert sent(outbox, 1000.0) == []


def test_a_hub_that_knows_more_than_there_is_means_a_restored_disk() -> None:
    outbox = make_outbox(2)

    outbox.receive(receipt(outbox, 9), 0.0)

    assert outbox.trust is Trust.FORKED


def test_a_restored_hub_with_another_history_is_a_fork() -> None:
    outbox = make_outbox(5)
    sent(outbox)
    outbox.receive(receipt(outbox, 5), 0.0)

    outbox.receive(receipt(outbox, 2, hash="ff" * 32), 1.0)

    assert outbox.trust is Trust.FORKED


def test_a_receipt_of_another_journal_is_not_ours() -> None:
    outbox = make_outbox(2)
    sent(outbox)

    assert outbox.receive(receipt(outbox, 2, epoch=UUID(int=0xF)), 0.0) is None
    assert outbox.chain.unconfirmed == 2


def refuse(outbox: Outbox, code: ErrorCode, first_seq: int, **overrides: Any) -> None:
    outbox.receive(receipt(outbox, 0, refused=code, first_seq=first_seq, **overrides), 0.0)


def test_an_unreadable_batch_is_halved_until_the_bad_event_goes_alone_and_wrapped() -> None:
    outbox = make_outbox(4)
    sizes, wrapped = [], None
    for _ in range(12):
        [envelope, *_rest] = sent(outbox)
        sizes.append(len(envelope.events))
        event = codec.decode(envelope.events[0], Event)
        if event.kind == "event.unreadable":
            wrapped = codec.decode(event.body, EventUnreadable)
            break
        refuse(outbox, ErrorCode.MESSAGE_UNDECODABLE, envelope.first_seq)

    assert wrapped is not None
    assert base64.b64decode(wrapped.bytes) == next(outbox.chain.read(1, 1))
    assert sizes == [4, 4, 4, 4, 4, 2, 1, 1]


def test_after_the_bad_event_the_others_go_as_they_are() -> None:
    outbox = make_outbox(3)
    for _ in range(12):
        [envelope, *_rest] = sent(outbox)
        if codec.decode(envelope.events[0], Event).kind == "event.unreadable":
            break
        refuse(outbox, ErrorCode.MESSAGE_UNDECODABLE, envelope.first_seq)

    outbox.receive(receipt(outbox, 1, parked=[Verdict(1, "message.undecodable")]), 1.0)
    [envelope] = sent(outbox, 1.0)

    assert [codec.decode(event, Event).kind for event in envelope.events] == ["lease.closed", "lease.closed"]


def test_a_batch_so_broken_that_not_even_its_epoch_was_read_is_halved_too() -> None:
    outbox = make_outbox(2)
    sent(outbox)

    outbox.receive(
        Receipt(
            epoch=NO_EPOCH,
            upto=0,
            hash=GENESIS.hex(),
            hub_epoch=HUB,
            refused=ErrorCode.MESSAGE_UNDECODABLE,
        ),
        0.0,
    )

    assert outbox._batch_max == BATCH_MAX_EVENTS // 2


def test_what_was_sent_behind_a_refused_batch_is_not_halved_for_it() -> None:
    outbox = make_outbox(BATCH_MAX_EVENTS * 3)
    envelopes = sent(outbox)

    refuse(outbox, ErrorCode.MESSAGE_UNDECODABLE, envelopes[1].first_seq)

    assert outbox._batch_max == BATCH_MAX_EVENTS


@pytest.mark.parametrize(
    "code", [ErrorCode.EPOCH_UNKNOWN, ErrorCode.KIOSK_UNKNOWN, ErrorCode.SHARD_FOREIGN, ErrorCode.CHAIN_BROKEN]
)
def test_a_refusal_that_time_may_mend_pauses_sending(code: ErrorCode) -> None:
    outbox = make_outbox(2)
    sent(outbox)

    refuse(outbox, code, 1)

    assert sent(outbox, PAUSE_S - 1) == []
    assert len(sent(outbox, PAUSE_S + 1)) == 1


@pytest.mark.parametrize(
    ("code", "trust"),
    [
        (ErrorCode.KIOSK_REVOKED, Trust.REVOKED),
        (ErrorCode.CHAIN_FORKED, Trust.FORKED),
    ],
)
def test_a_refusal_for_good_ends_sending(code: ErrorCode, trust: Trust) -> None:
    outbox = make_outbox(2)
    sent(outbox)

    refuse(outbox, code, 1)

    after_restart = Outbox(outbox.chain, KIOSK, outbox.sign)
    after_restart.opened(2, 10_000.0)
    assert (outbox.trust, after_restart.trust) == (trust, trust)
    assert sent(outbox, 10_000.0) == sent(after_restart, 10_000.0) == []


def test_what_was_booked_before_a_kiosk_was_revoked_is_confirmed_and_nothing_more_is_sent() -> None:
    outbox = make_outbox(2)
    sent(outbox)
    refuse(outbox, ErrorCode.KIOSK_REVOKED, 1)

    settled = outbox.receive(receipt(outbox, 1), 1.0)

    assert settled == Settled(1)
    assert outbox.trust is Trust.REVOKED
    assert sent(outbox, 10_000.0) == []
