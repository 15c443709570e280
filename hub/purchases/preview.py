"""What a purchase would come to, without booking it: nothing is locked and nothing is written."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.ledger import queries as ledger
from hub.ledger.rules import Books
from hub.points.earning import parts_of
from hub.points.rules import Refusal
from hub.points.service import points_account
from hub.programme import service as programme_service
from hub.purchases import queries
from hub.purchases.checkout import Checkout, Offer, basket_of, check_out, points_paid, refusal
from hub.stores import service as stores_service
from hub.stores.service import Places
from hub.tiers import service as tiers_service
from hub.tiers.service import Standings
from protocol.errors import ErrorCode
from protocol.events import PurchaseRecorded


def preview(session: Session, body: PurchaseRecorded, store: str, now: datetime) -> dict[str, Any] | Refusal:
    """What booking a purchase now would give, as if its receipt were new; or why it would be refused."""
    places, standings = Places(wanted={store}), Standings(wanted={body.member})
    stores_service.ask(session, places).answer()
    tiers_service.ask(session, standings).answer()
    refused = refusal(body, store, places, standings)
    if refused is not None:
        return refused, {}
    offer = Offer.of(programme_service.in_force(session))
    basket = basket_of(body, store, now.astimezone(places.zone), standings)
    books = Books(tallies=queries.counted(session, set(offer.rules.tallies(basket))))
    checkout = check_out(basket, points_paid(body), offer, books.room)
    if not isinstance(checkout, Checkout):
        return checkout
    balance, spendable = _holdings(session, body.member, now)
    short = checkout.points_paid - spendable
    if short > 0:
        return ErrorCode.POINTS_SHORT, {"short": short}
    usable = offer.cash.most(sum(line.amount for line in body.lines), spendable)
    return {
        **checkout.figures(),
        "qualifying": sum(checkout.earned.qualifying),
        "tier": basket.tier,
        "multiplier": basket.multiplier,
        "balance": balance,
        "usable_points": usable,
        "usable_value": offer.cash.value_of(usable),
        "lines": [_line(checkout, place) for place in range(len(body.lines))],
    }


def _holdings(session: Session, member: UUID, now: datetime) -> tuple[int, int]:
    """A member's balance, and what of it can be spent now."""
    account = points_account(member)
    balance, _version = ledger.balances(session, [account])[account]
    [holding] = ledger.holdings(session, [account], now, now)
    return balance, holding.spendable


def _line(checkout: Checkout, place: int) -> dict[str, Any]:
    return {
        "line": place + 1,
        "amount": checkout.basket.paid[place],
        "points": checkout.earned.points[place],
        "qualifying": checkout.earned.qualifying[place],
        "points_paid": checkout.payment.points[place],
        "value_paid": checkout.payment.values[place],
        "parts": parts_of(checkout.earned, place),
    }
