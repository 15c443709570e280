"""Constrained types that messages are made of."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from protocol.limits import TEXT_MAX_CHARS, TOKEN_MAX_CHARS, VALUE_MAX

Instant = Annotated[datetime, Meta(tz=True)]
"""A moment with its time zone; UTC on the wire."""

Points = Annotated[int, Meta(ge=0, le=VALUE_MAX)]
PositivePoints = Annotated[int, Meta(ge=1, le=VALUE_MAX)]
Minor = Annotated[int, Meta(ge=0, le=VALUE_MAX)]
"""Money in the minor unit of its currency: fen, cents."""

Count = Annotated[int, Meta(ge=0, le=VALUE_MAX)]
Version = Annotated[int, Meta(ge=0, le=2**53)]
"""Grows with every change of the thing it versions; 2^53 keeps it exact in every JSON reader."""

Sequence = Annotated[int, Meta(ge=1, le=2**53)]
"""Place of an event in a kiosk's journal, from 1, never reused within an epoch."""

Mark = Annotated[int, Meta(ge=0, le=2**53)]
"""A sequence up to which something holds; 0 before the first."""

_PRINTABLE = r"^[^\x00-\x1f\x7f]*$(?!\n)"
"""No control characters: databases refuse some of them, and screens all."""

Token = Annotated[str, Meta(min_length=1, max_length=TOKEN_MAX_CHARS, pattern=_PRINTABLE)]
Text = Annotated[str, Meta(max_length=TEXT_MAX_CHARS, pattern=_PRINTABLE)]
Url = Annotated[str, Meta(max_length=512)]

_LABEL = "[0-9A-Za-z_-]{1,63}"
_HOST = rf"(\[[0-9A-Fa-f:.]+\]|{_LABEL}(\.{_LABEL})*)"
_PORT = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
Address = Annotated[str, Meta(max_length=270, pattern=rf"^{_HOST}:{_PORT}$(?!\n)")]
"""HOST:PORT, as it can be called without an error of form; an IPv6 address stands in brackets."""

Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$")]
Hash = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
"""SHA-256 in lower-case hexadecimal."""

Seal = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
"""HMAC-SHA256 in lower-case hexadecimal, by which the hub knows again what it granted."""

Uid = Annotated[str, Meta(pattern="^([0-9a-f]{8}|[0-9a-f]{14}|[0-9a-f]{20})$")]
"""Identifier of a card by ISO/IEC 14443-3: 4, 7 or 10 bytes in lower-case hexadecimal."""

ClockTrust = Literal["ntp", "rtc", "none"]
"""Where a kiosk's time came from; with `none` it never wins the member anything."""

Texts = dict[str, Text]
"""A text that HQ wrote, by language tag (`zh`, `en`)."""

FALLBACK_LANGUAGES = ("en", "zh")


YEARS = range(1900, 3000)
"""A clock that is wrong may say anything, but no moment outside of these can be reckoned with everywhere."""


def text_in(texts: Texts, language: str) -> str:
    """Pick the text for a language; where it is missing English, then Chinese, then any."""
    for tag in (language, *FALLBACK_LANGUAGES):
        if tag in texts:
            return texts[tag]
    return next(iter(texts.values()), "")
