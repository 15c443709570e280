"""What the hub wants done: numbered per kiosk, kept by the hub until the kiosk reports it done, resent on birth."""

from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from protocol.limits import CARDS_MAX, PIECES_MAX, REPORT_MAX_MEMBERS, VERIFIERS_MAX
from protocol.values import Count, Instant, Mark, Points, Seal, Sequence, Token, Version

Pieces = Annotated[int, Meta(ge=1, le=PIECES_MAX)]
"""Pieces of a limited reward."""


class Duty(Struct, frozen=True):
    """One thing to do. Numbers rise by one per kiosk; `body` is read by `kind`.

    Everything up to `after` was reported done, as far as the hub knows: a kiosk whose journal began anew goes on there.
    `hub_epoch` is that of the database that gives it. A kiosk that has told a restored hub what it knows takes nothing
    more that an earlier one gave: it may have waited at the broker, and the restored hub has lent the same elsewhere.
    """

    number: Sequence
    kind: Token
    body: Raw
    after: Mark | UnsetType = UNSET
    hub_epoch: UUID | UnsetType = UNSET


class GrantLease(Struct, frozen=True):
    """Points lent to one epoch of one kiosk, with one piece of a reward's stock, to be spent under `spend`.

    `lease` rises per kiosk; a kiosk refuses numbers at or below the highest it has journaled. After `deadline` the
    kiosk stops spending; only its close report gives the points back.
    """

    epoch: UUID
    lease: Sequence
    member: UUID
    points: Points
    reward: UUID
    spend: UUID
    deadline: Instant
    seal: Seal | UnsetType = UNSET


class CardVerifiers(Struct, frozen=True):
    """What recognises the next readings of one dynamic card, in order, without being able to make one.

    `macs` is the base 64 of 32 bytes each: SHA-256 over `salt` and the 8 bytes of the MAC. The first stands for the
    reading after counter `after`; one that was recognised is used up, and so are all before it.
    """

    salt: Annotated[str, Meta(min_length=24, max_length=24)]
    after: Mark
    macs: Annotated[str, Meta(max_length=VERIFIERS_MAX * 32 * 4 // 3 + 4)]


Cards = Annotated[list[CardVerifiers], Meta(max_length=CARDS_MAX)]


class LendPoints(Struct, frozen=True, kw_only=True):
    """Points of a member lent ahead to one epoch of one kiosk: any number of rewards may be taken from them.

    Numbers, deadline and end are those of `GrantLease`. Nothing may be spent but by whom the hub vouches for in this
    visit, or whose card one of `cards` recognises.
    """

    epoch: UUID
    lease: Sequence
    member: UUID
    points: Points
    deadline: Instant
    cards: Cards = []
    seal: Seal


class LendStock(Struct, frozen=True, kw_only=True):
    """Pieces of a limited reward lent ahead to one epoch of one kiosk; each spend of such a reward takes one."""

    epoch: UUID
    lease: Sequence
    reward: UUID
    pieces: Pieces
    deadline: Instant
    seal: Seal


class RecallLease(Struct, frozen=True):
    """Value is wanted elsewhere: close this lease now and report it. A lease that is closed already stays so."""

    epoch: UUID
    lease: Sequence


class RenewCards(Struct, frozen=True):
    """New verifiers for the cards of a member to whom points are lent here; they replace those that came before."""

    member: UUID
    cards: Cards


class EventSettled(Struct, frozen=True):
    """An event that was parked has been decided: applied, or rejected for good with a code."""

    epoch: UUID
    seq: Sequence
    code: Token | UnsetType = UNSET


class ForgetMember(Struct, frozen=True):
    """A member has been erased: destroy whatever this kiosk keeps of the person, on its disk too, then report it done.

    Facts that the kiosk has journaled stay: they name nobody but by an id.
    """

    member: UUID


SUM_END = 2**53
"""Sums are told modulo this, so that every JSON reader takes them: versions rise by the clock after a restore."""


class Holding(Struct, frozen=True):
    """How many members a kiosk has a snapshot of, and the sum of their versions; those of version 0 do not count."""

    members: Count
    versions: Mark

    @classmethod
    def of(cls, members: int, versions: int) -> "Holding":
        """So many members, whose versions add up to so much."""
        return cls(members, versions % SUM_END)


class Report(Struct, frozen=True, kw_only=True):
    """What a kiosk has done: every duty up to `duties`, and the snapshot versions it now holds.

    `holding` is all that it holds, told once per connection when nothing else is left to report. A hub that reckons
    otherwise sends the kiosk every snapshot again: a copy of its disk may have run in its name meanwhile, and have been
    told what this one was not. A kiosk that meets a restored hub tells every version that it holds, as that hub may
    not know of them. `hub_epoch` is that of the database whose duties are done: a restored one has given the same
    numbers to other duties.
    """

    duties: Mark
    members: Annotated[dict[UUID, Version], Meta(max_length=REPORT_MAX_MEMBERS)] = {}
    configuration: Version = 0
    holding: Holding | UnsetType = UNSET
    hub_epoch: UUID | UnsetType = UNSET
