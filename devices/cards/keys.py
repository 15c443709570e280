"""Keys of the chain's NTAG 424 DNA cards: what the fleet shares, and what each card has for itself.

They belong to the hub and to whoever personalises cards; a kiosk never holds one.
"""

from dataclasses import dataclass, field

from devices.cards import aes

UID_BYTES = 7
META_KEY_NUMBER = 1
"""Number on the card of the key that opens PICCData (SDMMetaRead)."""
FILE_KEY_NUMBER = 2
"""Number on the card of the key that the dynamic MAC comes from (SDMFileRead)."""

_APPLICATION = bytes.fromhex("3042F5")
_AES128_CONSTANT = b"\x01"
_INPUT_MIN_BYTES = 16
_INPUT_MAX_BYTES = 31


@dataclass(frozen=True, slots=True)
class CardKeys:
    """What one card is personalised with for its dynamic URL."""

    meta: bytes = field(repr=False)
    file: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class FleetKeys:
    """What a chain verifies all its cards with.

    `meta` is the same on every card, because it is needed before the UID is known. `master` is on no card: each
    card's file key is diversified from it. `system` (5 to 20 bytes) names the chain in that diversification.
    """

    meta: bytes = field(repr=False)
    master: bytes = field(repr=False)
    system: bytes

    def __post_init__(self) -> None:
        _require_key(self.meta)
        _require_key(self.master)
        if not 5 <= len(self.system) <= 20:
            raise ValueError("the system identifier has 5 to 20 bytes")

    def of_card(self, uid: bytes) -> CardKeys:
        """Keys of the card with this UID (7 bytes)."""
        return CardKeys(self.meta, diversify(self.master, bytes([FILE_KEY_NUMBER]) + uid + _APPLICATION + self.system))


def diversify(master: bytes, diversification: bytes) -> bytes:
    """Derive an AES-128 key from a master key (NXP AN10922, section 2.2).

    AN10922 always runs over 32 bytes, so for inputs under 16 bytes it differs from the CMAC of RFC 4493, which pads
    to one block only. Those are refused; from 16 to 31 bytes the two are the same.

    Raises:
        ValueError: for a master that is no secret, or an input of another length.
    """
    _require_key(master)
    if not _INPUT_MIN_BYTES <= len(diversification) <= _INPUT_MAX_BYTES:
        raise ValueError(f"the diversification input has {_INPUT_MIN_BYTES} to {_INPUT_MAX_BYTES} bytes")
    return aes.cmac(master, _AES128_CONSTANT + diversification)


def _require_key(key: bytes) -> None:
    if len(key) != aes.KEY_BYTES:
        raise ValueError("an AES-128 key has 16 bytes")
    if key == aes.FACTORY_KEY:
        raise ValueError("the factory's all-zero key is no secret")
