"""What the hub wants done: numbered per kiosk, kept by the hub until the kiosk reports it done, resent on birth."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Raw, Struct

from protocol.limits import REPORT_MAX_MEMBERS
from protocol.values import Instant, Mark, Points, Sequence, Token, Version


class Duty(Struct, frozen=True):
    """One thing to do. Numbers rise by one per kiosk; `body` is read by `kind`."""

    number: Sequence
    kind: Token
    body: Raw


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


class ForgetMember(Struct, frozen=True):
    """A member has been erased: destroy whatever this kiosk keeps of the person, on its disk too, then report it done.

    Facts that the kiosk has journaled stay: they name nobody but by an id.
    """

    member: UUID


class Report(Struct, frozen=True, kw_only=True):
    """What a kiosk has done: every duty up to `duties`, and the snapshot versions it now holds."""

    duties: Mark
    members: Annotated[dict[UUID, Version], Meta(max_length=REPORT_MAX_MEMBERS)] = {}
    configuration: Version = 0
