from dataclasses import dataclass
from datetime import timedelta
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from hub.messaging.backlog import (
    ASKING_S,
    BACKLOG_MAX_BYTES,
    KIOSK_MAX_ENVELOPES,
    ROUND_MAX_BYTES,
    ROUND_MAX_MESSAGES,
    SHARED_ROUND_MAX_BYTES,
    Backlog,
)
from protocol import topics
from protocol.ids import kiosk_id
from protocol.limits import MESSAGE_MAX_BYTES, REQUEST_EXPIRY_S
from protocol.topics import Channel
from tests.hub.world import START


@dataclass(frozen=True)
class Sent:
    topic: str
    payload: bytes = b"x"


KIOSKS = [kiosk_id(bytes([number]) * 16) for number in range(5)]
A, B = KIOSKS[:2]
NUMBERS = count()


def sent(kiosk: str, channel: Channel = Channel.EVENTS, payload: bytes | None = None) -> Sent:
    return Sent(topics.of_kiosk(kiosk, channel), b"%d" % next(NUMBERS) if payload is None else payload)


def large(kiosk: str) -> Sent:
    return sent(kiosk, payload=(b"%d " % next(NUMBERS)).ljust(MESSAGE_MAX_BYTES))


def filled(*messages: Sent) -> Backlog[Sent]:
    backlog: Backlog[Sent] = Backlog()
    for message in messages:
        backlog.put(message, START)
    return backlog


def test_whoever_asks_is_served_in_the_round_that_follows_however_much_waits() -> None:
    backlog = filled(*[large(kiosk) for kiosk in KIOSKS for _ in range(KIOSK_MAX_ENVELOPES)])
    asked = sent(B, Channel.REQUESTS)
    backlog.put(asked, START)

    taken, _late = backlog.take(START)

    assert taken[0] == asked


def test_births_go_before_questions_and_questions_before_reports() -> None:
    channels = (Channel.TELEMETRY, Channel.EVENTS, Channel.REPORTS, Channel.REQUESTS, Channel.STATUS)
    backlog = filled(*[sent(A, channel) for channel in channels])

    taken, _late = backlog.take(START)

    birth, question, report, *_others = (message.topic.split("/", 4)[4] for message in taken)
    assert (birth, question, report) == ("st", "up/req", "up/rep")


def test_a_round_of_journals_is_bounded_by_bytes() -> None:
    backlog = filled(*[large(kiosk) for kiosk in KIOSKS for _ in range(4)])

    taken, _late = backlog.take(START)

    assert sum(len(message.payload) for message in taken) == ROUND_MAX_BYTES
    assert len(backlog) == 20 - ROUND_MAX_BYTES // MESSAGE_MAX_BYTES


def test_a_round_with_a_question_in_it_is_short_so_that_the_answer_comes_soon() -> None:
    backlog = filled(*[large(kiosk) for kiosk in KIOSKS for _ in range(4)], sent(A, Channel.REQUESTS))

    with_question, _late = backlog.take(START)
    soon_after, _late = backlog.take(START + timedelta(seconds=ASKING_S))
    later, _late = backlog.take(START + timedelta(seconds=2 * ASKING_S))

    def envelopes(taken: list[Sent]) -> int:
        return sum(len(message.payload) for message in taken if len(message.payload) == MESSAGE_MAX_BYTES)

    assert envelopes(with_question) == envelopes(soon_after) == SHARED_ROUND_MAX_BYTES
    assert envelopes(later) == ROUND_MAX_BYTES


def test_an_envelope_that_waits_already_is_let_go() -> None:
    again = sent(A)
    backlog = filled(again, sent(A))

    assert not backlog.put(again, START)
    assert len(backlog) == 2


def test_kiosks_take_turns_over_all_rounds() -> None:
    backlog = filled(*[large(A) for _ in range(16)], large(B))

    first, _late = backlog.take(START)

    assert [message.topic for message in first[:3]] == [sent(A).topic, sent(B).topic, sent(A).topic]


def test_a_kiosk_that_sends_more_than_its_window_is_let_go() -> None:
    backlog = filled(*[sent(A) for _ in range(KIOSK_MAX_ENVELOPES)])

    assert not backlog.put(sent(A), START)
    assert backlog.put(sent(B), START)


def test_a_full_backlog_still_takes_the_first_envelope_of_a_kiosk_and_every_question() -> None:
    kiosks = [kiosk_id(number.to_bytes(16, "big")) for number in range(1, BACKLOG_MAX_BYTES // MESSAGE_MAX_BYTES // 8)]
    backlog: Backlog[Sent] = Backlog()
    taken = [backlog.put(large(kiosk), START) for kiosk in kiosks for _ in range(KIOSK_MAX_ENVELOPES)]

    assert not all(taken)
    assert not backlog.put(large(kiosks[0]), START)
    assert backlog.put(large(A), START)
    assert backlog.put(sent(kiosks[0], Channel.REQUESTS), START)


def test_a_question_that_nobody_waits_for_any_more_is_let_go() -> None:
    backlog = filled(sent(A, Channel.REQUESTS), sent(A, Channel.REPORTS))

    taken, late = backlog.take(START + timedelta(seconds=REQUEST_EXPIRY_S, milliseconds=1))

    assert [message.topic for message in late] == [sent(A, Channel.REQUESTS).topic]
    assert [message.topic for message in taken] == [sent(A, Channel.REPORTS).topic]


def test_questions_do_not_keep_journals_out() -> None:
    envelope = sent(B)
    backlog = filled(*[sent(A, Channel.REQUESTS)] * (ROUND_MAX_MESSAGES + 1), envelope)

    taken, _late = backlog.take(START)

    assert envelope in taken


CHANNELS = st.sampled_from([Channel.EVENTS, Channel.REQUESTS, Channel.STATUS, Channel.TELEMETRY])


@given(st.lists(st.tuples(st.sampled_from(KIOSKS), CHANNELS, st.integers(1, MESSAGE_MAX_BYTES)), max_size=120))
def test_whatever_is_taken_in_comes_out_once_and_in_the_order_of_its_kiosk_and_channel(
    drawn: list[tuple[str, Channel, int]],
) -> None:
    backlog: Backlog[Sent] = Backlog()
    messages = [
        sent(kiosk, channel, b"%d " % number + bytes(size)) for number, (kiosk, channel, size) in enumerate(drawn)
    ]
    waiting = [message for message in messages if backlog.put(message, START)]

    taken: list[Sent] = []
    while len(backlog):
        taken += backlog.take(START)[0]

    for topic in {message.topic for message in messages}:
        assert [one for one in taken if one.topic == topic] == [one for one in waiting if one.topic == topic]
    assert len(taken) == len(waiting)
