"""The ledger as other domains use it: load and lock a working set, write what was decided, prove the books."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.db.bulk import insert_rows, update_rows
from hub.db.reading import NOTHING, Asked, Rows
from hub.ledger import queries
from hub.ledger.models import Account, Counter, Lot, LotUse, Tally, Transfer
from hub.ledger.rules import AccountState, Books, Grant, LotState, Transferred


@dataclass(frozen=True, slots=True)
class Proof:
    """What a full comparison of the books found. Everything is right when `faults` is empty."""

    accounts: int
    transfers: int
    faults: tuple[str, ...]


def load(session: Session, books: Books) -> None:
    """Lock and load what a booking wants, and wait for it."""
    ask(session, books).answer()


def ask(session: Session, books: Books) -> Asked[None]:
    """Lock and load what a booking wants: accounts, counters, tallies, then lots (the one order of all bookings)."""
    wanted = books.wanted
    accounts = queries.lock_accounts(session, wanted.accounts) if wanted.accounts else NOTHING
    counters = queries.lock_counters(session, wanted.counters) if wanted.counters else NOTHING
    tallies = queries.lock_tallies(session, wanted.tallies) if wanted.tallies else NOTHING
    lots = queries.ask_lots_of(session, wanted.lots_of) if wanted.lots_of else NOTHING

    def hold(rows: Rows) -> None:
        for row in rows:
            books.accounts[row.id] = AccountState(*row)
            if row.id in wanted.lots_of:
                books.accounts[row.id].lots = []
        books.counters |= {row.id: row.remaining for row in counters.answer()}
        books.tallies |= {row.id: row.used for row in tallies.answer()}
        _hold_lots(books, lots.answer())
        _load_named_lots(session, books)

    return accounts.then(hold)


def _load_named_lots(session: Session, books: Books) -> None:
    wanted = books.wanted
    if wanted.originals:
        _load_taken(session, books)
    if wanted.lots:
        _hold_lots(books, queries.lots(session, wanted.lots - books.lots.keys()))


def _load_taken(session: Session, books: Books) -> None:
    taken = [(row.original, row.lot, row.amount) for row in queries.taken_by(session, books.wanted.originals)]
    _hold_lots(books, queries.lots(session, {lot for _original, lot, _amount in taken} - books.lots.keys()))
    for original, lot, amount in sorted(taken, key=lambda row: books.lots[row[1]].order):
        books.taken.setdefault(original, {})[lot] = amount


def _hold_lots(books: Books, rows: Rows) -> None:
    for row in rows:
        lot = LotState(
            id=row.id,
            account=row.account,
            origin=row.origin,
            granted=row.granted,
            remaining=row.remaining,
            granted_at=row.granted_at,
            terms=Grant(row.source, row.active_from, row.expires_at, row.unit_value),
        )
        books.lots[lot.id] = lot
        account = books.accounts.get(lot.account)
        if account is not None and account.lots is not None:
            account.lots.append(lot)


def write(session: Session, books: Books, now: datetime) -> None:
    """Write what a booking decided: new accounts, transfers and lots, and the three guarded figures."""
    new = sorted((account for account in books.accounts.values() if account.is_new), key=lambda account: account.id)
    changed = (account for account in books.accounts.values() if account.is_changed and not account.is_new)
    insert_rows(
        session,
        Account,
        ("id", "owner", "book", "unit", "has_lots", "balance", "version", "opened_at"),
        [(a.id, a.owner, a.book, a.unit, a.has_lots, a.balance, a.version, now) for a in new],
    )
    update_rows(
        session,
        Account,
        ("id",),
        ("balance", "version"),
        rows=[(a.id, a.balance, a.version) for a in changed],
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
            "reverses",
            "actor",
            "cause",
            "reason",
            "effective_at",
            "recorded_at",
        ),
        [_transfer_row(transfer, now) for transfer in books.transfers],
    )
    _write_lots(session, books)
    insert_rows(session, LotUse, ("transfer", "lot", "amount"), books.uses)
    counters = [(counter, books.counters[counter]) for counter in sorted(books.changed_counters)]
    update_rows(session, Counter, ("id",), ("remaining",), rows=counters)
    tallies = sorted(books.counted.items())
    insert_rows(session, Tally, ("id", "used"), [row for row in tallies if row[0] not in books.tallies])
    update_rows(session, Tally, ("id",), ("used",), rows=[row for row in tallies if row[0] in books.tallies])


def _transfer_row(transfer: Transferred, now: datetime) -> tuple[object, ...]:
    posting, context = transfer.posting, transfer.context
    return (
        transfer.id,
        context.fact,
        posting.kind,
        posting.debit,
        posting.credit,
        posting.amount,
        posting.reverses,
        context.actor,
        posting.cause,
        context.reason,
        context.effective_at,
        now,
    )


def _write_lots(session: Session, books: Books) -> None:
    lots = books.lots.values()
    insert_rows(
        session,
        Lot,
        (
            *("id", "account", "origin", "source", "granted", "remaining"),
            *("unit_value", "granted_at", "active_from", "expires_at"),
        ),
        [_lot_row(lot) for lot in lots if lot.is_new],
    )
    changed = [(lot.id, lot.remaining) for lot in lots if lot.is_changed and not lot.is_new]
    update_rows(session, Lot, ("id",), ("remaining",), rows=changed)


def _lot_row(lot: LotState) -> tuple[object, ...]:
    terms = lot.terms
    return (
        *(lot.id, lot.account, lot.origin, terms.source, lot.granted, lot.remaining),
        *(terms.unit_value, lot.granted_at, terms.active_from, terms.expires_at),
    )


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
    faults += [
        f"lot {row.lot} has {row.remaining} left, its uses say {row.uses}"
        for row in session.execute(queries.wrong_uses())
    ]
    faults += [f"transfer {row.id} moves one unit into another" for row in session.execute(queries.mixed_units())]
    faults += _wrong_sums(session)
    accounts = session.execute(select(func.count()).select_from(Account)).scalar_one()
    transfers = session.execute(select(func.count()).select_from(Transfer)).scalar_one()
    return Proof(accounts, transfers, tuple(faults))


def _wrong_sums(session: Session) -> list[str]:
    sums = {row.unit: row.total for row in session.execute(queries.member_sums())}
    for row in session.execute(queries.programme_sums()):
        sums[row.unit] = sums.get(row.unit, 0) + row.total
    return [f"all that is held in {unit} adds up to {total}, not 0" for unit, total in sorted(sums.items()) if total]
