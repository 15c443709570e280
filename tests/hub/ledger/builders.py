"""Accounts, lots and postings in memory."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hub.ledger.rules import AccountState, Books, Context, Grant, LotState, Posting

NOW = datetime(2026, 11, 21, tzinfo=UTC)


ISSUED, REDEEMED = UUID(int=1), UUID(int=2)


LIN, CHEN, LEASE = (UUID(int=number << 64) for number in (1, 2, 3))


def make_account(account: UUID, *lots: tuple[int, int]) -> AccountState:
    """An account with lots, each given as amount and days until it expires."""
    states = [make_lot(account, number, amount, days) for number, (amount, days) in enumerate(lots)]
    balance = sum(lot.remaining for lot in states)
    return AccountState(account, account, "points", "points", has_lots=True, balance=balance, version=1, lots=states)


def make_lot(account: UUID, number: int, amount: int, days: int) -> LotState:
    return LotState(
        id=UUID(int=account.int + number + 1),
        account=account,
        origin=None,
        granted=amount,
        remaining=amount,
        granted_at=NOW - timedelta(days=1),
        terms=Grant("test", NOW - timedelta(days=1), NOW + timedelta(days=days)),
    )


def make_books(*accounts: AccountState) -> Books:
    books = Books(accounts={account.id: account for account in accounts})
    books.lots = {lot.id: lot for account in accounts for lot in account.lots or ()}
    return books


def make_context(number: int = 1) -> Context:
    return Context(UUID(int=number << 32), "test", NOW)


def make_posting(debit: UUID, credit: UUID, amount: int, **overrides: object) -> Posting:
    return Posting(**{"kind": "moved", "debit": debit, "credit": credit, "amount": amount, "cause": {}, **overrides})  # type: ignore[arg-type]


def remaining(books: Books, account: UUID) -> list[int]:
    """What is left in an account's lots, in the order in which they were made."""
    return [lot.remaining for lot in books.accounts[account].lots or ()]


def lot_of(account: UUID, number: int) -> UUID:
    """Id of the lot that `make_account` made so many places down."""
    return UUID(int=account.int + number + 1)
