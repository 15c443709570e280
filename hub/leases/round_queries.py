"""SQL of lending rounds: whom to look at, and all that it takes to judge many members at once. It only reads."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from devices.cards.technology import Technology
from hub.approvals.models import ApprovalRequest
from hub.cards.models import Card, CardTap, Visit
from hub.db.reading import Rows, among
from hub.fleet.models import Kiosk, Sighting, Stream
from hub.leases.models import CardWindow, Lease, Lending, StockLease
from hub.ledger.models import Account, Counter, Transfer
from hub.ledger.queries import of_member
from hub.members.models import Member
from hub.points.service import POINTS
from hub.programme.models import Term
from hub.rewards.models import Reward
from hub.tiers.models import Standing

ERASED = "member.erased"
"""Kind of the requests by which members leave; the domain that carries them out stands above this one."""

TAPS_MAX = 200
"""So many of a card's last readings say where its member was."""


def term_version(session: Session, name: str) -> int:
    """The newest version of a term, whether it is in force or withdrawn; 0 where there never was one."""
    return session.execute(select(func.coalesce(func.max(Term.version), 0)).where(Term.name == name)).scalar_one()


def visited(session: Session, since: datetime) -> Rows:
    """Members who came with a card that redeems, whose visits end after a moment and were not noticed yet."""
    last = func.max(Visit.opened_at).label("at")
    query = select(Visit.member, last, Lending.visited_at).outerjoin(Lending, Lending.member == Visit.member)
    recent = query.where(Visit.ends_at > since, Visit.redeems.is_(True)).group_by(Visit.member, Lending.visited_at)
    return session.execute(recent.having(or_(Lending.visited_at.is_(None), last > Lending.visited_at)))


def credited(session: Session, since: datetime) -> list[UUID]:
    """Members who are looked at now and then, and got points after a moment that the last look did not see."""
    query = (
        select(Lending.member)
        .join(Account, (Account.owner == Lending.member) & (Account.book == POINTS))
        .join(Transfer, Transfer.credit == Account.id)
        .where(Transfer.recorded_at > since, of_member(Transfer.credit), Account.version != Lending.version)
    )
    return list(session.execute(query.distinct().order_by(Lending.member)).scalars())


def due(session: Session, now: datetime, term: int, limit: int) -> list[UUID]:
    """Members to look at: those whose time has come, and then those who were judged by an earlier policy."""
    by_time = select(Lending.member).where(Lending.due_at <= now).order_by(Lending.due_at, Lending.member)
    found = list(session.execute(by_time.limit(limit)).scalars())
    earlier = select(Lending.member).where(Lending.term < term).order_by(Lending.term, Lending.member)
    return list(dict.fromkeys([*found, *session.execute(earlier.limit(limit - len(found))).scalars()]))


def members(session: Session, ids: Collection[UUID]) -> Rows:
    """Who members are to the policy."""
    query = select(Member.id, Member.state, Member.home_store, Standing.tier, Lending.visited_at)
    joined = query.join(Standing, Standing.member == Member.id).join(Lending, Lending.member == Member.id)
    return session.execute(joined.where(among(session, Member.id, ids)).order_by(Member.id))


def leaving(session: Session, ids: Collection[UUID]) -> set[UUID]:
    """Members who are to be erased, once a second person agrees or what is theirs has come back."""
    asked = (ApprovalRequest.kind == ERASED, ApprovalRequest.state.in_(("waiting", "approved")))
    query = select(ApprovalRequest.subject).where(
        *asked, among(session, ApprovalRequest.subject, [str(x) for x in ids])
    )
    return {UUID(subject) for subject in session.execute(query).scalars()}


def places(session: Session, ids: Collection[UUID]) -> Rows:
    """At which kiosks members were by the last readings of their cards, when last, and how those kiosks are."""
    at = func.max(CardTap.seen_at).label("at")
    query = (
        select(Card.member, Kiosk.id, Kiosk.store, Kiosk.state, Sighting.state.label("connection"), at)
        .join(CardTap, CardTap.card == Card.id)
        .join(Kiosk, Kiosk.id == CardTap.kiosk)
        .outerjoin(Sighting, Sighting.kiosk == Kiosk.id)
        .where(among(session, Card.member, ids), Card.state == "active", Card.technology == Technology.NTAG424)
        .where(CardTap.counter > Card.counter - TAPS_MAX)
        .group_by(Card.member, Kiosk.id, Kiosk.store, Kiosk.state, Sighting.state)
    )
    return session.execute(query.order_by(Card.member, Kiosk.id))


def streams(session: Session, kiosks: Collection[str]) -> Rows:
    """States of these kiosks' journals."""
    return session.execute(select(Stream.kiosk, Stream.state).where(among(session, Stream.kiosk, kiosks)))


def held(session: Session, ids: Collection[UUID], called_back_after: datetime) -> Rows:
    """Leases ahead of members that are open, and those that were called back only just now."""
    columns = (Lease.member, Lease.kiosk, Lease.number, Lease.epoch, (Lease.points - Lease.spent).label("rest"))
    query = select(*columns, Lease.granted_at, Lease.deadline, Lease.recalled_at, Lease.closed_at)
    lying = or_(Lease.closed_at.is_(None), Lease.recalled_at > called_back_after)
    mine = query.where(among(session, Lease.member, ids), Lease.reward.is_(None), lying)
    return session.execute(mine.order_by(Lease.kiosk, Lease.number))


def worn_windows(session: Session, ids: Collection[UUID], readings: int) -> Rows:
    """Kiosks that hold points of members, and recognise fewer than so many of the next readings of one of the cards."""
    query = (
        select(Lease.member, Lease.kiosk, func.max(Card.counter).label("counter"))
        .join(Card, Card.member == Lease.member)
        .outerjoin(CardWindow, (CardWindow.kiosk == Lease.kiosk) & (CardWindow.card == Card.id))
        .where(among(session, Lease.member, ids), Lease.reward.is_(None), Lease.closed_at.is_(None))
        .where(Card.state == "active", Card.technology == Technology.NTAG424)
        .where(or_(CardWindow.after.is_(None), Card.counter - CardWindow.after >= readings))
        .group_by(Lease.member, Lease.kiosk)
    )
    return session.execute(query.order_by(Lease.member, Lease.kiosk))


def ready_kiosks(session: Session, limit: int) -> list[str]:
    """Kiosks that are connected and may be lent to."""
    accepted = select(Stream.epoch).where(Stream.kiosk == Kiosk.id, Stream.state == "accepted").exists()
    pending = select(Stream.epoch).where(Stream.kiosk == Kiosk.id, Stream.state == "pending").exists()
    query = select(Kiosk.id).join(Sighting, Sighting.kiosk == Kiosk.id).where(accepted, ~pending)
    ready = query.where(Kiosk.state == "active", Sighting.state == "online").order_by(Kiosk.id)
    return list(session.execute(ready.limit(limit)).scalars())


def limited_rewards(session: Session) -> list[UUID]:
    """Rewards that are offered, and of which there are only so many."""
    query = select(Reward.id).where(Reward.offered.is_(True), Reward.limited.is_(True))
    return list(session.execute(query.order_by(Reward.id)).scalars())


def remaining(session: Session, counters: Collection[UUID]) -> dict[UUID, int]:
    """What counters stand at."""
    query = select(Counter.id, Counter.remaining).where(among(session, Counter.id, counters))
    return {row.id: row.remaining for row in session.execute(query)}


def stock_held(session: Session, called_back_after: datetime) -> Rows:
    """Leases of stock that are open, and those that were called back only just now."""
    query = select(StockLease).where(or_(StockLease.closed_at.is_(None), StockLease.recalled_at > called_back_after))
    return session.execute(query.order_by(StockLease.kiosk, StockLease.number)).scalars()
