"""Where a visit can stand. Every state is a value; the machine goes from one to the next."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from protocol.errors import ErrorCode
from protocol.events import CardEvidence
from protocol.state import MemberSnapshot, Notice, OpenVoucher


@dataclass(frozen=True, slots=True)
class Authority:
    """What the hub said of this visit's tap; absent until it answers, and offline."""

    visit: UUID
    redeems: bool


class Recognition(StrEnum):
    """What the kiosk can say of a card by itself."""

    UNKNOWN = "unknown"
    RECOGNISED = "recognised"
    REPLAYED = "replayed"


@dataclass(frozen=True, slots=True)
class Unbooked:
    """What of a member's figures the hub has not booked yet: points, and the places of spends in the journal.

    `receipts` were scanned here, each with the points that it may earn; they are in no figure before the hub says so.
    """

    points: int = 0
    spends: Mapping[UUID, int] = field(default_factory=dict)
    receipts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Guest:
    """The member in front of the kiosk. `authority` None means that the hub has not vouched for the card.

    `snapshot` is as the member should see it, with what is `unbooked` laid over it. `recognised` says that the kiosk
    itself knows the card to be genuine, and `kept` that its tap is journaled as evidence. `asked_at` is when the hub
    was asked whether it vouches for it; None if it was not, or has not answered in time.
    """

    card: CardEvidence
    snapshot: MemberSnapshot
    authority: Authority | None = None
    asked_at: float | None = None
    unbooked: Unbooked = Unbooked()
    recognised: bool = False
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Idle:
    """Nobody is here."""


@dataclass(frozen=True, slots=True)
class Identifying:
    """A card that this kiosk does not know waits for the hub; `request` names the question."""

    card: CardEvidence
    request: UUID
    since: float


@dataclass(frozen=True, slots=True)
class Browsing:
    """The member looks at points and rewards."""

    guest: Guest


@dataclass(frozen=True, slots=True)
class Told:
    """The member is told of something that the hub could not take; it counts as seen when it is dismissed."""

    guest: Guest
    notice: Notice


@dataclass(frozen=True, slots=True)
class Confirming:
    """The member is asked whether to redeem a reward at a price."""

    guest: Guest
    reward: UUID
    points: int


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is not to be had, with the numbers that its sentence mentions."""

    code: ErrorCode
    data: dict[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Redeeming:
    """The hub was asked for the points; `spend` names what they are for, `request` the question.

    While they are on their way back from elsewhere it is asked again at `again_at`; `wanting` is what it said. Where
    the store's other kiosks are asked in the place of the hub, `otherwise` is what is said if none of them gives.
    """

    guest: Guest
    reward: UUID
    points: int
    spend: UUID
    request: UUID
    since: float
    again_at: float | None = None
    wanting: ErrorCode | None = None
    otherwise: Reason | None = None


class Standing(StrEnum):
    """How sure a voucher is."""

    PROVISIONAL = "provisional"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Showing:
    """A voucher is on the screen. `seq` is the place of its spend in the journal, while the hub can still judge it.

    `is_fresh` is a redemption of this visit.
    """

    guest: Guest
    voucher: OpenVoucher
    points: int
    standing: Standing
    seq: int | None
    is_fresh: bool = True


@dataclass(frozen=True, slots=True)
class Refused:
    """A kind sentence is on the screen. `guest` is there if the visit goes on after it."""

    code: ErrorCode
    data: dict[str, int | str]
    guest: Guest | None
    since: float


State = Idle | Identifying | Browsing | Told | Confirming | Redeeming | Showing | Refused


def guest_of(state: State) -> Guest | None:
    """Who is in front of the kiosk, if anybody."""
    return None if isinstance(state, Idle | Identifying) else state.guest


def card_of(state: State) -> CardEvidence | None:
    """Whose card is being served, known to this kiosk or not."""
    if isinstance(state, Identifying):
        return state.card
    guest = guest_of(state)
    return None if guest is None else guest.card
