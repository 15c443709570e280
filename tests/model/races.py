"""Many threads that move value between the same accounts at once, as several processes of the hub do."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from hub.db.session import Database
from hub.ledger import service
from hub.ledger.models import PROGRAMME_IDS_END
from hub.ledger.queries import balances
from hub.ledger.rules import AccountState, Books, Context, Grant, Posting, Short
from protocol.ids import derived_id

WRITERS = 32
RETURN_TIMEOUT_S = 100.0
"""Every call must have come back by then; a deadlock that nobody resolves never does."""

Result = TypeVar("Result")

SOURCE = UUID(int=1 << 15)
"""A programme account that no domain uses."""

AMOUNT_MAX = 40


def ring(count: int, name: str = "ring") -> list[UUID]:
    """Ids of so many accounts; another name gives others."""
    return [derived_id(PROGRAMME_IDS_END, f"{name}.{number}") for number in range(count)]


def open_accounts(database: Database, accounts: list[UUID], each: int, now: datetime) -> None:
    """Open accounts with lots; every one is granted `each` in three lots."""

    def work(session: Session) -> None:
        books = Books()
        for account in accounts:
            books.open(AccountState(account, account, "points", "points", has_lots=True, balance=0, version=0))
            for number in range(3 if each else 0):
                grant = Grant("test", now, now + timedelta(days=100 + number))
                posting = Posting(f"granted.{number}", SOURCE, account, each // 3, {}, grant)
                books.post(Context(derived_id(account, "opened"), "test", now), [posting])
        service.write(session, books, now)

    database.run(work)


def held(database: Database, accounts: Sequence[UUID]) -> list[int]:
    """What accounts hold, in their order."""
    with database.read() as session:
        found = balances(session, accounts)
    return [found[account][0] for account in accounts]


def move_around(database: Database, accounts: Sequence[UUID], moves: int, *, seed: int, now: datetime) -> int:
    """Move value between accounts drawn at random, so often; how often that was."""
    random = Random(seed)
    for _ in range(moves):
        debit, credit = random.sample(accounts, 2)
        fact = UUID(bytes=random.randbytes(16))
        move(database, fact, (debit, credit), random.randint(1, AMOUNT_MAX), now=now)
    return moves


def move(database: Database, fact: UUID, path: tuple[UUID, UUID], amount: int, *, now: datetime) -> Short | None:
    """Move value from one account to another, unless the first is short."""

    def work(session: Session) -> Short | None:
        books = Books()
        debit, credit = path
        books.want(debit, lots=True)
        books.want(credit, lots=True)
        service.load(session, books)
        short = books.post(Context(fact, "test", now), [Posting("moved", debit, credit, amount, {})])
        service.write(session, books, now)
        return short

    return database.run(work)


def all_at_once(acts: Sequence[Callable[[], Result]], timeout_s: float = RETURN_TIMEOUT_S) -> list[Result]:
    """Do every act in a thread of its own, all from the same moment on; what they returned, in order.

    Raises:
        TimeoutError: if one of them has not come back by then.
    """
    gate = threading.Barrier(len(acts))

    def begin(act: Callable[[], Result]) -> Result:
        gate.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        waiting = [pool.submit(begin, act) for act in acts]
        return [thread.result(timeout_s) for thread in waiting]
