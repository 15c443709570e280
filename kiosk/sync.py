"""Keeps the kiosk and the hub in step: births, documents, snapshots, duties, receipts and reports.

What concerns whoever stands in front of the kiosk is handed on as news; everything else is settled here.
"""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import structlog
from msgspec import UNSET, Struct
from msgspec.structs import replace

from kiosk.fetching import Fetching
from kiosk.idle import DEFAULTS
from kiosk.link.hub import Answer, Granted, Heard, HeardDuty, HubLine, ToForget, ToLend, ToSettle, UnknownDuty
from kiosk.news import Denied, Disowned, Forgotten, News, Settled, Vouched
from kiosk.outbox import Outbox, Trust
from kiosk.ports import Clock, RandomBytes, Signer, Uplink
from kiosk.store.events import Stamp
from kiosk.store.holdings import Pen
from kiosk.store.local import LocalStore
from kiosk.store.statement import stated
from kiosk.visit.states import Authority
from protocol.duties import GrantLease, Report
from protocol.envelope import Receipt
from protocol.errors import understood
from protocol.ids import event_id
from protocol.limits import REPORT_MAX_MEMBERS
from protocol.requests import (
    AskLease,
    DocumentPage,
    FetchDocument,
    KeyReleased,
    PresentCard,
    Refusal,
    ReleaseKey,
    VisitOpened,
)
from protocol.state import Heartbeat, HubStatus, KioskStatus, MemberSnapshot, Note, TwinPointer
from protocol.values import Address

HEARTBEAT_S = 60.0
PRUNE_S = 600.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this kiosk is, how it signs, and where it answers its neighbours."""

    kiosk: str
    software: str
    sign: Signer
    address: Address | None = None


class Sync:
    """The hub's side of the kiosk."""

    def __init__(
        self,
        identity: Identity,
        store: LocalStore,
        uplink: Uplink,
        *,
        clock: Clock,
        random_bytes: RandomBytes,
        hear_time: Callable[[datetime], None] = lambda _at: None,
    ) -> None:
        self.line = HubLine(identity.kiosk, uplink, hub_epoch=store.chain.replayed_for)
        self.online = False
        self.identity = identity
        self._store = store
        self._uplink = uplink
        self._clock = clock
        self._random_bytes = random_bytes
        self._hear_time = hear_time
        self._connected = False
        self._to_report: dict[UUID, int] = {}
        self._report_due = self._holding_due = False
        self._fetching = Fetching(store)
        self._passed_over = 0
        self._was_away = False
        self._heard_epoch: UUID | None = None
        self._beat_at = self._pruned_at = clock.monotonic()
        self.outbox = self._new_outbox()

    @property
    def may_spend(self) -> bool:
        """Tell whether anything may be promised from this journal."""
        return self._store.is_writable and self.outbox.trust is Trust.GOOD

    def stamp(self, by: str) -> Stamp:
        """Now, as it stands on an event."""
        return Stamp(self._clock.now(), self._clock.trust(), by)

    def draw(self, count: int) -> list[bytes]:
        """Random bytes for so many events."""
        return [self._random_bytes(10) for _ in range(count)]

    def pen(self, by: str = "kiosk") -> Pen:
        """What it takes to write events now, and to judge what may be spent."""
        return Pen(self.stamp(by), self.draw, self._clock.monotonic())

    def new_id(self) -> UUID:
        """An id that nobody has had."""
        return event_id(int(self._clock.now().timestamp() * 1000), self._random_bytes(10))

    def reopened(self) -> None:
        """The store was opened again: begin with what it says."""
        self.outbox = self._new_outbox()
        self._passed_over = 0
        if self._connected:
            self.line.say_status(self._status("online"))
        if self.online:
            self.outbox.opened(self._uplink.connection, self._clock.monotonic())

    def connected(self) -> None:
        """The broker has accepted us; the hub's own status decides whether we are online."""
        self._connected, self._was_away = True, False
        self.line.say_status(self._status("online"))

    def disconnected(self) -> None:
        """The connection is gone."""
        self._connected = False
        self._go_offline()

    def leave(self) -> KioskStatus:
        """The last word before the kiosk is switched off."""
        return self._status("offline")

    def ask(self, request: UUID, body: Struct) -> bool:
        """Ask the hub something, if it is there."""
        return self.online and self.line.ask(request, body, self._clock.now())

    def hear(self, topic: str, payload: bytes) -> Iterator[News]:
        """Take a message of the hub; what concerns the visit is handed on."""
        heard = self.line.hear(topic, payload)
        if heard is not None:
            yield from self._take(heard)

    def spend(self, granted: Granted) -> int:
        """Journal that a grant was spent; returns the place of the spend. From then on it is a promise."""
        grant = granted.grant
        return self._store.leases.spend(grant, self._mark(granted.duty), self.stamp(_member(grant)), self.draw(3))

    def give_back(self, granted: Granted) -> None:
        """Journal that a grant came too late."""
        grant = granted.grant
        self._store.leases.give_back(grant, self._mark(granted.duty), self.stamp(_member(grant)), self.draw(2))

    def is_new(self, granted: Granted) -> bool:
        """Tell whether a grant is to be acted on; one that is not is noted as done."""
        if not self._is_turn_of(granted.duty):
            return False
        if self._store.leases.is_new(granted.grant.epoch, granted.grant.lease):
            return True
        self._note_done(granted.duty)
        return False

    def knows(self, snapshot: MemberSnapshot, uid: str | None) -> bool:
        """Keep a snapshot, and report it; tells whether the member is one of ours."""
        configuration = self._store.documents.configuration or DEFAULTS
        held = self._store.snapshots.keep(snapshot, uid=uid, at_most=configuration.snapshots_max)
        is_known = self._store.snapshots.as_of(snapshot.member) is not None
        if is_known:
            self._store.register.learned(snapshot.member, snapshot.as_of)
            if held[snapshot.member] == 0:
                # Nothing was ever booked for this member, and a 0 in a report says that the member is forgotten.
                del held[snapshot.member]
        self._to_report |= held
        return is_known

    def pump(self) -> None:
        """Send what is due: events, reports, the heartbeat. Call it after everything that happens."""
        now = self._clock.monotonic()
        for envelope in self.outbox.due(now):
            self.line.send_envelope(envelope)
        if self.online:
            for question in self._fetching.due(now):
                self.ask(self.new_id(), question)
            if self._to_report or self._report_due:
                self._report()
        if now - self._pruned_at >= PRUNE_S and self._store.is_writable and self._clock.trust() != "none":
            self._pruned_at = now
            configuration = self._store.documents.configuration or DEFAULTS
            self._store.chain.prune(self._clock.now(), configuration.replay_retention_days)

    def beat(self, health: Heartbeat) -> None:
        """Say how the kiosk is."""
        self._beat_at = self._clock.monotonic()
        self.line.beat(health)

    @property
    def is_beat_due(self) -> bool:
        """Tell whether it is time for a heartbeat."""
        return self._connected and self._clock.monotonic() - self._beat_at >= HEARTBEAT_S

    def _take(self, heard: Heard) -> Iterator[News]:
        match heard:
            case HubStatus():
                self._hub_is(heard)
            case Receipt():
                yield from self._receive(heard)
            case Answer():
                yield from self._answered(heard)
            case Granted() | ToForget() | ToLend() | ToSettle() | UnknownDuty():
                yield from self._take_duty(heard)
            case MemberSnapshot():
                if self.knows(heard, None):
                    yield heard
            case Note():
                self._fetching.announced("catalogue", heard.catalogue)
                self._fetching.announced("programme", heard.programme)
            case TwinPointer():
                self._fetching.announced("configuration", heard.version)

    def _hub_is(self, status: HubStatus) -> None:
        if not status.online:
            self._go_offline()
        elif self._connected and (not self.online or self._is_other(status)):
            self.online = True
            self._report_due = self._holding_due = True
            if self._is_born_before(status):
                self.line.say_status(self._status("online"))
            self._heard_epoch = self.line.hub_epoch = status.hub_epoch or None
            if self._heard_epoch != self._store.chain.replayed_for:
                # A restored hub may not know what it has sent: without this it would never send these again.
                self._to_report = self._store.snapshots.versions() | self._to_report
            self.outbox.opened(self._uplink.connection, self._clock.monotonic())
        if status.audit is not UNSET:
            # Last, because a disk that refuses must not keep the kiosk from the hub.
            self._store.audit_heads.take(status.audit)

    def _is_born_before(self, status: HubStatus) -> bool:
        """Tell whether what was said when the line came up is old, or was said to a hub that was restored since."""
        return self._was_away or self._is_other(status)

    def _is_other(self, status: HubStatus) -> bool:
        return self._heard_epoch is not None and status.hub_epoch != self._heard_epoch

    def _go_offline(self) -> None:
        self.online, self._was_away = False, self._connected
        self.outbox.closed()
        self._fetching.begin_again()

    def _receive(self, receipt: Receipt) -> Iterator[News]:
        if receipt.at is not UNSET:
            self._hear_time(receipt.at)
        stood = self._standing()
        settled = self.outbox.receive(receipt, self._clock.monotonic())
        if self._standing() != stood:
            self.line.say_status(self._status("online"))
        self._store.register.settle(receipt.at or self._clock.now(), self._store.snapshots.as_of)
        if settled is not None:
            final = frozenset(event.seq for event in settled.refused if event.is_final)
            yield Settled(settled.upto, final, frozenset(event.seq for event in settled.refused) - final)

    def _answered(self, answer: Answer) -> Iterator[News]:
        match answer.asked, answer.body:
            case PresentCard(card), VisitOpened(visit, redeems, snapshot):
                self.knows(snapshot, card.uid)
                yield Vouched(card.uid, Authority(visit, redeems), snapshot)
            case PresentCard(card), Refusal(code):
                yield Disowned(card.uid, understood(code))
            case AskLease(), Refusal(code, data):
                yield Denied(answer.request, understood(code), data)
            case FetchDocument(), DocumentPage() as page:
                self._report_due |= self._fetching.take(page, self._clock.monotonic())
            case FetchDocument(name), Refusal():
                self._fetching.page_refused(name)
            case ReleaseKey(), Refusal(code):
                log.warning("the key of the names is refused", code=understood(code))
                self._fetching.key_refused(self._clock.monotonic())
            case ReleaseKey(), KeyReleased(key):
                self._store.seal.release(base64.b64decode(key))
            case asked, refused:
                log.warning("an answer that fits nothing", asked=type(asked).__name__, got=type(refused).__name__)

    def _take_duty(self, duty: HeardDuty) -> Iterator[News]:
        if self.line.done_before > self._store.leases.duties:
            # This journal began anew, or was never told: the hub does not ask for these any more.
            self._store.leases.done(self.line.done_before)
        match duty:
            case Granted():
                yield duty
            case ToForget():
                yield from self._forget(duty)
            case ToLend(number, body):
                # What was done before has no effect: older verifiers must not replace newer ones.
                if self._is_turn_of(number) and number > self._store.leases.duties:
                    self._store.lent.take(body, self._mark(number), self.pen())
            case ToSettle():
                yield from self._settle(duty)
            case UnknownDuty():
                self._pass_over(duty)

    def _settle(self, duty: ToSettle) -> Iterator[News]:
        if not self._is_turn_of(duty.duty):
            return
        body, chain = duty.body, self._store.chain
        if body.epoch == chain.epoch and body.seq <= chain.confirmed.seq:
            chain.settle(body.seq, body.code or None)
            self._store.register.settle(self._clock.now(), self._store.snapshots.as_of)
            yield Settled(chain.confirmed.seq, frozenset({body.seq} if body.code else ()), frozenset())
        self._note_done(duty.duty)

    def _forget(self, duty: ToForget) -> Iterator[News]:
        if not self._is_turn_of(duty.duty):
            return
        # Done again where it was done before: a crash may have come between forgetting and rewriting the disk.
        self._store.lent.close_member(duty.member, self.pen())
        self._store.forget(duty.member)
        self._to_report[duty.member] = 0
        self._note_done(duty.duty)
        yield Forgotten(duty.member)

    def _is_turn_of(self, duty: int) -> bool:
        if duty > self._expected:
            log.warning("a duty is missing before this one", duty=duty, expected=self._expected)
            return False
        self._report_due = True
        return True

    def _note_done(self, duty: int) -> None:
        if duty == self._expected:
            self._store.leases.done(self._mark(duty))

    @property
    def _expected(self) -> int:
        return max(self._store.leases.duties, self._passed_over) + 1

    def _pass_over(self, unknown: UnknownDuty) -> None:
        # It stays open at the hub, and a newer release will do it; what comes behind it does not have to wait.
        if unknown.duty == self._expected:
            log.warning("a duty of an unknown kind is left open", duty=unknown.duty)
            self._passed_over = unknown.duty

    def _mark(self, duty: int) -> int:
        # While a duty stands open, nothing behind it may be reported as done.
        if self._passed_over <= self._store.leases.duties:
            return duty
        self._passed_over = max(self._passed_over, duty)
        return self._store.leases.duties

    def _report(self) -> None:
        some = dict(list(self._to_report.items())[:REPORT_MAX_MEMBERS])
        is_all = self._holding_due and len(some) == len(self._to_report)
        report = Report(
            duties=self._store.leases.duties,
            members=some,
            configuration=self._store.documents.version("configuration"),
            holding=self._store.snapshots.holding() if is_all else UNSET,
            hub_epoch=self.line.hub_epoch or UNSET,
        )
        if self.line.report(report):
            for member in some:
                del self._to_report[member]
            self._report_due = bool(self._to_report)
            self._holding_due = self._holding_due and not is_all

    def _status(self, state: Literal["online", "offline"]) -> KioskStatus:
        status = stated(self._store, state, self._uplink.connection, self.identity.software)
        return replace(status, address=self.identity.address or UNSET)

    def _standing(self) -> tuple[object, ...]:
        """What the hub is told of again as soon as it changes."""
        chain = self._store.chain
        return chain.replayed_for, chain.is_forked, self.outbox.lacks_oldest

    def _new_outbox(self) -> Outbox:
        return Outbox(self._store.chain, self.identity.kiosk, self.identity.sign)


def _member(grant: GrantLease) -> str:
    return f"member:{grant.member}"
