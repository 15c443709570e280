"""What a rejected act had promised to a member, and how it can be made good. Pure."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from protocol.errors import ErrorCode

NOTICE_LASTS = timedelta(days=30)
"""How long a member is told of what could not be taken, unless a kiosk has shown it before."""


class Remedy(StrEnum):
    """How a promise is kept after all, at the chain's expense."""

    VOUCHER = "voucher"
    POINTS = "points"


REMEDIES: Mapping[str, Remedy] = {"lease.spent": Remedy.VOUCHER, "purchase.recorded": Remedy.POINTS}
"""Kinds that promise something on a screen: a reward is shown as taken, or points as earned. All others report what the
member has no part in, and are only dismissed."""

NOTHING_LOST = frozenset({ErrorCode.EVENT_CONFLICT.value, ErrorCode.PURCHASE_KNOWN.value})
"""Codes of acts that have had their effect under another id: making these good would give twice."""


def remedy(kind: str, code: str) -> Remedy | None:
    """How a rejected act can be made good; None where nobody was promised anything that is missing."""
    return None if code in NOTHING_LOST else REMEDIES.get(kind)


def is_told(kind: str, code: str) -> bool:
    """Tell whether the member is told of it: whoever was promised nothing need not worry."""
    return remedy(kind, code) is not None


def compensation_refusal(state: str, kind: str, code: str, points: int) -> ErrorCode | None:
    """Why a rejected act cannot be made good; None where it can."""
    if state != "open":
        return ErrorCode.REJECTION_SETTLED
    return ErrorCode.REJECTION_NOTHING if remedy(kind, code) is None or points <= 0 else None
