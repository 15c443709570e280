"""Pure rules about cards: what a tap proves, and what that entitles to."""

from dataclasses import dataclass
from uuid import UUID

from devices.cards import ntag424
from devices.cards.keys import FleetKeys
from devices.cards.technology import Technology
from protocol.errors import ErrorCode
from protocol.events import CardEvidence


@dataclass(slots=True)
class CardState:
    """A card as the hub knows it."""

    id: UUID
    uid: str
    technology: str
    member: UUID | None
    state: str
    counter: int
    is_changed: bool = False


@dataclass(frozen=True, slots=True)
class Proof:
    """What a tap proved. A static card proves nothing but its presence: `counter` is None and it may not redeem."""

    member: UUID
    counter: int | None

    @property
    def redeems(self) -> bool:
        """Tell whether this tap authorises redeeming."""
        return self.counter is not None


def judge(evidence: CardEvidence, card: CardState | None, keys: FleetKeys) -> Proof | ErrorCode:
    """Judge a tap. The counter is not judged here: a first tap must raise it, late evidence need not."""
    if card is None or card.member is None:
        return ErrorCode.CARD_UNKNOWN
    if card.state != "active":
        return ErrorCode.CARD_BLOCKED
    if card.technology != Technology.NTAG424:
        return Proof(card.member, None)
    message = ntag424.parse(evidence.url or "")
    if message is None:
        return ErrorCode.CARD_INVALID
    tap = ntag424.verify(message, keys)
    if not isinstance(tap, ntag424.Tap):
        return tap
    return Proof(card.member, tap.counter) if tap.uid.hex() == card.uid else ErrorCode.CARD_INVALID
