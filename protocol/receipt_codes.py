"""The code on a receipt that a till prints for members who had no card at hand: the purchase, signed by the till.

    membertap:receipt:PAYLOAD.SIGNATURE      a signed text (`protocol.signed`)

PAYLOAD is JSON without names, so that a basket fits a QR code. This module reads and writes the form; whether the
signature is a till's is for who has the keys.
"""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from protocol import signed
from protocol.events import PurchaseLine, PurchaseRecorded
from protocol.limits import PURCHASE_MAX_LINES, RECEIPT_CODE_MAX_CHARS
from protocol.signed import Signed
from protocol.values import Currency, Instant, Minor, Token

PREFIX = "membertap:receipt:"


class Line(Struct, frozen=True, array_like=True):
    """One line of the purchase, as `PurchaseLine` has it."""

    product: Token
    category: Token
    quantity: Annotated[int, Meta(ge=1, le=100_000)]
    amount: Minor


class ReceiptCode(Struct, frozen=True, array_like=True):
    """What a till says was bought. `key` names the till's key, and so the store."""

    key: Token
    receipt: Token
    currency: Currency
    purchased_at: Instant
    lines: Annotated[list[Line], Meta(min_length=1, max_length=PURCHASE_MAX_LINES)]

    def purchase(self, member: UUID) -> PurchaseRecorded:
        """The purchase as this member's."""
        lines = [PurchaseLine(line.product, line.category, line.quantity, line.amount) for line in self.lines]
        return PurchaseRecorded(self.receipt, member, self.currency, self.purchased_at, lines)

    @property
    def amount(self) -> int:
        """What was paid, in minor units."""
        return sum(line.amount for line in self.lines)


def read(text: str) -> Signed[ReceiptCode] | None:
    """Take a code apart; None for any other text."""
    return signed.read(text, ReceiptCode, prefix=PREFIX, max_chars=RECEIPT_CODE_MAX_CHARS)


def payload_of(code: ReceiptCode) -> bytes:
    """The bytes that a till signs."""
    return msgspec.json.encode(code)


def write(payload: bytes, signature: str) -> str:
    """The text of a code; `signature` is in base 64, as `provisioning.keys.sign` gives it."""
    return signed.write(payload, signature, prefix=PREFIX)
