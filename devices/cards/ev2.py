"""AuthenticateEV2First of NTAG 424 DNA and DESFire: mutual proof of one key, and the session keys that follow.

Formats are those of NXP AN12196, section 6.6.
"""

from dataclasses import dataclass, field

from devices.cards import aes

CHALLENGE_BYTES = 16

_ENC_LABEL = bytes.fromhex("A55A00010080")
_MAC_LABEL = bytes.fromhex("5AA500010080")


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """Keys for the rest of one session, until the card leaves the field."""

    enc: bytes = field(repr=False)
    mac: bytes = field(repr=False)


def session_keys(key: bytes, reader_challenge: bytes, card_challenge: bytes) -> SessionKeys:
    """Derive the session keys from the proven key and both challenges (RndA and RndB, 16 bytes each)."""
    crossed = bytes(a ^ b for a, b in zip(reader_challenge[2:8], card_challenge[:6], strict=True))
    context = reader_challenge[:2] + crossed + card_challenge[6:] + reader_challenge[8:]
    return SessionKeys(aes.cmac(key, _ENC_LABEL + context), aes.cmac(key, _MAC_LABEL + context))


def rotated(challenge: bytes) -> bytes:
    """Challenge turned left by a byte, as each side returns the other's."""
    return challenge[1:] + challenge[:1]
