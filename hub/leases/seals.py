"""Seals of leases: by them a hub knows again what it lent, even if its database has forgotten. Pure."""

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

Unit = Literal["points", "pieces"]


@dataclass(frozen=True, slots=True)
class Lent:
    """What a seal is over: so much of a member's points, or of a reward's pieces, under a number of a kiosk's epoch."""

    kiosk: str
    epoch: UUID
    number: int
    unit: Unit
    of: UUID
    amount: int


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals what the hub lends, and tells whether a seal is its own."""

    key: bytes = field(repr=False)

    def seal(self, lent: Lent) -> str:
        """HMAC-SHA256 in lower-case hexadecimal."""
        parts = (lent.unit, lent.kiosk, lent.epoch, lent.number, lent.of, lent.amount)
        return hmac.new(self.key, "|".join(map(str, parts)).encode(), hashlib.sha256).hexdigest()

    def is_mine(self, seal: str, lent: Lent) -> bool:
        """Tell whether this hub has lent exactly that."""
        return hmac.compare_digest(seal, self.seal(lent))
