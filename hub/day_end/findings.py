"""What day ends find and have booked: value that expired, points lost by silence, and points that were lost wrongly."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from msgspec import Struct

from hub.packages.service import COUNTS, COUNTS_EXPIRED
from hub.points.service import EXPIRED, POINTS, POINTS_EXPIRED
from hub.wallet import service as wallet
from hub.wallet.service import BONUS, BONUS_FORFEITED

SILENT_SINCE = "silent_since"
"""What the cause of a loss by silence has, and no other: the moment after which nothing happened."""


@dataclass(frozen=True, slots=True)
class Sink:
    """Where value of one book goes when it expires: the kind of transfer, and the policy that gave it its expiry.

    Counts have no policy: each package says itself how long it is valid.
    """

    kind: str
    account: UUID
    policy: str | None = None


SINKS = {
    POINTS: Sink(POINTS_EXPIRED, EXPIRED, "expiry"),
    BONUS: Sink("bonus.expired", BONUS_FORFEITED, wallet.POLICY),
    COUNTS: Sink("counts.expired", COUNTS_EXPIRED),
}
"""Every book that expires. What is leased or held expires when it comes back."""


class ValueExpired(Struct, frozen=True):
    """What lies in lots of an account that expire up to `until` has expired; found at the end of `day`."""

    member: UUID
    account: UUID
    book: str
    day: date
    until: datetime


class PointsLapsed(Struct, frozen=True):
    """Nothing happened on a member's points after `since`, so those that were there at `until` are lost.

    Whether that is so was seen when the account had a `version`, and holds only as long as it has.
    """

    member: UUID
    day: date
    since: datetime
    until: datetime
    version: int


class LapseReversed(Struct, frozen=True):
    """A member's points were lost by silence in `transfer`, but there was none: they come back."""

    member: UUID
    transfer: UUID
    amount: int
