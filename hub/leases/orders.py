"""What the hub itself has booked of leases, and what people do: lending, recalling, renewing, writing off."""

import hashlib
from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from hub.intake import ByJob, Item
from protocol import codec
from protocol.duties import Pieces
from protocol.ids import derived_id
from protocol.values import PositivePoints, Text, Token
from protocol.values import Sequence as Place

JOB = "lending"

POINTS_LENT, STOCK_LENT = "points.lent", "stock.lent"
RECALLED, RENEWED, WRITTEN_OFF = "lease.recalled", "cards.renewed", "lease.written_off"


class PointsLent(Struct, frozen=True):
    """Points of a member go to a kiosk ahead."""

    kiosk: Token
    member: UUID
    points: PositivePoints


class StockLent(Struct, frozen=True):
    """Pieces of a limited reward go to a kiosk ahead."""

    kiosk: Token
    reward: UUID
    pieces: Pieces


class LeaseRecalled(Struct, frozen=True):
    """What was lent to a kiosk is wanted back."""

    kiosk: Token
    lease: Place
    reason: Text = ""


class CardsRenewed(Struct, frozen=True):
    """A kiosk gets new verifiers for the cards of a member to whom points are lent there."""

    kiosk: Token
    member: UUID


class LeaseWrittenOff(Struct, frozen=True):
    """A person has decided what became of a lease that its kiosk will not report on."""

    kiosk: Token
    lease: Place
    outcome: Literal["give_back", "spent"]
    reason: Text


KINDS: dict[type[Struct], str] = {
    PointsLent: POINTS_LENT,
    StockLent: STOCK_LENT,
    LeaseRecalled: RECALLED,
    CardsRenewed: RENEWED,
}


def recall(epoch: UUID, kiosk: str, number: int, now: datetime) -> Item:
    """What calls a lease back: the same however often it is wanted, so the kiosk is told once."""
    return order(LeaseRecalled(kiosk, number), derived_id(epoch, f"{RECALLED}.{kiosk}.{number}"), now)


def order(body: PointsLent | StockLent | LeaseRecalled | CardsRenewed, item_id: UUID, now: datetime) -> Item:
    """Something that the hub has booked by itself, under an id that says what it follows from."""
    fingerprint = hashlib.sha256(codec.encode(body)).digest()
    return Item(item_id, KINDS[type(body)], body, ByJob(JOB), fingerprint, now)
