"""What the line has to tell whoever stands in front of the kiosk."""

from dataclasses import dataclass
from uuid import UUID

from kiosk.link.hub import Granted
from kiosk.visit.states import Authority
from protocol.errors import ErrorCode
from protocol.state import MemberSnapshot


@dataclass(frozen=True, slots=True)
class Vouched:
    """The hub vouches for a card."""

    uid: str
    authority: Authority
    snapshot: MemberSnapshot


@dataclass(frozen=True, slots=True)
class Disowned:
    """The hub refuses a card."""

    uid: str
    code: ErrorCode


@dataclass(frozen=True, slots=True)
class Denied:
    """The hub refuses to set points aside."""

    request: UUID
    code: ErrorCode
    data: dict[str, int | str]


@dataclass(frozen=True, slots=True)
class Settled:
    """The hub has booked the journal up to a place, but for what it rejected, or parked to look at it later."""

    upto: int
    rejected: frozenset[int]
    parked: frozenset[int]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A member has been erased and is not known here any more."""

    member: UUID


News = Vouched | Disowned | Denied | Granted | Settled | Forgotten | MemberSnapshot
