"""One-time codes by the clock (RFC 6238: SHA-1, six digits, 30 seconds), each good once."""

import base64
from datetime import datetime

from pyotp import TOTP
from pyotp.exceptions import OTPVerificationError

from hub.intake import RandomBytes

SECRET_BYTES = 20
"""RFC 4226, section 4, R6: 160 bits are recommended."""

STEPS_OFF_MAX = 1
"""So many steps a phone's clock may be off, either way."""

CODE_PATTERN = r"^[0-9]{6}$"


def new_secret(random: RandomBytes) -> bytes:
    """Draw a secret."""
    return random(SECRET_BYTES)


def text_of(secret: bytes) -> str:
    """A secret as people type it."""
    return base64.b32encode(secret).decode()


def address_of(secret: bytes, login: str, chain: str) -> str:
    """A secret as a phone reads it from a QR code (otpauth)."""
    return TOTP(text_of(secret)).provisioning_uri(name=login, issuer_name=chain)


def step_of(secret: bytes, code: str, now: datetime, last: int | None) -> int | None:
    """The step that a code belongs to; None where it is wrong, or not later than the last one that was used."""
    try:
        step = TOTP(text_of(secret)).verify_and_get_timecode(code, for_time=now, valid_window=STEPS_OFF_MAX)
    except OTPVerificationError:
        return None
    return step if last is None or step > last else None
