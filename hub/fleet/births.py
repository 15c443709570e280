"""What kiosks say of themselves when they come and go, and what the hub makes of it.

A hub that was restored from a backup has forgotten what it gave and was told since. Births tell it: numbers go on after
the highest that the kiosk knows, and what the kiosk cannot tell again is written down as a gap.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import UNSET
from sqlalchemy.orm import Session

from hub.audit.service import Act, audit_all
from hub.fleet import queries
from hub.fleet import service as fleet_service
from hub.fleet.models import Kiosk, Sighting, StreamGap
from hub.fleet.rules import StreamState
from hub.fleet.service import Fleet, KioskState
from hub.intake import RandomBytes
from protocol.ids import moment_of
from protocol.state import KioskStatus


def note_status(session: Session, kiosk: str, status: KioskStatus, now: datetime, *, random_bytes: RandomBytes) -> bool:
    """Note that a kiosk came, left or was lost; tells whether it is here now.

    An old death does not bury a newer connection.
    """
    known = session.get(Kiosk, kiosk)
    if known is None:
        return False
    sighting = session.get(Sighting, kiosk)
    if sighting is None:
        sighting = Sighting(kiosk=kiosk, state=status.state, connection=status.connection, at=now, heartbeat={})
        session.add(sighting)
    elif status.connection >= sighting.connection or status.state == "online":
        sighting.state, sighting.connection, sighting.at = status.state, status.connection, now
    if status.state == "online":
        _note_address(session, known, status.address or None)
    if status.state == "online" and status.epoch is not UNSET:
        sighting.birth = msgspec.to_builtins(status)
        _meet(session, Birth(kiosk, status, status.epoch, now), random_bytes)
    return sighting.state == "online"


def _note_address(session: Session, kiosk: Kiosk, address: str | None) -> None:
    """Note where a kiosk answers its neighbours; these are told where that has changed."""
    if kiosk.address == address:
        return
    if kiosk.state == "active":
        queries.raise_configuration(session, kiosk.store)
    kiosk.address = address


@dataclass(frozen=True, slots=True)
class Birth:
    """A birth that names its journal."""

    kiosk: str
    status: KioskStatus
    epoch: UUID
    now: datetime


def _meet(session: Session, birth: Birth, random_bytes: RandomBytes) -> None:
    # The first epoch is known from the kiosk's birth on, because a lease may be asked for before any event comes.
    fleet, status = Fleet(wanted={birth.kiosk}), birth.status
    fleet_service.ask(session, fleet).answer()
    kiosk = fleet.kiosks[birth.kiosk]
    stream, hub_epoch = kiosk.stream(birth.epoch, birth.now), queries.hub_epoch(session)
    kiosk.raise_numbers(duty=status.duties, lease=status.highest_lease or 0)
    if status.hub_epoch != hub_epoch:
        _renumber(session, kiosk, status.duties, moment_of(hub_epoch))
    acts = [*_fork(birth, stream), *_gap(session, birth, stream, hub_epoch)]
    fleet_service.write(session, fleet, {}, birth.now)
    audit_all(session, acts, birth.now, random_bytes)


def _renumber(session: Session, kiosk: KioskState, done: int, since: datetime) -> None:
    """Give new numbers to duties that were given since a restore under numbers which mean something else to the kiosk.

    To do a duty twice is harmless, so one that may be either is given again.
    """
    for number in queries.duties_given_since(session, kiosk.id, since, upto=done):
        queries.move_duty(session, kiosk.id, number, kiosk.next_duty())


def _fork(birth: Birth, stream: StreamState) -> list[Act]:
    if birth.status.forked is not True or stream.state != "accepted":
        return []
    return [fleet_service.fork(stream, head_seq=birth.status.head_seq)]


def _gap(session: Session, birth: Birth, stream: StreamState, hub_epoch: UUID) -> list[Act]:
    oldest, head = birth.status.oldest_seq, birth.status.oldest
    if oldest is UNSET or head is UNSET or stream.state != "accepted" or oldest <= stream.upto:
        return []
    before = {"epoch": str(birth.epoch), "upto": stream.upto}
    gap = StreamGap(
        kiosk=birth.kiosk,
        epoch=birth.epoch,
        first=stream.upto + 1,
        last=oldest,
        hash=bytes.fromhex(head),
        hub_epoch=hub_epoch,
        found_at=birth.now,
    )
    session.add(gap)
    stream.pass_over(oldest, gap.hash)
    after = {"first": gap.first, "last": gap.last}
    return [Act(f"kiosk:{birth.kiosk}", "kiosk.gap_recorded", birth.kiosk, before, after, birth.kiosk)]
