"""What can happen to a kiosk: readers, screens, the line and the neighbours put it on the conductor's queue."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from devices.reader import ReaderReport
from devices.scanner import ScannerReport
from kiosk.visit.intents import Intent
from protocol.passes import AskPass, PassAnswer


@dataclass(frozen=True, slots=True)
class LineUp:
    """The broker has accepted us."""


@dataclass(frozen=True, slots=True)
class LineDown:
    """The connection is gone."""

    reason: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message came."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class PictureCame:
    """A picture that was missing lies in the cache now."""


@dataclass(frozen=True, slots=True)
class PassAsked:
    """The neighbour `by`, as its certificate says, asks for points; `answer` never waits, and may be too late."""

    by: str
    ask: AskPass
    answer: Callable[[PassAnswer], None]


@dataclass(frozen=True, slots=True)
class NoteCame:
    """A neighbour has answered what was asked for a spend with a note; `key` is that of its certificate, in DER."""

    spend: UUID
    giver: str
    key: bytes
    ask: AskPass
    text: str


@dataclass(frozen=True, slots=True)
class NothingElsewhere:
    """No neighbour gives anything for a spend."""

    spend: UUID


NeighbourReport = PassAsked | NoteCame | NothingElsewhere
Happening = ReaderReport | ScannerReport | Intent | NeighbourReport | LineUp | LineDown | Arrived | PictureCame
