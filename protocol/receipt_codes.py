"""The code on a receipt that a till prints for members who had no card at hand: the purchase, signed by the till.

    membertap:receipt:PAYLOAD.SIGNATURE      both in base 64 for addresses (RFC 4648, section 5), without padding

PAYLOAD is JSON without names, so that a basket fits a QR code. SIGNATURE is ECDSA P-256 over SHA-256 of PAYLOAD's
bytes, in DER. This module reads and writes the form; whether the signature is a till's is for who has the keys.
"""

import base64
import binascii
import re
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from protocol.events import PurchaseLine, PurchaseRecorded
from protocol.limits import PURCHASE_MAX_LINES, RECEIPT_CODE_MAX_CHARS
from protocol.values import Currency, Instant, Minor, Token

PREFIX = "membertap:receipt:"
_FORM = re.compile(rf"{PREFIX}([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")


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


class Signed(Struct, frozen=True):
    """A code that was taken apart: what it says, the bytes that are signed, and the signature in base 64."""

    code: ReceiptCode
    payload: bytes
    signature: str


def read(text: str) -> Signed | None:
    """Take a code apart; None for any other text."""
    found = _FORM.fullmatch(text) if len(text) <= RECEIPT_CODE_MAX_CHARS else None
    if found is None:
        return None
    try:
        payload, signature = _bytes(found[1]), _bytes(found[2])
        code = msgspec.json.decode(payload, type=ReceiptCode)
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return Signed(code, payload, base64.b64encode(signature).decode())


def payload_of(code: ReceiptCode) -> bytes:
    """The bytes that a till signs."""
    return msgspec.json.encode(code)


def write(payload: bytes, signature: str) -> str:
    """The text of a code; `signature` is in base 64, as `provisioning.keys.sign` gives it."""
    return f"{PREFIX}{_text(payload)}.{_text(base64.b64decode(signature))}"


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
