"""All SQL of cards."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.cards.models import Card, CardTap, Visit
from hub.db.reading import Rows, among


def lock_cards(session: Session, uids: Collection[str]) -> Rows:
    """Lock and load cards, in the order of their ids."""
    columns = (Card.id, Card.uid, Card.technology, Card.member, Card.state, Card.counter)
    return session.execute(select(*columns).where(among(session, Card.uid, uids)).order_by(Card.id).with_for_update())


def known_taps(session: Session, taps: Collection[tuple[UUID, int]]) -> set[tuple[UUID, int]]:
    """Which of these codes were seen before."""
    if not taps:
        return set()
    cards, counters = zip(*taps, strict=True)
    # Every card with every counter: a superset that two short lists describe, of which only the pairs asked for count.
    query = select(CardTap.card, CardTap.counter).where(
        among(session, CardTap.card, cards), among(session, CardTap.counter, counters)
    )
    return {(row.card, row.counter) for row in session.execute(query)} & set(taps)


def visits(session: Session, ids: Collection[UUID]) -> Rows:
    """Visits by their ids, with what became of their cards."""
    columns = (Visit.id, Visit.member, Visit.kiosk, Visit.redeems, Visit.ends_at, Card.state)
    return session.execute(select(*columns).join(Card, Card.id == Visit.card).where(among(session, Visit.id, ids)))
