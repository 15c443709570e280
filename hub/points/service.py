"""Points as other domains use them: a member's accounts, and the rate in force."""

from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.ledger.rules import AccountState
from hub.points.models import EarningRule
from hub.points.rules import Rate
from protocol.ids import derived_id

POINTS = "points"
QUALIFYING = "qualifying"
LEASED = "leased"

ISSUED = UUID(int=1)
"""Programme account: points come from here."""
REDEEMED = UUID(int=2)
"""Programme account: redeemed points go here."""
QUALIFYING_ISSUED = UUID(int=3)
"""Programme account: qualifying points come from here."""


ACCOUNTS_MAX = 65_536
"""Most members whose account ids are remembered; deriving one costs a hash."""


@dataclass(slots=True)
class Rates:
    """Part of a booking's working set: the rate that earns now."""

    now: Rate | None = None


@lru_cache(maxsize=ACCOUNTS_MAX)
def points_account(member: UUID) -> UUID:
    """Account of a member's spendable points.

    Its row is the member's anchor: it is locked before anything else of the member changes, and its version is the
    version of the member's snapshot.
    """
    return derived_id(member, POINTS)


@lru_cache(maxsize=ACCOUNTS_MAX)
def qualifying_account(member: UUID) -> UUID:
    """Account of a member's qualifying points; they drive the tier and are never spent."""
    return derived_id(member, QUALIFYING)


def lease_account(spend: UUID) -> UUID:
    """Account that holds the points of one lease, named by the spend it was asked for."""
    return derived_id(spend, LEASED)


def new_accounts(member: UUID) -> list[AccountState]:
    """The accounts that every member has from the first day."""
    return [
        AccountState(points_account(member), member, POINTS, POINTS, has_lots=True, balance=0, version=0),
        AccountState(qualifying_account(member), member, QUALIFYING, QUALIFYING, has_lots=False, balance=0, version=0),
    ]


def rate(session: Session) -> Rate:
    """The rate in force: the newest version."""
    newest = select(func.max(EarningRule.version)).scalar_subquery()
    rule = session.execute(select(EarningRule).where(EarningRule.version == newest)).scalar_one()
    return Rate(rule.version, rule.points, rule.per_minor, rule.valid_months)
