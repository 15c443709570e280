"""What goes down to the kiosks: duties, snapshots, announcements. Everything is sent until its kiosk reports it.

Only kiosks that are connected are sent anything; one that comes back gets all that is open with its birth.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Raw
from sqlalchemy.orm import Session

from hub.fleet import queries as fleet
from hub.members.vault import Vault
from hub.messaging.snapshots import snapshots
from hub.programme.service import PROGRAMME
from hub.rewards.service import CATALOGUE
from protocol import codec, topics
from protocol.duties import Duty
from protocol.state import Note, TwinPointer
from protocol.topics import Channel

RESEND_S = 30
"""How long a kiosk has to report what it was sent, before it is sent again."""


@dataclass(frozen=True, slots=True)
class Publication:
    """A message for the broker."""

    topic: str
    payload: bytes
    retain: bool = False
    expiry_s: int | None = None


@dataclass(slots=True)
class Publisher:
    """Remembers what was sent lately, so that nothing is sent twice while its report is on the way."""

    vault: Vault
    online: set[str] = field(default_factory=set)
    _duties: dict[tuple[str, int], datetime] = field(default_factory=dict)
    _copies: dict[tuple[str, UUID], tuple[int, datetime]] = field(default_factory=dict)
    _copies_after: tuple[str, UUID] | None = None
    """Up to where the last flush looked, where there was more: a large change does not hold up what is urgent."""
    _notes: dict[str, int] = field(default_factory=dict)
    _twins: dict[str, int] = field(default_factory=dict)

    def came(self, kiosk: str) -> None:
        """A kiosk has connected: whatever is open for it is sent, even if it was sent before."""
        self.online.add(kiosk)
        self.resend_duties(kiosk)
        self._twins.pop(kiosk, None)
        for key in [key for key in self._copies if key[0] == kiosk]:
            del self._copies[key]

    def went(self, kiosk: str) -> None:
        """A kiosk has gone: what is open waits for it."""
        self.online.discard(kiosk)

    def resend_duties(self, kiosk: str) -> None:
        """Send a kiosk's open duties with the next flush."""
        for key in [key for key in self._duties if key[0] == kiosk]:
            del self._duties[key]

    def flush(self, session: Session, now: datetime) -> list[Publication]:
        """Everything that connected kiosks ought to have and have not been sent lately."""
        return [*self._duties_due(session, now), *self._copies_due(session, now), *self._announcements(session)]

    def _duties_due(self, session: Session, now: datetime) -> Iterator[Publication]:
        epoch, done = fleet.hub_epoch(session), dict[str, int]()
        for row in fleet.open_duties(session, self.online):
            # Reports close duties up to a number, so everything before the first that is open was reported.
            after = done.setdefault(row.kiosk, row.number - 1)
            if _is_recent(self._duties.get((row.kiosk, row.number)), now):
                continue
            self._duties[row.kiosk, row.number] = now
            duty = Duty(row.number, row.kind, Raw(row.body.encode()), after, epoch)
            yield Publication(topics.of_kiosk(row.kiosk, Channel.DUTIES), codec.encode(duty))

    def _copies_due(self, session: Session, now: datetime) -> Iterator[Publication]:
        stale = fleet.stale_copies(session, self.online, self._copies_after)
        self._copies_after = stale[-1][:2] if len(stale) == fleet.STALE_COPIES_MAX else None
        due = self._choose_copies(stale, now)
        if not due:
            return
        current = snapshots(session, self.vault, {member for _kiosk, member in due}, now)
        for kiosk, member in due:
            snapshot = current[member]
            self._copies[kiosk, member] = (snapshot.version, now)
            yield Publication(topics.of_kiosk(kiosk, Channel.MEMBERS), codec.encode(snapshot))

    def _choose_copies(self, stale: Iterable[tuple[str, UUID, int]], now: datetime) -> list[tuple[str, UUID]]:
        due: list[tuple[str, UUID]] = []
        for kiosk, member, wanted in stale:
            version, sent_at = self._copies.get((kiosk, member), (-1, None))
            if version < wanted or not _is_recent(sent_at, now):
                due.append((kiosk, member))
        return due

    def _announcements(self, session: Session) -> Iterator[Publication]:
        versions = fleet.publications(session)
        if versions != self._notes:
            self._notes = versions
            note = Note(catalogue=versions[CATALOGUE], programme=versions[PROGRAMME])
            yield Publication(topics.of_group(topics.EVERYONE), codec.encode(note), retain=True)
        for row in fleet.configurations(session, self.online):
            if self._twins.get(row.id) != row.configuration:
                self._twins[row.id] = row.configuration
                pointer = codec.encode(TwinPointer(row.configuration))
                yield Publication(topics.of_kiosk(row.id, Channel.TWIN), pointer, retain=True)


def _is_recent(sent_at: datetime | None, now: datetime) -> bool:
    return sent_at is not None and now - sent_at < timedelta(seconds=RESEND_S)
