"""Points as other domains use them: a member's accounts, and the rate in force."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from uuid import UUID

from hub.ledger.rules import AccountState, Books, Context, Posting
from protocol.ids import derived_id

POINTS = "points"
QUALIFYING = "qualifying"
LEASED = "leased"
HELD = "held"
DEBT = "debt"

ISSUED = UUID(int=1)
"""Programme account: points come from here."""
REDEEMED = UUID(int=2)
"""Programme account: redeemed points go here."""
QUALIFYING_ISSUED = UUID(int=3)
"""Programme account: qualifying points come from here."""
EXPIRED = UUID(int=5)
"""Programme account: points that nobody spent in time go here."""
ADJUSTED = UUID(int=6)
"""Programme account: points that a person gave or took by hand come from here and go here."""
OWED = UUID(int=7)
"""Programme account: the other side of what members owe."""
WRITTEN_OFF = UUID(int=8)
"""Programme account: points lent to a kiosk that a person has written off as spent go here."""
PAID_WITH_POINTS = UUID(int=9)
"""Programme account: points that paid for purchases like cash go here."""
FORGIVEN = UUID(int=14)
"""Programme account: points that were due back but are not asked for come from here."""
IMPORTED = UUID(int=18)
"""Programme account: points that members have brought along from elsewhere come from here."""

POINTS_EXPIRED = "points.expired"
"""Kind of every transfer of points that nobody spent in time."""


ACCOUNTS_MAX = 65_536
"""Most members whose account ids are remembered; deriving one costs a hash."""


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


@lru_cache(maxsize=ACCOUNTS_MAX)
def debt_account(member: UUID) -> UUID:
    """Account of the points that a member owes, because returned goods had earned them and they were spent before."""
    return derived_id(member, DEBT)


def lease_account(spend: UUID) -> UUID:
    """Account that holds the points of one lease, named by the spend it was asked for."""
    return derived_id(spend, LEASED)


def new_accounts(member: UUID) -> list[AccountState]:
    """The accounts that every member has from the first day."""
    return [
        AccountState(points_account(member), member, POINTS, POINTS, has_lots=True, balance=0, version=0),
        AccountState(qualifying_account(member), member, QUALIFYING, QUALIFYING, has_lots=False, balance=0, version=0),
    ]


def owe(books: Books, member: UUID, amount: int, cause: dict[str, Any]) -> Posting:
    """The posting by which a member owes so many points; the account of it is opened with the first.

    What is owed is not taken out of ISSUED yet: it still waits in OWED, and goes back when it is recovered.
    """
    account = debt_account(member)
    books.open(AccountState(account, member, DEBT, POINTS, has_lots=False, balance=0, version=0))
    return Posting("debt.incurred", OWED, account, amount, cause)


def recover(books: Books, context: Context, member: UUID, cause: dict[str, Any]) -> int:
    """Pay what a member owes from what the member can spend now; how much that was.

    To be called once per fact, after everything that gives points. Want `debt_account` and the lots of
    `points_account`.
    """
    debt, points = debt_account(member), points_account(member)
    owed = books.held(debt)
    amount = min(owed, books.spendable(points, context.effective_at)) if owed else 0
    if amount > 0:
        back = Posting("debt.recovered", points, ISSUED, amount, cause)
        short = books.post(context, [back, Posting("debt.settled", debt, OWED, amount, cause)])
        assert short is None, "it is the smaller of what is owed and what is there"
    return amount


def expire_at_once(books: Books, context: Context, account: UUID, lots: Iterable[UUID]) -> int:
    """Expire what remains of lots whose time ran out while their value was away; how much that was.

    To be called once per fact, after value was put back into these lots of one account.
    """
    expired = tuple(lot for lot in sorted(set(lots)) if books.lots[lot].is_expired(context.effective_at))
    amount = sum(books.lots[lot].remaining for lot in expired)
    if amount > 0:
        posting = Posting(POINTS_EXPIRED, account, EXPIRED, amount, {"rule": "expiry"}, lots=expired)
        short = books.post(context, [posting])
        assert short is None, "the lots hold what remains of them"
    return amount
