"""What a purchase comes to: which points pay for it, and which points it earns. Pure.

Booking and preview both ask here, so that a preview says what booking then does.
"""

from dataclasses import dataclass, field
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from hub.ledger.rules import VALUE_SCALE, Grant
from hub.points.earning import Earned, Room, earn
from hub.points.matching import Basket, Rules
from hub.points.rules import CashPolicy, EarningRule, ExpiryPolicy, Refusal, grant_of, split
from hub.programme.service import Terms
from hub.stores.service import Places
from hub.tiers.service import Standings
from protocol.errors import ErrorCode
from protocol.events import PurchaseRecorded
from protocol.values import Points


class PurchasePosted(PurchaseRecorded, frozen=True, omit_defaults=True):
    """A purchase as tills post it: the member may pay a part of it with points."""

    points_paid: Points = 0


def points_paid(body: PurchaseRecorded) -> int:
    """How many points are to pay for a purchase; at a kiosk none can."""
    return body.points_paid if isinstance(body, PurchasePosted) else 0


@dataclass(frozen=True, slots=True)
class Offer:
    """What the programme in force says about purchases, made ready once for all of them."""

    rules: Rules = field(default_factory=Rules)
    cash: CashPolicy = field(default_factory=CashPolicy)
    cash_version: int = 0
    expiry: ExpiryPolicy = field(default_factory=ExpiryPolicy)

    @classmethod
    def of(cls, terms: Terms) -> "Offer":
        """Read it from the terms."""
        cash = terms.versions.get("cash")
        return cls(
            rules=Rules.of((term.name, term.version, term.document) for term in terms.family("earning", EarningRule)),
            cash=terms.policy("cash", CashPolicy),
            cash_version=cash.version if cash else 0,
            expiry=terms.policy("expiry", ExpiryPolicy),
        )

    def grant(self, at: datetime) -> Grant:
        """The terms on which a purchase's points are granted; `at` is in the chain's zone."""
        return grant_of("purchase", self.expiry, at, self.cash.value_of(VALUE_SCALE))


class Payment(Struct, frozen=True, gc=False):
    """Points that pay for a purchase, and the money they stand for, line by line."""

    points: list[int]
    values: list[int]


class Checkout(Struct, frozen=True, gc=False):
    """What a purchase comes to, when nothing is booked yet. `basket` holds what was paid in money."""

    basket: Basket
    payment: Payment
    earned: Earned

    @property
    def points_paid(self) -> int:
        """How many points pay."""
        return sum(self.payment.points)

    @property
    def value_paid(self) -> int:
        """How much money they stand for, in minor units."""
        return sum(self.payment.values)

    def figures(self) -> dict[str, int]:
        """The sums that a caller is told."""
        return {
            "points": sum(self.earned.points),
            "points_paid": self.points_paid,
            "value_paid": self.value_paid,
        }


def refusal(body: PurchaseRecorded, store: str, places: Places, standings: Standings) -> ErrorCode | None:
    """Why nothing can be bought like this, by whom and where; None where it can."""
    if store not in places.stores:
        return ErrorCode.STORE_UNKNOWN
    refused = standings.refusal(body.member)
    if refused is not None:
        return refused
    return None if body.currency == places.currency else ErrorCode.CURRENCY_UNKNOWN


def basket_of(body: PurchaseRecorded, store: str, at: datetime, standings: Standings) -> Basket:
    """A purchase as rules see it, before points pay for any of it; `at` is in the chain's zone.

    Before the members are loaded, it has no tier.
    """
    member = standings.members.get(body.member)
    return Basket(
        member=body.member,
        tier=member.tier if member else "",
        multiplier=standings.multiplier(member.tier) if member else 0,
        store=store,
        at=at,
        lines=body.lines,
        paid=[line.amount for line in body.lines],
    )


def check_out(basket: Basket, points: int, offer: Offer, room: Room) -> Checkout | Refusal:
    """What a purchase comes to, if so many points pay for it; or why they may not."""
    if points == 0:
        nothing = [0] * len(basket.paid)
        return Checkout(basket, Payment(nothing, nothing), earn(offer.rules, basket, room))
    refused = offer.cash.refusal(points, sum(basket.paid))
    if refused is not None:
        return refused
    values = split(offer.cash.value_of(points), basket.paid)
    payment = Payment(split(points, values), values)
    rest = replace(basket, paid=[amount - value for amount, value in zip(basket.paid, values, strict=True)])
    return Checkout(rest, payment, earn(offer.rules, rest, room))
