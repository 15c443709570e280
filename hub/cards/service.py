"""Cards as the rest of the hub uses them: binding and blocking, and what a verified tap authorises."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.cards import queries
from hub.cards.models import Card
from hub.intake import RandomBytes
from protocol.errors import ErrorCode
from protocol.ids import event_id


@dataclass(frozen=True, slots=True)
class VisitState:
    """A visit, as whoever is asked to act on it sees it."""

    id: UUID
    member: UUID
    kiosk: str
    redeems: bool
    ends_at: datetime
    card_state: str

    def refusal(self, kiosk: str, now: datetime) -> ErrorCode | None:
        """Why this visit does not authorise redeeming at a kiosk now; None where it does."""
        if self.kiosk != kiosk or now >= self.ends_at:
            return ErrorCode.VISIT_EXPIRED
        if self.card_state != "active":
            return ErrorCode.CARD_BLOCKED
        return None if self.redeems else ErrorCode.REDEEM_STATIC_CARD


def visits(session: Session, ids: Collection[UUID]) -> dict[UUID, VisitState]:
    """Visits by their ids."""
    return {row.id: VisitState(*row) for row in queries.visits(session, ids)}


def bind(
    session: Session, uid: str, technology: str, member: UUID, *, now: datetime, random: RandomBytes
) -> Card | ErrorCode:
    """Bind a card to a member. A card that was issued before keeps its counter, so old taps stay worthless."""
    card = by_uid(session, uid)
    if card is None:
        card = Card(
            id=event_id(int(now.timestamp() * 1000), random(10)),
            uid=uid,
            technology=technology,
            member=member,
            state="active",
            counter=-1,
            issued_at=now,
        )
        session.add(card)
        return card
    if card.member is not None:
        return ErrorCode.CARD_TAKEN
    card.member = member
    return card


def by_uid(session: Session, uid: str) -> Card | None:
    """The card with a UID."""
    return session.execute(select(Card).where(Card.uid == uid)).scalar_one_or_none()
