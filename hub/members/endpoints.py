"""The members API."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hub.access import TheHub, ThePrincipal, TheRequestId
from hub.booking.reads import BalanceQuestion
from hub.cards import service as cards
from hub.cards.models import Card
from hub.composition import Hub
from hub.db.session import wake
from hub.ledger import queries as ledger
from hub.members import service
from hub.members.models import Member
from hub.members.rules import normal_phone
from hub.members.schemas import (
    BalanceOut,
    CardIn,
    CardOut,
    FindIn,
    MemberIn,
    MemberOut,
    MovementOut,
    TierIn,
)
from hub.messaging.snapshots import snapshots
from hub.points.service import points_account
from hub.problems import ProblemError
from hub.serving import TheServing
from hub.staff.service import Act, audit
from hub.stores.models import Store
from hub.tiers import service as tiers
from hub.tiers.models import Tier
from protocol.errors import ErrorCode

PHONE_REGION = "CN"
"""How a phone number without a country code is read."""

MOVEMENTS_MAX = 100

router = APIRouter(prefix="/v1", tags=["members"])


@router.post("/members", status_code=201, response_model=MemberOut)
def join(body: MemberIn, hub: TheHub, principal: ThePrincipal) -> dict[str, Any]:
    """Register a new member."""
    phone = normal_phone(body.phone, PHONE_REGION) if body.phone else None
    if body.phone and phone is None:
        raise ProblemError(ErrorCode.PHONE_INVALID)
    now = hub.clock()
    if body.birthday is not None and body.birthday > now.date():
        raise ProblemError(ErrorCode.BIRTHDAY_INVALID)
    profile = service.Profile(body.name, phone, body.birthday, body.home_store, body.language, body.source)

    def work(session: Session) -> dict[str, Any]:
        if session.get(Store, body.home_store) is None:
            raise ProblemError(ErrorCode.STORE_UNKNOWN)
        refusal = principal.store_refusal(body.home_store)
        if refusal is not None:
            raise ProblemError(refusal)
        if phone and service.by_phone(session, hub.vault, phone) is not None:
            raise ProblemError(ErrorCode.MEMBER_PHONE_TAKEN)
        member = service.join(session, hub.vault, profile, now=now, random=hub.random_bytes)
        tiers.welcome(session, member.id, now)
        act = Act(principal.actor, "member.joined", str(member.id), {}, {"source": body.source})
        audit(session, act, now, hub.random_bytes)
        session.flush()
        return _shown(hub, session, member)

    return hub.database.run(work)


@router.post("/members/find", response_model=MemberOut)
def find(body: FindIn, hub: TheHub) -> dict[str, Any]:
    """Find a member by phone number or card."""
    with hub.database.read() as session:
        member = _found(hub, session, body)
        if member is None:
            raise ProblemError(ErrorCode.MEMBER_UNKNOWN)
        return _shown(hub, session, member)


def _found(hub: Hub, session: Session, body: FindIn) -> Member | None:
    if body.card is not None:
        card = cards.by_uid(session, body.card)
        return session.get(Member, card.member) if card is not None and card.member is not None else None
    phone = normal_phone(body.phone or "", PHONE_REGION)
    return None if phone is None else service.by_phone(session, hub.vault, phone)


@router.get("/members/{member}", response_model=MemberOut)
def show(member: UUID, hub: TheHub) -> dict[str, Any]:
    """Show a member."""
    with hub.database.read() as session:
        return _shown(hub, session, _existing(session, member))


@router.get("/members/{member}/balance", response_model=BalanceOut)
async def balance(member: UUID, request: Request, serving: TheServing) -> dict[str, Any]:
    """What a member has."""
    return await serving.balance(BalanceQuestion(request.state.key_hash, member))


@router.get("/members/{member}/movements", response_model=list[MovementOut])
def movements(member: UUID, hub: TheHub) -> list[dict[str, Any]]:
    """The member's last movements of points, newest first, each with its reason."""
    account = points_account(member)
    with hub.database.read() as session:
        _existing(session, member)
        return [
            {
                "id": transfer.id,
                "kind": transfer.kind,
                "amount": transfer.amount if transfer.credit == account else -transfer.amount,
                "actor": transfer.actor,
                "cause": transfer.cause,
                "effective_at": transfer.effective_at,
                "recorded_at": transfer.recorded_at,
            }
            for transfer in ledger.movements(session, account, None, MOVEMENTS_MAX)
        ]


@router.put("/members/{member}/tier", response_model=MemberOut)
def give_tier(
    member: UUID, body: TierIn, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId
) -> dict[str, Any]:
    """Give a member a tier by hand; its kiosks show it within a second."""
    now = hub.clock()

    def work(session: Session) -> dict[str, Any]:
        found = _existing(session, member)
        if session.get(Tier, body.tier) is None:
            raise ProblemError(ErrorCode.TIER_UNKNOWN)
        known = tiers.given(session, request_id)
        if known is not None:
            if (known.member, known.after) != (member, body.tier):
                raise ProblemError(ErrorCode.REQUEST_CONFLICT)
            return _shown(hub, session, found)
        before = tiers.give(session, member, body.tier, (request_id, principal.actor, now))
        change = {"tier": body.tier, "reason": body.reason}
        act = Act(principal.actor, "member.tier_given", str(member), {"tier": before}, change)
        audit(session, act, now, hub.random_bytes)
        wake(session)
        session.flush()
        return _shown(hub, session, found)

    return hub.database.run(work)


@router.post("/members/{member}/cards", status_code=201, response_model=CardOut)
def bind_card(member: UUID, body: CardIn, hub: TheHub, principal: ThePrincipal) -> dict[str, Any]:
    """Bind a card to a member."""
    now = hub.clock()

    def work(session: Session) -> dict[str, Any]:
        _existing(session, member)
        card = cards.bind(session, body.uid, body.technology, member, now=now, random=hub.random_bytes)
        if isinstance(card, ErrorCode):
            raise ProblemError(card)
        session.flush()
        act = Act(principal.actor, "card.bound", str(card.id), {}, {"member": str(member)})
        audit(session, act, now, hub.random_bytes)
        return {"id": card.id, "uid": card.uid, "technology": card.technology, "state": card.state}

    try:
        return hub.database.run(work)
    except IntegrityError:
        raise ProblemError(ErrorCode.CARD_TAKEN) from None


@router.post("/cards/{card}/block", response_model=CardOut)
def block_card(card: UUID, hub: TheHub, principal: ThePrincipal) -> dict[str, Any]:
    """Block a card at once; the member's points stay with the account."""
    now = hub.clock()

    def work(session: Session) -> dict[str, Any]:
        found = session.get(Card, card, with_for_update=True)
        if found is None:
            raise ProblemError(ErrorCode.CARD_UNKNOWN)
        act = Act(principal.actor, "card.blocked", str(card), {"state": found.state}, {"state": "blocked"})
        found.state = "blocked"
        audit(session, act, now, hub.random_bytes)
        return {"id": found.id, "uid": found.uid, "technology": found.technology, "state": found.state}

    return hub.database.run(work)


def _existing(session: Session, member: UUID) -> Member:
    found = session.get(Member, member)
    if found is None:
        raise ProblemError(ErrorCode.MEMBER_UNKNOWN)
    return found


def _shown(hub: Hub, session: Session, member: Member) -> dict[str, Any]:
    snapshot = snapshots(session, hub.vault, [member.id], hub.clock())[member.id]
    return {
        "id": member.id,
        "number": member.number,
        "display_name": snapshot.display_name,
        "state": member.state,
        "tier": snapshot.tier,
        "home_store": member.home_store,
        "language": member.language,
        "points": snapshot.points,
        "qualifying": snapshot.qualifying,
        "stored_value": snapshot.stored_value,
        "joined_at": member.joined_at,
    }
