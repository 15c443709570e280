"""The cards API: a card is bound to a member, or blocked."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hub.access import TheHub, ThePrincipal, TheRequestId
from hub.audit.service import Act, audit
from hub.cards import service
from hub.cards.models import Card
from hub.cards.schemas import CardIn, CardOut
from hub.intake import Work
from hub.leases import windows
from hub.members.models import Member
from hub.problems import ProblemError
from hub.requests import asked, once
from protocol.errors import ErrorCode

router = APIRouter(prefix="/v1", tags=["members"])


@router.post("/members/{member}/cards", status_code=201, response_model=CardOut)
def bind_card(
    member: UUID, body: CardIn, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId
) -> dict[str, Any]:
    """Bind a card to a member."""
    now, content = hub.clock(), f"{member} {body.model_dump_json()}"
    request = asked(hub, request_id, principal.actor, kind="card.bound", content=content)

    def act(session: Session) -> dict[str, Any]:
        if session.get(Member, member) is None:
            raise ProblemError(ErrorCode.MEMBER_UNKNOWN)
        card = service.bind(session, body.uid, body.technology, member, now=now, random=hub.random_bytes)
        if isinstance(card, ErrorCode):
            raise ProblemError(card)
        session.flush()
        written = Act(principal.actor, "card.bound", str(card.id), {}, {"member": str(member)}, principal.address)
        audit(session, written, now, hub.random_bytes)
        return {"id": card.id, "technology": card.technology, "state": card.state}

    try:
        return hub.database.run(lambda session: _with_uid(session, once(session, request, lambda: act(session))))
    except IntegrityError:
        raise ProblemError(ErrorCode.CARD_TAKEN) from None


@router.post("/cards/{card}/block", response_model=CardOut)
def block_card(card: UUID, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId) -> dict[str, Any]:
    """Block a card at once; the member's points stay with the account, and kiosks are told to recognise it no more."""
    now = hub.clock()
    request = asked(hub, request_id, principal.actor, kind="card.blocked", content=str(card))

    def act(session: Session) -> dict[str, Any]:
        work = Work(hub.random_bytes)
        windows.lock_kiosks(session, card, work)
        found = session.get(Card, card, with_for_update=True)
        if found is None:
            raise ProblemError(ErrorCode.CARD_UNKNOWN)
        written = Act(
            principal.actor, "card.blocked", str(card), {"state": found.state}, {"state": "blocked"}, principal.address
        )
        found.state = "blocked"
        session.flush()
        if found.member is not None:
            windows.shut(session, card, found.member, hub.secrets.cards, work=work, now=now)
        audit(session, written, now, hub.random_bytes)
        return {"id": found.id, "technology": found.technology, "state": found.state}

    return hub.database.run(lambda session: _with_uid(session, once(session, request, lambda: act(session))))


def _with_uid(session: Session, answer: dict[str, Any]) -> dict[str, Any]:
    """An answer about a card, with its UID, which is not kept with the answer because it leads to a person."""
    return answer | {"uid": session.get_one(Card, UUID(str(answer["id"]))).uid}
