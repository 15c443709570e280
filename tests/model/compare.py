"""Lays what the hub has written and what it reports beside what the model knows, down to the last lot."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.db.session import Database
from hub.finance.holdings import holdings
from hub.finance.liability import liability
from hub.finance.queries import balances_at
from hub.leases.models import Lease as LeaseRow
from hub.ledger import service as ledger
from hub.ledger.models import Account, Counter, Lot
from hub.points.rules import ExpiryPolicy
from hub.rewards.service import stock_counter
from hub.tiers.models import Standing
from tests.model.ahead import lying
from tests.model.chain import Chain, Member
from tests.model.holds import Hold
from tests.model.leases import Lease, Reward


def differences(database: Database, chain: Chain, moment: datetime) -> list[str]:
    """Everything on which the two do not agree, and every fault that the hub finds in its own books.

    Reports are compared as of a moment that has passed.
    """
    chain.books.at = chain.now
    with database.read() as session:
        return [
            *_unlike("balance", _balances(session), _held(chain)),
            *_unlike("lot", _lots(session), _kept(chain)),
            *_unlike("tier", _tiers(session), {member.id: member.tier for member in chain.members.values()}),
            *_unlike("lease", _leases(session), _lent(chain)),
            *_unlike("stock", _stocks(session, _left(chain)), _left(chain)),
            *_unlike("holdings", _holdings(session, chain), _spendable(chain)),
            *_unlike(f"at {moment}", _at(session, chain, moment), _held_at(chain, moment)),
            *_unlike(f"liability at {moment}", _liability(session, moment), _outstanding(chain, moment)),
            *ledger.prove(session).faults,
        ]


def _unlike(what: str, hub: Mapping[Any, Any], model: Mapping[Any, Any]) -> Iterator[str]:
    for name in sorted(hub.keys() | model.keys(), key=str):
        if hub.get(name) != model.get(name):
            yield f"{what} {name}: the hub says {hub.get(name)}, the model says {model.get(name)}"


def _balances(session: Session) -> dict[UUID, int]:
    rows = session.execute(select(Account.id, Account.balance).where(Account.balance > 0))
    return {row.id: row.balance for row in rows}


def _held(chain: Chain) -> dict[UUID, int]:
    accounts = chain.books.lots.keys() | chain.books.numbers.keys()
    return {account: held for account in accounts if (held := chain.books.held(account))}


def _lots(session: Session) -> dict[UUID, tuple[Any, ...]]:
    columns = (Lot.account, Lot.source, Lot.granted, Lot.remaining, Lot.unit_value, Lot.active_from, Lot.expires_at)
    return {row.id: tuple(row)[1:] for row in session.execute(select(Lot.id, *columns))}


def _kept(chain: Chain) -> dict[UUID, tuple[Any, ...]]:
    return {
        lot.id: (account, terms.source, lot.granted, lot.left, terms.worth, terms.active_from, terms.expires_at)
        for account, lots in chain.books.lots.items()
        for lot in lots
        for terms in (lot.terms,)
    }


def _tiers(session: Session) -> dict[UUID, str]:
    return {row.member: row.tier for row in session.execute(select(Standing.member, Standing.tier))}


def _leases(session: Session) -> dict[UUID, tuple[Any, ...]]:
    names = ("spend", "kiosk", "number", "reward", "points", "spent", "state", "deadline", "recalled_at")
    columns = [getattr(LeaseRow, name) for name in names]
    return {row.spend: tuple(row)[1:] for row in session.execute(select(*columns))}


def _lent(chain: Chain) -> dict[UUID, tuple[Any, ...]]:
    leases = [note for name, note in chain.notes.items() if isinstance(note, Lease) and name[0] == "spend"]
    names = ("kiosk", "number", "reward", "points", "spent", "state", "deadline", "recalled_at")
    return {lease.spend: tuple(getattr(lease, name) for name in names) for lease in leases}


def _stocks(session: Session, named: Mapping[UUID, int]) -> dict[UUID, int]:
    rows = session.execute(select(Counter.id, Counter.remaining).where(Counter.id.in_(named)))
    return {row.id: row.remaining for row in rows}


def _left(chain: Chain) -> dict[UUID, int]:
    rewards = {name[1]: note for name, note in chain.notes.items() if isinstance(note, Reward)}
    return {stock_counter(name): reward.stock for name, reward in rewards.items() if reward.stock is not None}


def _holdings(session: Session, chain: Chain) -> dict[UUID, tuple[int, ...]]:
    found = holdings(session, chain.members, chain.now, ExpiryPolicy())
    return {
        member: (has.points, has.points + has.pending, has.qualifying, has.debt, has.principal, has.bonus)
        for member, has in found.items()
    }


def _spendable(chain: Chain) -> dict[UUID, tuple[int, ...]]:
    return {member.id: _of(chain, member) for member in chain.members.values()}


def _of(chain: Chain, member: Member) -> tuple[int, ...]:
    books = chain.books
    pending = [lot for lot in books.lots.get(member.points, []) if lot.terms.active_from > chain.now]
    lent = sum(one.rest for one in lying(chain) if one.member == member.id)
    points, money = (
        books.spendable(member.points) + lent,
        (books.spendable(member.principal), books.spendable(member.bonus)),
    )
    waiting = points + sum(lot.left for lot in pending)
    return (points, waiting, books.held(member.qualifying), books.held(member.debt), *money)


def _at(session: Session, chain: Chain, moment: datetime) -> dict[tuple[UUID, str], int]:
    books = _accounts_of(next(iter(chain.members.values())))
    return {
        (member, row.book): row.balance
        for member in chain.members
        for row in balances_at(session, member, moment, chain.now)
        if row.book in books and row.balance
    }


def _held_at(chain: Chain, moment: datetime) -> dict[tuple[UUID, str], int]:
    return {
        (member.id, book): held
        for member in chain.members.values()
        for book, account in _accounts_of(member).items()
        if (held := chain.books.held_at(account, moment, chain.now))
    }


def _accounts_of(member: Member) -> dict[str, UUID]:
    return {
        "points": member.points,
        "qualifying": member.qualifying,
        "debt": member.debt,
        "principal": member.principal,
        "bonus": member.bonus,
    }


def _liability(session: Session, moment: datetime) -> dict[str, int]:
    figures = liability(session, moment)
    return {"difference": any(figures["difference"].values()), "points": figures["points"]["outstanding"]}


def _outstanding(chain: Chain, moment: datetime) -> dict[str, int]:
    accounts = [member.points for member in chain.members.values()]
    accounts += [note.account for note in chain.notes.values() if isinstance(note, Lease)]
    accounts += [note.account("points") for note in chain.notes.values() if isinstance(note, Hold)]
    points = sum(chain.books.held_at(account, chain.now, moment) for account in set(accounts))
    return {"difference": 0, "points": points}
