"""All SQL of alerts: what the rules look at, and which findings are known."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.alerts.cards import Replays, Seen
from hub.alerts.journals import JournalHealth
from hub.alerts.models import Alert
from hub.alerts.rules import LOGGED_IN, Burnt, Deed, Pairing
from hub.alerts.witnesses import Witness
from hub.audit.models import AuditEntry
from hub.booking.models import Fact
from hub.cards.models import Visit
from hub.db.reading import among
from hub.fleet.models import Kiosk, Sighting, Stream
from hub.fleet.queries import gaps, hub_epoch
from hub.purchases.models import Purchase
from hub.returns.models import Return
from hub.stores.models import Chain
from protocol.errors import ErrorCode

PRESENTED = "card.present"


def zone(session: Session) -> ZoneInfo | None:
    """The chain's time zone; None while there is no chain."""
    found = session.execute(select(Chain.zone)).scalar_one_or_none()
    return None if found is None else ZoneInfo(found)


def deeds(session: Session, since: datetime) -> list[Deed]:
    """What was done since a moment, in order."""
    columns = (AuditEntry.id, AuditEntry.at, AuditEntry.actor, AuditEntry.action, AuditEntry.subject)
    query = select(*columns, AuditEntry.source, AuditEntry.after).where(AuditEntry.at >= since)
    return [Deed(*row) for row in session.execute(query.order_by(AuditEntry.number))]


def journals(session: Session) -> list[JournalHealth]:
    """How the journals of all kiosks that were ever heard of are."""
    forked: dict[str, list[UUID]] = {}
    for row in session.execute(
        select(Stream.kiosk, Stream.epoch).where(Stream.state == "forked").order_by(Stream.epoch)
    ):
        forked.setdefault(row.kiosk, []).append(row.epoch)
    lost: dict[str, list[tuple[UUID, int, int]]] = {}
    for gap in gaps(session):
        lost.setdefault(gap.kiosk, []).append((gap.epoch, gap.first, gap.last))
    query = select(Kiosk.id, Kiosk.store, Sighting.at, Sighting.heartbeat).join(Sighting, Sighting.kiosk == Kiosk.id)
    return [
        JournalHealth(
            kiosk=row.id,
            store=row.store,
            at=row.at,
            used_percent=row.heartbeat.get("journal_used_percent", 0),
            forked=tuple(forked.get(row.id, ())),
            gaps=tuple(lost.get(row.id, ())),
        )
        for row in session.execute(query.order_by(Kiosk.id))
    ]


def witnesses(session: Session) -> list[Witness]:
    """What kiosks remember of the audit log as it is kept since the last restore, and how it stands now."""
    epoch = str(hub_epoch(session))
    query = select(Kiosk.id, Kiosk.store, Sighting.birth).join(Sighting, Sighting.kiosk == Kiosk.id)
    remembered = [
        (row.id, row.store, head["number"], head["hash"])
        for row in session.execute(query.order_by(Kiosk.id))
        for head in (row.birth or {}).get("audit", ())
        if head["hub_epoch"] == epoch
    ]
    numbers = sorted({number for _kiosk, _store, number, _hash in remembered})
    stand = select(AuditEntry.number, AuditEntry.hash).where(among(session, AuditEntry.number, numbers))
    now = {row.number: row.hash.hex() for row in session.execute(stand)}
    return [Witness(*one, now.get(one[2], "")) for one in remembered]


def cards_seen(session: Session, since: datetime) -> list[Seen]:
    """Cards that opened a visit which ended since a moment."""
    columns = (Visit.card, Visit.member, Kiosk.store, Visit.opened_at)
    query = select(*columns).join(Kiosk, Kiosk.id == Visit.kiosk).where(Visit.ends_at >= since)
    return [Seen(*row) for row in session.execute(query)]


def replays(session: Session, since: datetime) -> list[Replays]:
    """Codes of cards that kiosks presented since a moment though they had been used, by kiosk and day."""
    query = (
        select(Fact.kiosk, Kiosk.store, Fact.received_at)
        .join(Kiosk, Kiosk.id == Fact.kiosk)
        .where(Fact.received_at >= since, Fact.kind == PRESENTED, Fact.code == ErrorCode.CARD_REPLAYED.value)
    )
    count = Counter((row.kiosk, row.store, f"{row.received_at:%Y-%m-%d}") for row in session.execute(query))
    return [Replays(*where, times) for where, times in sorted(count.items())]


def devices(session: Session, people: Collection[str], before: datetime) -> set[tuple[str, str]]:
    """Devices from which these people logged in before a moment."""
    query = select(AuditEntry.subject, AuditEntry.after).where(
        among(session, AuditEntry.subject, people), AuditEntry.action == LOGGED_IN, AuditEntry.at < before
    )
    return {(row.subject, str(row.after.get("device", ""))) for row in session.execute(query)}


def pairings(session: Session, since: datetime, at_least: int) -> list[Pairing]:
    """Who recorded purchases of whom since a moment, where that was often."""
    count, recent = func.count(), Purchase.purchased_at >= since
    pairs = (
        select(
            Purchase.actor,
            Purchase.member,
            func.max(Purchase.store).label("store"),
            count.label("purchases"),
            func.max(Purchase.purchased_at).label("last_at"),
        )
        .where(recent)
        .group_by(Purchase.actor, Purchase.member)
        .having(count >= at_least)
    )
    found = list(session.execute(pairs))
    members = {row.member for row in found}
    totals = select(Purchase.member, count.label("purchases")).where(among(session, Purchase.member, members), recent)
    of_member = {row.member: row.purchases for row in session.execute(totals.group_by(Purchase.member))}
    return [
        Pairing(row.actor, row.member, row.store, row.purchases, of_member[row.member], row.last_at) for row in found
    ]


def burnt(session: Session, since: datetime) -> list[Burnt]:
    """Returns since a moment whose points were spent already, in order."""
    points = Return.points_owed + Return.points_forgiven
    query = select(Return.id, Return.member, Return.store, Return.returned_at, points).where(
        Return.returned_at >= since, points > 0
    )
    return [Burnt(*row) for row in session.execute(query.order_by(Return.returned_at, Return.id))]


def known(session: Session, ids: Collection[UUID]) -> set[UUID]:
    """Which of these findings were found before."""
    return set(session.execute(select(Alert.id).where(among(session, Alert.id, ids))).scalars())
