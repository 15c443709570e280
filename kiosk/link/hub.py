"""Speaks the protocol with the hub: what is said and heard, as typed messages. Knows no thread and no client."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog
from msgspec import UNSET, Struct

from kiosk.ports import Uplink
from kiosk.store.lent import AheadDuty
from protocol import codec, topics
from protocol.codec import MessageError
from protocol.duties import Duty, EventSettled, ForgetMember, GrantLease, Report
from protocol.envelope import Receipt
from protocol.errors import ErrorCode
from protocol.kinds import DUTIES, REPLIES, kind_of
from protocol.limits import REPORT_MAX_MEMBERS, REQUEST_EXPIRY_S
from protocol.requests import Refusal, Reply, Request
from protocol.state import Heartbeat, HubStatus, KioskStatus, MemberSnapshot, Note, TwinPointer
from protocol.topics import Channel
from provisioning.mqtt import Message

PENDING_MAX_REQUESTS = 64
"""Most questions that wait for an answer; the oldest is given up for a newer one."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Answer:
    """The hub's answer to a question of ours: a body, or a refusal."""

    request: UUID
    asked: Struct
    body: Struct | Refusal


@dataclass(frozen=True, slots=True)
class Granted:
    """A duty to take a lease."""

    duty: int
    grant: GrantLease


@dataclass(frozen=True, slots=True)
class ToForget:
    """A duty to forget a member."""

    duty: int
    member: UUID


@dataclass(frozen=True, slots=True)
class ToLend:
    """A duty about what is lent ahead."""

    duty: int
    body: AheadDuty


@dataclass(frozen=True, slots=True)
class ToSettle:
    """A duty to take note of what became of an event that was parked."""

    duty: int
    body: EventSettled


@dataclass(frozen=True, slots=True)
class UnknownDuty:
    """A duty that this release cannot read; it is left to a newer one."""

    duty: int


HeardDuty = Granted | ToForget | ToLend | ToSettle | UnknownDuty
Heard = Receipt | Answer | HeardDuty | MemberSnapshot | Note | TwinPointer | HubStatus


def subscriptions(kiosk: str) -> Sequence[str]:
    """What a kiosk listens to."""
    own = [topics.of_kiosk(kiosk, channel) for channel in topics.DOWNWARD]
    return [*own, topics.HUB_STATUS, topics.of_group(topics.EVERYONE)]


def lost(kiosk: str, connection: int) -> Message:
    """What the broker is to say when a connection is gone without a word."""
    status = KioskStatus(state="lost", connection=connection)
    return Message(topics.of_kiosk(kiosk, Channel.STATUS), codec.encode(status), retain=True)


@dataclass(slots=True)
class HubLine:
    """Says and hears. Questions that are not answered are forgotten; whoever asked has a timeout of its own."""

    kiosk: str
    uplink: Uplink
    done_before: int = 0
    """The number up to which every duty was reported done, as far as the hub knows."""
    hub_epoch: UUID | None = None
    """The epoch of the hub's database that this kiosk goes by; None before it has heard of one."""
    _asked: dict[UUID, Struct] = field(default_factory=dict)

    def ask(self, request: UUID, body: Struct, now: datetime) -> bool:
        """Ask the hub; False while there is no connection."""
        if len(self._asked) >= PENDING_MAX_REQUESTS:
            del self._asked[next(iter(self._asked))]
        self._asked[request] = body
        question = Request(request, kind_of(body), now, codec.raw(body))
        return self._send(Channel.REQUESTS, question, expiry_s=REQUEST_EXPIRY_S)

    def send_envelope(self, envelope: bytes) -> bool:
        """Send events."""
        return self.uplink.publish(Message(topics.of_kiosk(self.kiosk, Channel.EVENTS), envelope))

    def report(self, report: Report) -> bool:
        """Say what is done, and which snapshots are held; at most REPORT_MAX_MEMBERS at a time."""
        assert len(report.members) <= REPORT_MAX_MEMBERS
        return self._send(Channel.REPORTS, report)

    def say_status(self, status: KioskStatus) -> bool:
        """Say that the kiosk is here, or leaves."""
        return self._send(Channel.STATUS, status, retain=True)

    def beat(self, heartbeat: Heartbeat) -> bool:
        """Say how the kiosk is."""
        message = Message(topics.of_kiosk(self.kiosk, Channel.TELEMETRY), codec.encode(heartbeat), may_be_lost=True)
        return self.uplink.publish(message)

    def hear(self, topic: str, payload: bytes) -> Heard | None:
        """Read a message; None where it is not for us, answers nothing, or cannot be read."""
        try:
            return self._read(topic, payload)
        except MessageError as error:
            log.warning("a message of the hub cannot be read", topic=topic, code=error.code)
            return None

    def _read(self, topic: str, payload: bytes) -> Heard | None:
        if topic == topics.HUB_STATUS:
            return codec.decode(payload, HubStatus)
        if topic == topics.of_group(topics.EVERYONE):
            return codec.decode(payload, Note)
        address = topics.parse(topic)
        if address is None or address.kiosk != self.kiosk:
            log.warning("message under an unknown topic", topic=topic)
            return None
        match address.channel:
            case Channel.RECEIPTS:
                return codec.decode(payload, Receipt)
            case Channel.REPLIES:
                return self._answer(codec.decode(payload, Reply))
            case Channel.DUTIES:
                return self._duty(codec.decode(payload, Duty))
            case Channel.MEMBERS:
                return codec.decode(payload, MemberSnapshot)
            case Channel.TWIN:
                return codec.decode(payload, TwinPointer)
            case _:
                log.warning("message under a topic of ours", topic=topic)
                return None

    def _duty(self, duty: Duty) -> Heard | None:
        if None not in {self.hub_epoch, duty.hub_epoch or None} and duty.hub_epoch != self.hub_epoch:
            log.warning("a duty of a hub before it was restored is left", duty=duty.number, kind=duty.kind)
            return None
        self.done_before = duty.after or 0
        return _heard(duty)

    def _answer(self, reply: Reply) -> Answer | None:
        asked = self._asked.pop(reply.request, None)
        if asked is None:
            return None
        if reply.refused is not UNSET:
            return Answer(reply.request, asked, reply.refused)
        if reply.body is UNSET:
            raise MessageError(ErrorCode.MESSAGE_UNDECODABLE, "a reply without a body")
        return Answer(reply.request, asked, codec.decode_body(reply.kind, reply.body, REPLIES))

    def _send(self, channel: Channel, body: Struct, *, retain: bool = False, expiry_s: int | None = None) -> bool:
        topic = topics.of_kiosk(self.kiosk, channel)
        return self.uplink.publish(Message(topic, codec.encode(body), retain, expiry_s))


def _heard(duty: Duty) -> Heard:
    try:
        body = codec.decode_body(duty.kind, duty.body, DUTIES)
    except MessageError as error:
        log.warning("a duty cannot be read", duty=duty.number, kind=duty.kind, code=error.code)
        return UnknownDuty(duty.number)
    if isinstance(body, EventSettled):
        return ToSettle(duty.number, body)
    if isinstance(body, ForgetMember):
        return ToForget(duty.number, body.member)
    if isinstance(body, GrantLease):
        return Granted(duty.number, body)
    assert isinstance(body, AheadDuty), "the only other kinds of duties there are"
    return ToLend(duty.number, body)
