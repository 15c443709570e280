"""Tiers as bookings use them: who stands where, loaded after the accounts are locked, and changes of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.db.bulk import insert_rows, update_rows
from hub.db.reading import Asked, Prepared, Rows
from hub.db.session import wake
from hub.fleet import service as fleet_service
from hub.ledger import service as ledger_service
from hub.ledger.rules import Books
from hub.members.models import Member
from hub.points import service as points_service
from hub.tiers.models import Standing, Tier, TierChange
from hub.tiers.rules import Level, level_after
from protocol.errors import ErrorCode
from protocol.ids import derived_id


@dataclass(slots=True)
class MemberState:
    """A member as a booking sees it."""

    member: UUID
    state: str
    tier: str
    is_identified: bool = False

    @property
    def is_active(self) -> bool:
        """Tell whether the member may earn and redeem."""
        return self.state == "active"


@dataclass(frozen=True, slots=True)
class Promotion:
    """A change of tier that a booking decided."""

    fact: UUID
    member: UUID
    before: str
    after: str
    actor: str
    evidence: dict[str, Any]
    at: datetime


@dataclass(slots=True)
class Standings:
    """Part of a booking's working set: the members it touches, and the tiers there are."""

    wanted: set[UUID] = field(default_factory=set)
    members: dict[UUID, MemberState] = field(default_factory=dict)
    levels: tuple[Level, ...] = ()
    promotions: list[Promotion] = field(default_factory=list)

    def refusal(self, member: UUID) -> ErrorCode | None:
        """Why a member may not take part; None where it may."""
        state = self.members.get(member)
        if state is None:
            return ErrorCode.MEMBER_UNKNOWN
        return None if state.is_active else ErrorCode.MEMBER_BLOCKED

    def multiplier(self, tier: str) -> int:
        """By how much a tier's members earn more, in basis points."""
        return next(level.multiplier for level in self.levels if level.tier == tier)

    def rank(self, tier: str) -> int:
        """Place of a tier, from 0."""
        return next(level.rank for level in self.levels if level.tier == tier)

    def qualify(self, state: MemberState, qualifying: int, terms: tuple[UUID, str, datetime]) -> bool:
        """Give a member the tier that its qualifying points now earn; tells whether that changed anything.

        `terms` are the fact, its actor and the moment.
        """
        after = level_after(self.levels, state.tier, qualifying)
        if after.tier == state.tier:
            return False
        fact, actor, at = terms
        evidence = {"qualifying": qualifying, "threshold": after.threshold}
        self.promotions.append(Promotion(fact, state.member, state.tier, after.tier, actor, evidence, at))
        state.tier = after.tier
        return True


def levels(session: Session) -> tuple[Level, ...]:
    """Every tier, lowest first."""
    return _levels_of(_LEVELS.rows(session))


def _levels_of(rows: Rows) -> tuple[Level, ...]:
    return tuple(Level(row.id, row.rank, row.threshold, row.multiplier) for row in rows)


_LEVELS = Prepared(lambda _among: select(Tier.id, Tier.rank, Tier.threshold, Tier.multiplier).order_by(Tier.rank))


def ask(session: Session, standings: Standings) -> Asked[None]:
    """Load the members a booking touches, and the tiers there are."""
    tiers, members = _LEVELS.ask(session), _MEMBERS.ask(session, members=standings.wanted)

    def hold(rows: Rows) -> None:
        standings.levels = _levels_of(tiers.answer())
        for row in rows:
            standings.members[row.id] = MemberState(row.id, row.state, row.tier, row.identified_at is not None)

    return members.then(hold)


_MEMBERS = Prepared(
    lambda among: (
        select(Member.id, Member.state, Member.identified_at, Standing.tier)
        .join(Standing, Standing.member == Member.id)
        .where(among(Member.id, "members"))
    )
)


def write(session: Session, standings: Standings) -> None:
    """Write the changes of tier that a booking decided."""
    last = {promotion.member: promotion for promotion in standings.promotions}
    _record(session, standings.promotions)
    rows = [(change.member, change.after, change.at) for change in last.values()]
    update_rows(session, Standing, ("member",), ("tier", "since"), rows=rows)


def welcome(session: Session, member: UUID, now: datetime) -> None:
    """Give a new member its accounts and the lowest tier."""
    books = Books()
    for account in points_service.new_accounts(member):
        books.open(account)
    ledger_service.write(session, books, now)
    stand_lowest(session, [member], now)


def stand_lowest(session: Session, members: Iterable[UUID], now: datetime) -> None:
    """Give new members the lowest tier."""
    lowest = levels(session)[0].tier
    insert_rows(session, Standing, ("member", "tier", "since"), [(member, lowest, now) for member in members])


def given(session: Session, request: UUID) -> TierChange | None:
    """The change that a request has made already, if it has."""
    ids = [_change_id(request, level.tier) for level in levels(session)]
    return session.execute(select(TierChange).where(TierChange.id.in_(ids))).scalar_one_or_none()


def give(session: Session, member: UUID, tier: str, terms: tuple[UUID, str, datetime]) -> str | None:
    """Give a member a tier by hand and have its kiosks told; the tier it had before, None where there is no member.

    `terms` are the request's id, the actor and the moment.
    """
    books, standings, account = Books(), Standings(wanted={member}), points_service.points_account(member)
    books.want(account)
    ledger_service.load(session, books)
    ask(session, standings).answer()
    state = standings.members.get(member)
    if state is None or state.tier == tier:
        return state.tier if state else None
    request, actor, at = terms
    standings.promotions.append(Promotion(request, member, state.tier, tier, actor, {"by": "hand"}, at))
    write(session, standings)
    books.touch(account)
    ledger_service.write(session, books, at)
    fleet_service.mark_stale(session, {member: books.accounts[account].version})
    return state.tier


def tell(session: Session, member: UUID, now: datetime) -> None:
    """Have the kiosks of a member told that something of it has changed which is no value."""
    books, account = Books(), points_service.points_account(member)
    books.want(account)
    ledger_service.load(session, books)
    books.touch(account)
    ledger_service.write(session, books, now)
    if fleet_service.mark_stale(session, {member: books.accounts[account].version}):
        wake(session)


def _change_id(fact: UUID, tier: str) -> UUID:
    return derived_id(fact, f"tier.{tier}")


def _record(session: Session, promotions: Iterable[Promotion]) -> None:
    insert_rows(
        session,
        TierChange,
        ("id", "member", "before", "after", "actor", "evidence", "at"),
        [(_change_id(x.fact, x.after), x.member, x.before, x.after, x.actor, x.evidence, x.at) for x in promotions],
    )
