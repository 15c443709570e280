"""Signed texts: something that one party says, with its signature, in characters that any medium carries.

    PREFIX PAYLOAD.SIGNATURE      both in base 64 for addresses (RFC 4648, section 5), without padding

PAYLOAD is JSON; SIGNATURE is ECDSA P-256 over SHA-256 of PAYLOAD's bytes, in DER. This module takes the form apart and
puts it together; whose signature it is, is for who has the keys.
"""

import base64
import binascii
import re
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

_FORM = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")


S = TypeVar("S")


class Signed(Struct, Generic[S], frozen=True):
    """A text that was taken apart: what it says, the bytes that are signed, and the signature in base 64."""

    body: S
    payload: bytes
    signature: str


def read(text: str, body: type[S], *, prefix: str, max_chars: int) -> Signed[S] | None:
    """Take a text apart; None for any other text."""
    is_ours = len(text) <= max_chars and text.startswith(prefix)
    found = _FORM.fullmatch(text, len(prefix)) if is_ours else None
    if found is None:
        return None
    try:
        payload, signature = _bytes(found[1]), _bytes(found[2])
        said = msgspec.json.decode(payload, type=body)
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return Signed(said, payload, base64.b64encode(signature).decode())


def write(payload: bytes, signature: str, *, prefix: str) -> str:
    """The whole text; `signature` is in base 64, as `provisioning.keys.sign` gives it."""
    return f"{prefix}{_text(payload)}.{_text(base64.b64decode(signature))}"


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
