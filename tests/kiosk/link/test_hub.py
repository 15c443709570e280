from typing import Any
from uuid import UUID

import pytest
from msgspec import UNSET, Raw, Struct

from kiosk.link.hub import PENDING_MAX_REQUESTS, Answer, Granted, HubLine, ToForget, UnknownDuty, lost, subscriptions
from protocol import codec, topics
from protocol.duties import Duty, ForgetMember, Report
from protocol.envelope import Receipt
from protocol.errors import ErrorCode
from protocol.kinds import REQUESTS, kind_of
from protocol.limits import MESSAGE_MAX_BYTES, REPORT_MAX_MEMBERS, REQUEST_EXPIRY_S
from protocol.requests import DocumentPage, FetchDocument, KeyReleased, Refusal, ReleaseKey, Reply, Request
from protocol.state import Heartbeat, HubStatus, KioskStatus, Note, TwinPointer
from protocol.topics import Channel
from provisioning.mqtt import Message
from tests.kiosk.builders import EPOCH, LIN, NOW, REQUEST, make_grant, make_snapshot

KIOSK, OTHER = "k-00000000000000000000000000", "k-11111111111111111111111111"
KEY = KeyReleased("A" * 44)


class Wire:
    """A line that keeps what is published on it, or refuses it while it is down."""

    def __init__(self) -> None:
        self.connection = 1
        self.up = True
        self.said: list[Message] = []

    def publish(self, message: Message) -> bool:
        if self.up:
            self.said.append(message)
        return self.up


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def line(wire: Wire) -> HubLine:
    return HubLine(KIOSK, wire)


def make_heartbeat() -> Heartbeat:
    return Heartbeat(
        at=NOW,
        clock="ntp",
        unconfirmed=0,
        oldest_unconfirmed_s=0,
        reader="ready",
        frame_age_ms=5,
        disk_free_bytes=1,
        memory_bytes=1,
        journal="writable",
    )


def make_receipt() -> Receipt:
    return Receipt(epoch=EPOCH, upto=3, hash="ab" * 32, hub_epoch=UUID(int=1))


def hear(line: HubLine, channel: Channel, body: Struct) -> Any:
    return line.hear(topics.of_kiosk(KIOSK, channel), codec.encode(body))


def answer(line: HubLine, body: Struct, request: UUID = REQUEST) -> Any:
    return hear(line, Channel.REPLIES, Reply(request=request, kind=kind_of(body), body=codec.raw(body)))


def test_a_question_goes_out_under_its_kind_and_expires(line: HubLine, wire: Wire) -> None:
    asked = line.ask(REQUEST, FetchDocument("catalogue", 2), NOW)

    [message] = wire.said
    request = codec.decode(message.payload, Request)
    assert asked
    assert message.topic == topics.of_kiosk(KIOSK, Channel.REQUESTS)
    assert (message.expiry_s, message.retain, message.may_be_lost) == (REQUEST_EXPIRY_S, False, False)
    assert (request.id, request.kind, request.asked_at) == (REQUEST, "document.fetch", NOW)
    assert codec.decode_body(request.kind, request.body, REQUESTS) == FetchDocument("catalogue", 2)


def test_nothing_can_be_said_while_the_line_is_down(line: HubLine, wire: Wire) -> None:
    wire.up = False

    assert not line.ask(REQUEST, ReleaseKey(), NOW)
    assert not line.send_envelope(b"{}")
    assert not line.report(Report(duties=1))
    assert not line.say_status(KioskStatus(state="online", connection=1))
    assert not line.beat(make_heartbeat())


def test_an_envelope_goes_out_as_it_is(line: HubLine, wire: Wire) -> None:
    line.send_envelope(b"signed bytes")

    assert wire.said == [Message(topics.of_kiosk(KIOSK, Channel.EVENTS), b"signed bytes")]


def test_a_report_says_what_is_done_and_held(line: HubLine, wire: Wire) -> None:
    report = Report(duties=7, members={LIN: 5}, configuration=3)

    line.report(report)

    [message] = wire.said
    assert message.topic == topics.of_kiosk(KIOSK, Channel.REPORTS)
    assert codec.decode(message.payload, Report) == report


def test_a_report_takes_only_as_many_members_as_the_hub_reads(line: HubLine, wire: Wire) -> None:
    members = {UUID(int=1_000 + number): 1 for number in range(REPORT_MAX_MEMBERS)}

    line.report(Report(duties=1, members=members))
    with pytest.raises(AssertionError):
        line.report(Report(duties=1, members={**members, LIN: 1}))

    assert len(wire.said) == 1


def test_a_status_stays_with_the_broker(line: HubLine, wire: Wire) -> None:
    line.say_status(KioskStatus(state="offline", connection=4))

    [message] = wire.said
    assert (message.topic, message.retain) == (topics.of_kiosk(KIOSK, Channel.STATUS), True)
    assert codec.decode(message.payload, KioskStatus).state == "offline"


def test_a_heartbeat_may_be_lost(line: HubLine, wire: Wire) -> None:
    line.beat(make_heartbeat())

    [message] = wire.said
    assert (message.topic, message.may_be_lost) == (topics.of_kiosk(KIOSK, Channel.TELEMETRY), True)
    assert codec.decode(message.payload, Heartbeat) == make_heartbeat()


def test_an_answer_comes_with_its_question(line: HubLine) -> None:
    line.ask(REQUEST, ReleaseKey(), NOW)

    assert answer(line, KEY) == Answer(REQUEST, ReleaseKey(), KEY)


def test_a_refusal_comes_with_its_question(line: HubLine) -> None:
    refusal = Refusal(ErrorCode.POINTS_SHORT, {"short": 3})
    line.ask(REQUEST, ReleaseKey(), NOW)

    heard = hear(line, Channel.REPLIES, Reply(request=REQUEST, kind="refused", refused=refusal))

    assert heard == Answer(REQUEST, ReleaseKey(), refusal)


def test_an_answer_is_heard_once(line: HubLine) -> None:
    line.ask(REQUEST, ReleaseKey(), NOW)
    answer(line, KEY)

    assert answer(line, KEY) is None


def test_an_answer_to_nobodys_question_is_dropped(line: HubLine) -> None:
    line.ask(REQUEST, ReleaseKey(), NOW)

    assert answer(line, KEY, request=UUID(int=99)) is None
    assert answer(line, KEY) is not None


def test_the_oldest_question_is_given_up_for_a_newer_one(line: HubLine) -> None:
    for number in range(PENDING_MAX_REQUESTS + 1):
        line.ask(UUID(int=number), ReleaseKey(), NOW)

    assert answer(line, KEY, request=UUID(int=0)) is None
    assert answer(line, KEY, request=UUID(int=1)) is not None
    assert answer(line, KEY, request=UUID(int=PENDING_MAX_REQUESTS)) is not None


@pytest.mark.parametrize(
    "reply",
    [
        Reply(request=REQUEST, kind="key.released"),
        Reply(request=REQUEST, kind="key.lent", body=codec.raw(KEY)),
        Reply(request=REQUEST, kind="document.page", body=codec.raw(KEY)),
        Reply(request=REQUEST, kind="key.released", body=Raw(b'{"key": 1}')),
    ],
    ids=["no body", "unknown kind", "another body", "bad value"],
)
def test_an_answer_that_cannot_be_read_is_dropped(line: HubLine, reply: Reply) -> None:
    line.ask(REQUEST, ReleaseKey(), NOW)

    assert hear(line, Channel.REPLIES, reply) is None


def test_a_page_of_a_document_is_heard_with_its_items_unread(line: HubLine) -> None:
    page = DocumentPage("catalogue", 3, 0, 1, [Raw(b'{"any":"thing"}')])
    line.ask(REQUEST, FetchDocument("catalogue"), NOW)

    heard = answer(line, page)

    assert bytes(heard.body.items[0]) == b'{"any":"thing"}'


def test_a_duty_is_heard_with_its_number(line: HubLine) -> None:
    grant = make_grant()

    assert hear(line, Channel.DUTIES, Duty(4, "lease.grant", codec.raw(grant))) == Granted(4, grant)


def test_a_member_to_be_forgotten_is_heard_of(line: HubLine) -> None:
    assert hear(line, Channel.DUTIES, Duty(4, "member.forget", codec.raw(ForgetMember(LIN)))) == ToForget(4, LIN)


@pytest.mark.parametrize(("known", "told", "is_heard"), [(1, 1, True), (None, 1, True), (1, None, True), (2, 1, False)])
def test_a_duty_that_an_earlier_life_of_the_hub_gave_is_left(
    line: HubLine, known: int | None, told: int | None, *, is_heard: bool
) -> None:
    line.hub_epoch = None if known is None else UUID(int=known)
    epoch = UNSET if told is None else UUID(int=told)

    heard = hear(line, Channel.DUTIES, Duty(4, "member.forget", codec.raw(ForgetMember(LIN)), 3, epoch))

    assert (heard is not None, line.done_before) == (is_heard, 3 if is_heard else 0)


def test_a_duty_of_a_newer_release_is_left_to_it(line: HubLine) -> None:
    assert hear(line, Channel.DUTIES, Duty(4, "member.erase", Raw(b"{}"))) == UnknownDuty(4)


def test_a_duty_whose_body_cannot_be_read_is_left_open_like_an_unknown_one(line: HubLine) -> None:
    assert hear(line, Channel.DUTIES, Duty(4, "lease.grant", Raw(b"{}"))) == UnknownDuty(4)


@pytest.mark.parametrize(
    ("channel", "body"),
    [
        (Channel.RECEIPTS, make_receipt()),
        (Channel.MEMBERS, make_snapshot()),
        (Channel.TWIN, TwinPointer(3)),
    ],
)
def test_what_is_ours_is_heard(line: HubLine, channel: Channel, body: Struct) -> None:
    assert hear(line, channel, body) == body


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        (topics.HUB_STATUS, HubStatus(online=True, hub_epoch=UUID(int=1))),
        (topics.of_group(topics.EVERYONE), Note(catalogue=2, programme=3)),
    ],
)
def test_what_is_for_everyone_is_heard(line: HubLine, topic: str, body: Struct) -> None:
    assert line.hear(topic, codec.encode(body)) == body


@pytest.mark.parametrize(
    "topic",
    [
        topics.of_kiosk(OTHER, Channel.MEMBERS),
        topics.of_kiosk(KIOSK, Channel.COMMANDS),
        topics.of_kiosk(KIOSK, Channel.EVENTS),
        topics.of_group("other"),
        "$SYS/broker/uptime",
        "",
    ],
)
def test_what_comes_under_another_topic_is_dropped(line: HubLine, topic: str) -> None:
    assert line.hear(topic, codec.encode(make_snapshot())) is None


@pytest.mark.parametrize(
    "payload", [b"", b"not json", b"[]", b"\xff\xfe", b"[" * 50_000, b'"' + b"x" * MESSAGE_MAX_BYTES + b'"']
)
@pytest.mark.parametrize("channel", [Channel.RECEIPTS, Channel.REPLIES, Channel.DUTIES, Channel.MEMBERS, Channel.TWIN])
def test_bytes_that_are_no_message_are_dropped(line: HubLine, channel: Channel, payload: bytes) -> None:
    assert line.hear(topics.of_kiosk(KIOSK, channel), payload) is None


def test_a_field_of_a_newer_release_is_ignored(line: HubLine) -> None:
    payload = b'{"version": 3, "colour": "red"}'

    assert line.hear(topics.of_kiosk(KIOSK, Channel.TWIN), payload) == TwinPointer(3)


def test_a_kiosk_listens_to_all_that_is_sent_down_to_it_and_to_everyone() -> None:
    heard = set(subscriptions(KIOSK))

    assert heard == {
        *(topics.of_kiosk(KIOSK, channel) for channel in topics.DOWNWARD),
        topics.HUB_STATUS,
        topics.of_group(topics.EVERYONE),
    }


def test_a_kiosk_that_is_gone_without_a_word_is_told_as_lost_with_its_connection() -> None:
    will = lost(KIOSK, 12)

    assert (will.topic, will.retain) == (topics.of_kiosk(KIOSK, Channel.STATUS), True)
    assert codec.decode(will.payload, KioskStatus) == KioskStatus(state="lost", connection=12)
