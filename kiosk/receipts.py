"""Codes on receipts, as a kiosk judges them by itself: whether a till of its store signed them, what they may earn."""

import base64

from protocol import receipt_codes
from protocol.receipt_codes import ReceiptCode
from protocol.state import Configuration, Programme
from provisioning import keys

BASE = 10_000
"""A tier's multiplier that changes nothing."""


def signed_here(text: str, configuration: Configuration) -> ReceiptCode | None:
    """What a code says, if a till of this store signed it; None for any other text."""
    signed, known = receipt_codes.read(text), configuration.receipt_keys or {}
    if signed is None or signed.body.key not in known:
        return None
    key = keys.load_public(base64.b64decode(known[signed.body.key]))
    return signed.body if keys.is_signed(key, signed.payload, signed.signature) else None


def expected_points(code: ReceiptCode, programme: Programme, tier: str) -> int:
    """How many points a member of a tier will about earn, rounded down: the hub knows more rules than a kiosk."""
    if code.currency != programme.currency:
        return 0
    multiplier = next((known.multiplier for known in programme.tiers if known.tier == tier), BASE)
    return code.amount * programme.earn_points * multiplier // (programme.earn_per * BASE)
