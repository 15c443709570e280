"""The fleet as bookings use it: lock kiosks first, move their streams on, give duties, tell them of members."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy.orm import Session

from hub.audit.service import Act
from hub.db.bulk import insert_rows, update_rows
from hub.db.reading import NOTHING, Asked, Rows
from hub.fleet import queries
from hub.fleet.models import Duty, HubState, Kiosk, MemberCopy, Sighting, Stream
from hub.fleet.rules import StreamState
from hub.intake import RandomBytes
from protocol import codec
from protocol.ids import event_id
from protocol.kinds import kind_of
from protocol.limits import PASSED_LEASES_FROM
from protocol.state import Heartbeat


@dataclass(slots=True)
class KioskState:
    """A kiosk as a booking sees it, locked."""

    id: str
    store: str
    state: str
    last_duty: int
    last_lease: int
    streams: dict[UUID, StreamState] = field(default_factory=dict)
    is_changed: bool = False

    @property
    def is_active(self) -> bool:
        """Tell whether anything is taken from this kiosk."""
        return self.state == "active"

    def stream(self, epoch: UUID, now: datetime) -> StreamState:
        """The stream of an epoch. A kiosk's first epoch is accepted; a later one waits until a person accepts it."""
        if epoch not in self.streams:
            state = "pending" if self.streams else "accepted"
            self.streams[epoch] = StreamState.first(self.id, epoch, state=state, now=now)
        return self.streams[epoch]

    def current_stream(self) -> StreamState | None:
        """The epoch that is taken now; None before the kiosk has reported one, or while a new one waits."""
        by_state = {stream.state: stream for stream in self.streams.values()}
        return None if "pending" in by_state else by_state.get("accepted")

    def next_duty(self) -> int:
        """Number of the next duty for this kiosk; it never falls."""
        self.last_duty += 1
        self.is_changed = True
        return self.last_duty

    def raise_numbers(self, *, duty: int, lease: int) -> None:
        """Go on after numbers that the kiosk knows of: a restored hub has forgotten that it gave them.

        Numbers that follow from a neighbour's note are not of this series.
        """
        given = lease if lease < PASSED_LEASES_FROM else 0
        if duty > self.last_duty or given > self.last_lease:
            self.last_duty, self.last_lease = max(duty, self.last_duty), max(given, self.last_lease)
            self.is_changed = True

    def next_lease(self) -> int:
        """Number of the next lease for this kiosk; it never falls."""
        self.last_lease += 1
        self.is_changed = True
        return self.last_lease


@dataclass(frozen=True, slots=True)
class NewDuty:
    """A duty that a booking gives."""

    kiosk: str
    number: int
    kind: str
    body: str


@dataclass(slots=True)
class Fleet:
    """Part of a booking's working set: the kiosks that take part, and what they shall be told."""

    wanted: set[str] = field(default_factory=set)
    kiosks: dict[str, KioskState] = field(default_factory=dict)
    duties: list[NewDuty] = field(default_factory=list)
    learned: dict[tuple[str, UUID], None] = field(default_factory=dict)
    announced: set[str] = field(default_factory=set)

    def give(self, kiosk: str, body: Struct) -> None:
        """Give a kiosk a duty."""
        number = self.kiosks[kiosk].next_duty()
        self.duties.append(NewDuty(kiosk, number, kind_of(body), codec.encode(body).decode()))

    def learn(self, kiosk: str, member: UUID) -> None:
        """Note that a kiosk now knows a member and is to be told of changes."""
        self.learned[kiosk, member] = None

    def announce(self, name: str) -> None:
        """Tell all kiosks that a document has a new version."""
        self.announced.add(name)


def ask(session: Session, fleet: Fleet) -> Asked[None]:
    """Lock the kiosks that take part, and load how far their journals are booked."""
    kiosks = queries.lock_kiosks(session, fleet.wanted) if fleet.wanted else NOTHING
    streams = queries.ask_streams(session, fleet.wanted) if fleet.wanted else NOTHING

    def hold(rows: Rows) -> None:
        for row in rows:
            fleet.kiosks[row.id] = KioskState(*row)
        for row in streams.answer():
            fleet.kiosks[row.kiosk].streams[row.epoch] = StreamState(*row)

    return kiosks.then(hold)


def write(session: Session, fleet: Fleet, versions: Mapping[UUID, int], now: datetime) -> bool:
    """Write what became of the kiosks; `versions` are the new snapshot versions of members that changed.

    Returns whether there is something new to send.
    """
    kiosks = [state for state in fleet.kiosks.values() if state.is_changed]
    rows = [(state.id, state.last_duty, state.last_lease) for state in kiosks]
    update_rows(session, Kiosk, ("id",), ("last_duty", "last_lease"), rows=rows)
    _write_streams(session, fleet, now)
    insert_rows(
        session,
        Duty,
        ("kiosk", "number", "kind", "body", "given_at", "done_at"),
        [(duty.kiosk, duty.number, duty.kind, duty.body, now, None) for duty in fleet.duties],
    )
    _learn(session, fleet.learned)
    for name in sorted(fleet.announced):
        queries.raise_version(session, name)
    stale = mark_stale(session, versions)
    return bool(fleet.duties or fleet.announced or stale)


def fork(stream: StreamState, **seen: object) -> Act:
    """Put a journal in quarantine of which there are two histories; `seen` is what gave it away. To be audited."""
    before = {"epoch": str(stream.epoch), "state": stream.state, "upto": stream.upto}
    stream.fork()
    after = {"state": stream.state} | seen
    return Act(f"kiosk:{stream.kiosk}", "kiosk.chain_forked", stream.kiosk, before, after, stream.kiosk)


def mark_stale(session: Session, versions: Mapping[UUID, int]) -> int:
    """Have every kiosk that knows one of these members told its new snapshot; returns how many copies that is."""
    return update_rows(session, MemberCopy, ("member",), ("wanted",), rows=sorted(versions.items()))


def begin_epoch(session: Session, now: datetime, random_bytes: RandomBytes) -> UUID:
    """Give the database a new epoch: when it is made, and whenever it was restored. Every kiosk then rewinds to it."""
    epoch = event_id(int(now.timestamp() * 1000), random_bytes(10))
    session.merge(HubState(id=1, epoch=epoch))
    return epoch


def note_heartbeat(session: Session, kiosk: str, heartbeat: Heartbeat, now: datetime) -> None:
    """Note a kiosk's health."""
    sighting = session.get(Sighting, kiosk)
    if sighting is not None:
        sighting.at, sighting.heartbeat = now, msgspec.to_builtins(heartbeat)


def _write_streams(session: Session, fleet: Fleet, now: datetime) -> None:
    streams = [stream for kiosk in fleet.kiosks.values() for stream in kiosk.streams.values() if stream.is_changed]
    columns = ("state", "upto", "hash", "effective_at")
    new = [(s.kiosk, s.epoch, s.state, s.upto, s.hash, s.effective_at, now) for s in streams if s.is_new]
    insert_rows(session, Stream, ("kiosk", "epoch", *columns, "opened_at"), new)
    old = [(s.kiosk, s.epoch, s.state, s.upto, s.hash, s.effective_at) for s in streams if not s.is_new]
    update_rows(session, Stream, ("kiosk", "epoch"), columns, rows=old)


def _learn(session: Session, learned: Iterable[tuple[str, UUID]]) -> None:
    pairs = list(learned)
    if not pairs:
        return
    known = queries.copies_of(session, [member for _kiosk, member in pairs])
    rows = [(kiosk, member, 0, 0) for kiosk, member in pairs if (kiosk, member) not in known]
    insert_rows(session, MemberCopy, ("kiosk", "member", "wanted", "held"), rows)
