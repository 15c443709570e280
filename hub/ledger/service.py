"""The ledger as other domains use it: load and lock a working set, write what was decided, prove the books."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from hub.db.bulk import insert_rows, update_rows
from hub.ledger import queries
from hub.ledger.models import Account, Counter, Lot, LotUse, Transfer
from hub.ledger.rules import AccountState, Books, LotState, Transferred


@dataclass(frozen=True, slots=True)
class Proof:
    """What a full comparison of the books found. Everything is right when `faults` is empty."""

    accounts: int
    transfers: int
    faults: tuple[str, ...]


def load(session: Session, books: Books) -> None:
    """Lock and load what a booking wants: accounts, then counters, then lots (the one order of all bookings)."""
    if books.wanted:
        for account in queries.lock_accounts(session, books.wanted):
            books.accounts[account.id] = AccountState(
                id=account.id,
                owner=account.owner,
                book=account.book,
                unit=account.unit,
                has_lots=account.has_lots,
                balance=account.balance,
                version=account.version,
                lots=[] if account.id in books.wanted_lots else None,
            )
    if books.wanted_counters:
        for counter in queries.lock_counters(session, books.wanted_counters):
            books.counters[counter.id] = counter.remaining
    if books.wanted_lots:
        _load_lots(session, books)


def _load_lots(session: Session, books: Books) -> None:
    for row in queries.lots_of(session, books.wanted_lots):
        lot = LotState(
            id=row.id,
            account=row.account,
            origin=row.origin,
            granted=row.granted,
            remaining=row.remaining,
            active_from=row.active_from,
            expires_at=row.expires_at,
        )
        books.lots[lot.id] = lot
        account = books.accounts.get(lot.account)
        if account is not None and account.lots is not None:
            account.lots.append(lot)


def write(session: Session, books: Books, now: datetime) -> None:
    """Write what a booking decided: new accounts, transfers and lots, and the three guarded figures."""
    touched = (account for account in books.accounts.values() if account.is_changed or account.is_new)
    accounts = sorted(touched, key=lambda account: account.id)
    insert_rows(
        session,
        Account,
        ("id", "owner", "book", "unit", "has_lots", "balance", "version", "opened_at"),
        [(a.id, a.owner, a.book, a.unit, a.has_lots, a.balance, a.version, now) for a in accounts if a.is_new],
    )
    update_rows(
        session,
        Account,
        ("id",),
        ("balance", "version"),
        rows=[(a.id, a.balance, a.version) for a in accounts if not a.is_new],
    )
    insert_rows(
        session,
        Transfer,
        (
            "id",
            "fact",
            "kind",
            "debit",
            "credit",
            "amount",
            "actor",
            "cause",
            "effective_at",
            "recorded_at",
        ),
        [_transfer_row(transfer, now) for transfer in books.transfers],
    )
    _write_lots(session, books)
    insert_rows(session, LotUse, ("transfer", "lot", "amount"), books.uses)
    counters = [(counter, books.counters[counter]) for counter in sorted(books.changed_counters)]
    update_rows(session, Counter, ("id",), ("remaining",), rows=counters)


def _transfer_row(transfer: Transferred, now: datetime) -> tuple[object, ...]:
    posting, context = transfer.posting, transfer.context
    return (
        transfer.id,
        context.fact,
        posting.kind,
        posting.debit,
        posting.credit,
        posting.amount,
        context.actor,
        posting.cause,
        context.effective_at,
        now,
    )


def _write_lots(session: Session, books: Books) -> None:
    lots = sorted(books.lots.values(), key=lambda lot: lot.id)
    insert_rows(
        session,
        Lot,
        ("id", "account", "origin", "granted", "remaining", "active_from", "expires_at"),
        [
            (lot.id, lot.account, lot.origin, lot.granted, lot.remaining, lot.active_from, lot.expires_at)
            for lot in lots
            if lot.is_new
        ],
    )
    changed = [(lot.id, lot.remaining) for lot in lots if lot.is_changed and not lot.is_new]
    update_rows(session, Lot, ("id",), ("remaining",), rows=changed)


def prove(session: Session) -> Proof:
    """Rebuild every balance from its entries and lots, and compare. Reads everything; run it nightly and in tests."""
    faults = [
        f"account {row.account} holds {row.balance}, its entries say {row.entries}"
        for row in session.execute(queries.wrong_balances())
    ]
    faults += [
        f"account {row.account} holds {row.balance}, its lots say {row.lots}"
        for row in session.execute(queries.wrong_lots())
    ]
    total = session.execute(queries.unit_sums()).scalar_one()
    if total != 0:
        faults.append(f"all entries add up to {total} instead of 0")
    accounts = session.query(Account).count()
    return Proof(accounts, session.query(Transfer).count(), tuple(faults))
