"""Pure rules of the second person: what somebody may do alone, and whose word does not count."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from msgspec import Meta

NotNegative = Annotated[int, Meta(ge=0)]
Days = Annotated[int, Meta(gt=0, le=90)]


@dataclass(frozen=True, slots=True)
class ApprovalPolicy:
    """How many days a request waits before it lapses."""

    days: Days = 7


@dataclass(frozen=True, slots=True)
class Limit:
    """How much of one kind of act may be done alone, by each role named and by all others; in the kind's unit."""

    roles: dict[str, NotNegative] = field(default_factory=dict)
    others: NotNegative = 0

    def of(self, role: str) -> int:
        """Most that a role may do alone."""
        return self.roles.get(role, self.others)


REFUND_ALONE_MAX_MINOR = 500_00
"""Most money that anybody pays out alone unless the programme says otherwise."""

COMPENSATED_ALONE_MAX_POINTS = 1_000
"""Most points that anybody makes good alone unless the programme says otherwise."""

LIMITS: Mapping[str, Limit] = {
    "payment.refunded": Limit(others=REFUND_ALONE_MAX_MINOR),
    "top_up.refunded": Limit(others=REFUND_ALONE_MAX_MINOR),
    "wallet.closed": Limit(others=REFUND_ALONE_MAX_MINOR),
    "promise.compensated": Limit(others=COMPENSATED_ALONE_MAX_POINTS),
}
"""Kinds that take two beyond an amount of money or points, and that amount where no term `approvals.KIND` sets
another."""

LIMITED = frozenset({*LIMITS, "points.adjusted"})
"""Kinds of bookings that may wait. How many points a role gives or takes alone, the term `adjustments` says."""


def is_same_hand(asking: frozenset[str], answering: frozenset[str]) -> bool:
    """Tell whether two actors may be one person: they share a person, or a key that one of them made."""
    return not asking.isdisjoint(answering)
