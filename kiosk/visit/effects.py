"""What a visit wants done, and what its decisions may depend on besides its state."""

from dataclasses import dataclass
from uuid import UUID

from kiosk.visit.allowance import NOTHING, Allowance
from kiosk.visit.states import State
from protocol.events import CardEvidence


@dataclass(frozen=True, slots=True)
class PresentCard:
    """Ask the hub whose card this is."""

    request: UUID
    card: CardEvidence


@dataclass(frozen=True, slots=True)
class KeepEvidence:
    """Journal a tap that the hub has not verified; if the kiosk recognised its code, that is used up with it."""

    card: CardEvidence


@dataclass(frozen=True, slots=True)
class UseUp:
    """Let the code of a tap that was recognised never count again here; the hub sees the tap itself."""

    card: CardEvidence


@dataclass(frozen=True, slots=True)
class AskLease:
    """Ask the hub to set aside the price of a reward."""

    request: UUID
    spend: UUID
    visit: UUID
    reward: UUID
    points: int


@dataclass(frozen=True, slots=True)
class SpendLent:
    """Take the price of a reward from what is lent here."""

    spend: UUID
    reward: UUID
    points: int


@dataclass(frozen=True, slots=True)
class AskNeighbours:
    """Ask the store's other kiosks for the price of a reward, on the word of a tap; then take it from what comes."""

    member: UUID
    spend: UUID
    points: int
    card: CardEvidence


@dataclass(frozen=True, slots=True)
class SeeNotice:
    """Journal that the member has seen a notice."""

    member: UUID
    notice: UUID


@dataclass(frozen=True, slots=True)
class KeepReceipt:
    """Journal that a member has scanned a receipt, which will about earn so many points."""

    member: UUID
    code: str
    receipt: str
    expected: int


Effect = PresentCard | KeepEvidence | UseUp | AskLease | SpendLent | AskNeighbours | SeeNotice | KeepReceipt
Step = tuple[State, tuple[Effect, ...]]


@dataclass(frozen=True, slots=True)
class Fresh:
    """Ids for this step, made beforehand: one for a request, one for a spend."""

    request: UUID
    spend: UUID


@dataclass(frozen=True, slots=True)
class World:
    """What a decision may depend on besides the state.

    `allowance` is what the kiosk may give whoever is here by itself, `clock` whether its time is believed, and
    `neighbours` whether the store's other kiosks can be asked.
    """

    online: bool
    writable: bool
    now: float
    fresh: Fresh
    allowance: Allowance = NOTHING
    clock: bool = True
    neighbours: bool = False
