"""What a customer does on the screen. The screens make these; the conductor takes them to the visit."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Touched:
    """Somebody touched the screen anywhere: the visit is not idle."""


@dataclass(frozen=True, slots=True)
class LanguageChosen:
    """Show everything in this language from now on."""

    language: str


@dataclass(frozen=True, slots=True)
class RewardChosen:
    """Look at one reward, with the price that the screen showed."""

    reward: UUID
    points: int


@dataclass(frozen=True, slots=True)
class VoucherChosen:
    """Show the voucher of an earlier redemption again."""

    spend: UUID


@dataclass(frozen=True, slots=True)
class RedeemConfirmed:
    """Redeem the reward on the confirm screen."""


@dataclass(frozen=True, slots=True)
class Dismissed:
    """Go back one step: cancel, or acknowledge what the screen says."""


@dataclass(frozen=True, slots=True)
class VisitEnded:
    """The customer is done; leave nothing on the screen."""


Intent = Touched | LanguageChosen | RewardChosen | VoucherChosen | RedeemConfirmed | Dismissed | VisitEnded
