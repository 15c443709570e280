"""What happens to the points of a lease when it ends. Pure: it changes the working set and knows no database."""

from typing import Any

from hub.leases.rules import LeaseState
from hub.ledger.rules import Books, Context, Posting
from hub.points.service import WRITTEN_OFF, debt_account, expire_at_once, lease_account, points_account, recover


def want(lease: LeaseState, books: Books) -> None:
    """Ask for what a lease may move: its own account, and what the member has and owes."""
    books.want(lease_account(lease.spend), lots=True)
    books.want(points_account(lease.member), lots=True)
    books.want(debt_account(lease.member))


def cause(lease: LeaseState) -> dict[str, Any]:
    """What explains every movement of a lease."""
    return {"kiosk": lease.kiosk, "lease": lease.number, "reward": str(lease.reward)}


def give_back(lease: LeaseState, kind: str, context: Context, books: Books) -> None:
    """Put what was not spent back into the lots that it came from; what expired meanwhile expires at once."""
    account, home = lease_account(lease.spend), points_account(lease.member)
    origins = [lot.origin for lot in books.lots_of(account) if lot.remaining and lot.origin is not None]
    posting = Posting(kind, account, home, lease.rest, cause(lease), is_set_aside=True, gives_back=True)
    short = books.post(context, [posting])
    assert short is None, "a lease's account holds what was not spent"
    expire_at_once(books, context, home, origins)
    recover(books, context, lease.member, cause(lease))


def write_off(lease: LeaseState, kind: str, context: Context, books: Books) -> None:
    """Count what was lent as spent, though no kiosk ever said on what."""
    posting = Posting(kind, lease_account(lease.spend), WRITTEN_OFF, lease.rest, cause(lease), is_set_aside=True)
    short = books.post(context, [posting])
    assert short is None, "a lease's account holds what was not spent"
    books.touch(points_account(lease.member))
