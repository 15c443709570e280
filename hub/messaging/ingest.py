"""The ingest worker's core: messages of kiosks in, messages to kiosks out. No thread, no clock, no client here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from msgspec import UNSET
from sqlalchemy.orm import Session

from hub.audit.service import head_of
from hub.booking.service import Booking
from hub.db.session import Database
from hub.fleet import births
from hub.fleet import queries as fleet
from hub.fleet import service as fleet_service
from hub.intake import ByKiosk, Item, Outcome, RandomBytes, Verdict
from hub.members.vault import Vault
from hub.messaging import receipts, reports, requests
from hub.messaging.envelopes import Batch, open_envelope
from hub.messaging.publisher import Publication, Publisher
from hub.messaging.receipts import StreamKey
from hub.messaging.requests import Answerer, Asked
from protocol import codec, topics
from protocol.codec import MessageError
from protocol.duties import Report
from protocol.errors import ErrorCode
from protocol.ids import shard_of
from protocol.limits import REQUEST_EXPIRY_S
from protocol.state import AuditHead, Heartbeat, HubStatus, KioskStatus
from protocol.topics import Address, Channel

BOOKED_MAX_ITEMS = 2_000
"""Most events in one transaction: what it costs whatever its size is shared by more than callers would wait for."""

BORN_AGAIN_H = 6
"""So often kiosks are told where the audit log ends. They remember the last ones: two days of them."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message as the broker delivered it."""

    topic: str
    payload: bytes


@dataclass(slots=True)
class Inbox:
    """A batch of arrivals, sorted."""

    batches: list[Batch] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    reports: list[tuple[str, Report]] = field(default_factory=list)
    heartbeats: dict[str, Heartbeat] = field(default_factory=dict)
    statuses: list[tuple[str, KioskStatus]] = field(default_factory=list)
    refused: list[tuple[str, receipts.Refused]] = field(default_factory=list)


class Ingest:
    """Takes what kiosks send, books it, and says what to send back."""

    def __init__(self, database: Database, booking: Booking, vault: Vault, random_bytes: RandomBytes) -> None:
        self._database = database
        self._booking = booking
        self._vault = vault
        self._random_bytes = random_bytes
        self._publisher = Publisher(vault)
        self._born_at: datetime | None = None

    def birth(self, now: datetime) -> Publication:
        """Tell the kiosks that the hub takes events, which database it stands on, and where its audit log ends."""
        with self._database.read() as session:
            head, hub_epoch = head_of(session), fleet.hub_epoch(session)
        audit = AuditHead(hub_epoch, head.number, head.hash) if head.number else UNSET
        self._born_at = now
        status = HubStatus(online=True, hub_epoch=hub_epoch, audit=audit)
        return Publication(topics.HUB_STATUS, codec.encode(status), retain=True)

    def take(self, arrivals: Sequence[Arrival], now: datetime) -> list[Publication]:
        """Handle a batch of messages, in order. What it returns may be sent once this has returned."""
        inbox = self._sort(arrivals)
        self._note(inbox, now)
        confirmed: dict[StreamKey, int] = {}
        for batch in inbox.batches:
            key = (batch.envelope.kiosk, batch.envelope.epoch)
            confirmed[key] = min(confirmed.get(key, batch.envelope.confirmed), batch.envelope.confirmed)
        for kiosk, status in inbox.statuses:
            if status.state == "online" and status.epoch is not UNSET:
                confirmed.setdefault((kiosk, status.epoch), status.confirmed)
        outcomes = self._book(inbox, now)
        with self._database.read() as session:
            sent = list(receipts.receipts(session, confirmed, inbox.refused, now))
            sent += self._answers(Answerer(session, self._vault, now), inbox, outcomes)
            sent += self._publisher.flush(session, now)
        return sent + self._reborn(now)

    def flush(self, now: datetime) -> list[Publication]:
        """What other processes of the hub have left to send."""
        with self._database.read() as session:
            sent = self._publisher.flush(session, now)
        return sent + self._reborn(now)

    def _reborn(self, now: datetime) -> list[Publication]:
        """A birth again after a while, so that kiosks hear of a newer head of the audit log."""
        is_due = self._born_at is not None and now - self._born_at >= timedelta(hours=BORN_AGAIN_H)
        return [self.birth(now)] if is_due else []

    def _sort(self, arrivals: Sequence[Arrival]) -> Inbox:
        inbox, known = Inbox(), self._public_keys(arrivals)
        for arrival in arrivals:
            address = topics.parse(arrival.topic)
            if address is None:
                log.warning("message under an unknown topic", topic=arrival.topic)
                continue
            code = self._sort_safely(address, arrival.payload, inbox, known)
            if code is not None and address.channel is Channel.EVENTS:
                inbox.refused.append((address.kiosk, receipts.Refused.of(arrival.payload, code)))
        return inbox

    def _sort_safely(self, address: Address, payload: bytes, inbox: Inbox, known: dict[str, bytes]) -> ErrorCode | None:
        """Sort one message; returns why it is refused. Whatever a kiosk sends, the others must be served."""
        try:
            self._sort_one(address, payload, inbox, known)
        except MessageError as error:
            log.warning("message refused", kiosk=address.kiosk, channel=address.channel.value, code=error.code)
            return error.code
        except Exception:
            log.exception("message refused", kiosk=address.kiosk, channel=address.channel.value)
            return ErrorCode.MESSAGE_UNDECODABLE
        return None

    def _sort_one(self, address: Address, payload: bytes, inbox: Inbox, known: dict[str, bytes]) -> None:
        kiosk = address.kiosk
        if shard_of(kiosk) != address.shard:
            raise MessageError(ErrorCode.SHARD_FOREIGN, f"{kiosk} under {address.shard}")
        match address.channel:
            case Channel.EVENTS:
                inbox.batches.append(open_envelope(payload, kiosk, known))
            case Channel.REQUESTS:
                inbox.asked.append(requests.read(payload, kiosk))
            case Channel.REPORTS:
                inbox.reports.append((kiosk, codec.decode(payload, Report)))
            case Channel.TELEMETRY:
                inbox.heartbeats[kiosk] = codec.decode(payload, Heartbeat)
            case Channel.STATUS:
                inbox.statuses.append((kiosk, codec.decode(payload, KioskStatus)))
            case _:
                log.warning("message under a topic of the hub's own", kiosk=kiosk, channel=address.channel.value)

    def _public_keys(self, arrivals: Sequence[Arrival]) -> dict[str, bytes]:
        kiosks = {address.kiosk for arrival in arrivals if (address := topics.parse(arrival.topic))}
        with self._database.read() as session:
            return fleet.public_keys(session, sorted(kiosks))

    def _note(self, inbox: Inbox, now: datetime) -> None:
        if not (inbox.reports or inbox.heartbeats or inbox.statuses):
            return
        is_here = self._database.run(lambda session: self._write_notes(session, inbox, now))
        for kiosk, status in inbox.statuses:
            if status.state == "online":
                self._publisher.came(kiosk)
        for kiosk in is_here:
            if not is_here[kiosk]:
                self._publisher.went(kiosk)

    def _write_notes(self, session: Session, inbox: Inbox, now: datetime) -> dict[str, bool]:
        """Write down what kiosks say of themselves; tells for each that came, left or was lost whether it is here."""
        is_here = {
            kiosk: births.note_status(session, kiosk, status, now, random_bytes=self._random_bytes)
            for kiosk, status in inbox.statuses
        }
        for kiosk, heartbeat in inbox.heartbeats.items():
            fleet_service.note_heartbeat(session, kiosk, heartbeat, now)
        for kiosk, report in inbox.reports:
            reports.note(session, kiosk, report, now)
        return is_here

    def _book(self, inbox: Inbox, now: datetime) -> list[Outcome]:
        items: list[Item] = [item for batch in inbox.batches for item in batch.items]
        items += [asked.item() for asked in inbox.asked if asked.is_booked]
        outcomes: list[Outcome] = []
        for start in range(0, len(items), BOOKED_MAX_ITEMS):
            outcomes += self._booking.book(items[start : start + BOOKED_MAX_ITEMS], now).outcomes
        for item, outcome in zip(items, outcomes, strict=True):
            if outcome.code is not None:
                source = item.source.kiosk if isinstance(item.source, ByKiosk) else ""
                log.info("not applied", kiosk=source, id=str(item.id), kind=item.kind, code=outcome.code)
        inbox.refused += receipts.refused_by_booking(inbox.batches, outcomes)
        return outcomes[len(outcomes) - sum(asked.is_booked for asked in inbox.asked) :]

    def _answers(self, answerer: Answerer, inbox: Inbox, outcomes: Sequence[Outcome]) -> Iterator[Publication]:
        booked = [asked for asked in inbox.asked if asked.is_booked]
        for asked, outcome in zip(booked, outcomes, strict=True):
            if outcome.verdict is Verdict.APPLIED and "lease" in outcome.result:
                self._publisher.resend_duties(asked.kiosk)
        replies = list(answerer.booked(list(zip(booked, outcomes, strict=True))))
        replies += [(asked.kiosk, answerer.read(asked)) for asked in inbox.asked if not asked.is_booked]
        for kiosk, reply in replies:
            topic = topics.of_kiosk(kiosk, Channel.REPLIES)
            yield Publication(topic, codec.encode(reply), expiry_s=REQUEST_EXPIRY_S)
