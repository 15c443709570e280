"""Which cards kiosks recognise by themselves: verifiers for them, what is known of that, and its end for one card.

A card that is blocked must not go on spending what lies at kiosks: they are told in the transaction that blocks it.
"""

import base64
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from devices.cards import ntag424
from devices.cards.keys import FleetKeys
from devices.cards.technology import Technology
from hub.cards.rules import CardState
from hub.db.bulk import insert_rows, update_rows
from hub.db.session import RaceLostError, wake
from hub.fleet import service as fleet_service
from hub.fleet.service import Fleet
from hub.intake import Work
from hub.leases import queries
from hub.leases.models import CardWindow
from hub.leases.service import Leases, NewWindow
from protocol.duties import CardVerifiers, RenewCards
from protocol.limits import CARDS_MAX, VERIFIERS_MAX

SALT_BYTES = 16


def load(session: Session, members: Collection[UUID], kiosks: Collection[str], leases: Leases) -> None:
    """Find the cards of members, and which of these kiosks recognise which of them.

    The cards stay as they are until the transaction ends, so that none is blocked while verifiers for it are made.
    """
    for row in queries.cards_of(session, members):
        card = CardState(row.id, row.uid, row.technology, row.member, "active", row.counter)
        leases.cards.setdefault(row.member, []).append(card)
    cards = {card.id for some in leases.cards.values() for card in some}
    leases.known_windows = queries.windows(session, kiosks, cards)


def verifiers(keys: FleetKeys, kiosk: str, member: UUID, work: Work) -> list[CardVerifiers]:
    """Have a kiosk recognise the next readings of a member's cards."""
    dynamic = [card for card in work.part(Leases).cards.get(member, ()) if card.technology == Technology.NTAG424]
    made = []
    for card in dynamic[:CARDS_MAX]:
        # A card that nobody has read yet stands before its first reading, which is number 1.
        salt, last = work.random_bytes(SALT_BYTES), ntag424.Tap(bytes.fromhex(card.uid), max(card.counter, 0))
        macs = ntag424.verifiers(keys.of_card(last.uid), last, count=VERIFIERS_MAX, salt=salt)
        if macs:
            work.part(Leases).windows[kiosk, card.id] = NewWindow(kiosk, card.id, last.counter)
            made.append(_verifiers(last.counter, salt, macs))
    return made


def write(session: Session, leases: Leases) -> None:
    """Store which cards kiosks recognise from now on."""
    rows = [(window.kiosk, window.card, window.after) for window in leases.windows.values()]
    new = [row for row in rows if row[:2] not in leases.known_windows]
    insert_rows(session, CardWindow, ("kiosk", "card", "after"), new)
    known = [row for row in rows if row[:2] in leases.known_windows]
    update_rows(session, CardWindow, ("kiosk", "card"), ("after",), rows=known)


def lock_kiosks(session: Session, card: UUID, work: Work) -> None:
    """Lock the kiosks that may recognise a card. It comes before the card is locked, as in every booking."""
    fleet = work.part(Fleet)
    fleet.wanted |= queries.recognising(session, card)
    fleet_service.ask(session, fleet).answer()


def shut(session: Session, card: UUID, member: UUID, keys: FleetKeys, *, work: Work, now: datetime) -> None:
    """Have no kiosk recognise a card any more; what the caller changed of it is written, and it is locked.

    Each gets verifiers for the member's other cards instead, if there are any, and what lies there is looked at next.

    Raises:
        RaceLostError: another kiosk has learned to recognise the card since the kiosks were locked.
    """
    fleet, leases, kiosks = work.part(Fleet), work.part(Leases), queries.recognising(session, card)
    if not kiosks <= fleet.wanted:
        raise RaceLostError
    queries.delete_windows(session, card)
    load(session, {member}, kiosks, leases)
    for kiosk in sorted(kiosks):
        if fleet.kiosks[kiosk].is_active:
            fleet.give(kiosk, RenewCards(member, verifiers(keys, kiosk, member, work)))
    write(session, leases)
    queries.look_at(session, member, now)
    if fleet_service.write(session, fleet, {}, now):
        wake(session)


def _verifiers(after: int, salt: bytes, macs: tuple[bytes, ...]) -> CardVerifiers:
    encoded = base64.b64encode(b"".join(macs)).decode()
    return CardVerifiers(salt=base64.b64encode(salt).decode(), after=after, macs=encoded)
