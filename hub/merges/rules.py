"""Pure rules of merges: which transfers move everything of a member to another, and which bring it back.

They change the books of one booking and know no database. What was moved is told as plain data, because it stands in
the row of the merge until the merge is undone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from msgspec import Struct

from hub.ledger.rules import AccountState, Books, Context, LotState, Posting
from hub.points.service import DEBT, HELD, ISSUED, LEASED, OWED, debt_account, points_account
from protocol.errors import ErrorCode
from protocol.ids import derived_id, part_id

MERGED, UNMERGED, FOLLOWED = "member.merged", "member.unmerged", "value.followed"

RECOVERED, SETTLED = "debt.recovered", "debt.settled"
"""Kinds of the transfers by which points pay a debt; see `hub.points.service.recover`."""


class Moved(Struct, frozen=True):
    """One transfer that moved value; `lots` is how many lots it made."""

    transfer: UUID
    debit: UUID
    credit: UUID
    book: str
    amount: int
    lots: int


@dataclass(frozen=True, slots=True)
class Pair:
    """The member that is kept, and the one that is merged into it."""

    kept: UUID
    merged: UUID

    def refusal(self, books: Books, currency_books: Iterable[str]) -> tuple[ErrorCode, UUID] | None:
        """Why these two cannot be merged as their accounts are, and which of them is in the way."""
        for member in (self.kept, self.merged):
            books_with_value = {account.book for account in _of(books, member) if account.balance}
            if LEASED in books_with_value:
                return ErrorCode.MERGE_LEASED, member
            if HELD in books_with_value:
                return ErrorCode.MERGE_HELD, member
        money = set(currency_books)
        units = {a.unit for member in (self.kept, self.merged) for a in _of(books, member) if a.book in money}
        return (ErrorCode.MERGE_CURRENCY, self.merged) if len(units) > 1 else None


def move_all(books: Books, context: Context, pair: Pair, *, kind: str, cause: dict[str, Any]) -> list[Moved]:
    """Move all that a member holds, and all it owes, to the one that is kept: lots keep their terms and expiry."""
    moved = []
    for account in sorted(_of(books, pair.merged), key=lambda account: account.id):
        if account.balance:
            target = books.open(_twin(account, pair.kept))
            part = _part(account)
            lots = tuple(lot.id for lot in _open_lots(books, account.id)) if account.has_lots else None
            posting = Posting(kind, account.id, target.id, account.balance, cause, lots=lots, part=part)
            moved.append(_told(posting, context, account.book))
            _post(books, context, [posting])
    return moved


def _of(books: Books, member: UUID) -> list[AccountState]:
    return [account for account in books.accounts.values() if account.owner == member]


def _twin(account: AccountState, owner: UUID) -> AccountState:
    """The same account of another member; accounts of members are named by their owner and what they hold."""
    name = account.book if account.id == derived_id(account.owner, account.book) else account.unit
    assert account.id == derived_id(account.owner, name), "accounts are named by their book, or by their unit"
    return AccountState(derived_id(owner, name), owner, account.book, account.unit, account.has_lots, 0, 0)


def _part(account: AccountState) -> str:
    return f"{account.book}.{account.unit}"


def _open_lots(books: Books, account: UUID) -> list[LotState]:
    return sorted((lot for lot in books.lots_of(account) if lot.remaining), key=lambda lot: lot.order)


def _told(posting: Posting, context: Context, book: str) -> Moved:
    lots = len(posting.lots or ())
    return Moved(posting.id_in(context.fact), posting.debit, posting.credit, book, posting.amount, lots)


def _post(books: Books, context: Context, postings: Sequence[Posting]) -> None:
    short = books.post(context, postings)
    assert short is None, "what the accounts hold was looked at before"


@dataclass(frozen=True, slots=True)
class Undoing:
    """A merge on its way back. `expired` says how much of each moved lot has expired since, and is gone for both."""

    merge: UUID
    pair: Pair
    moved: Sequence[Moved]
    recovered: int
    expired: Mapping[UUID, int]

    @property
    def recovery(self) -> UUID:
        """The transfer by which points of both paid debts of both when they were merged."""
        return part_id(self.merge, RECOVERED)

    @property
    def lots(self) -> set[UUID]:
        """Every lot that the moves have made."""
        return {lot for move in self.moved for lot in self.lots_of(move)}

    def lots_of(self, moved: Moved) -> list[UUID]:
        """The lots that one of the moves has made."""
        return [part_id(moved.transfer, f"lot.{number}") for number in range(moved.lots)]

    def missing(self, books: Books, context: Context) -> tuple[str, int] | None:
        """What cannot come back, because too little is there: in which book, and how much; None where all can."""
        for debit, moves in self._by_source().items():
            book = moves[0].book
            if book == DEBT:
                continue  # what was paid of it meanwhile is not owed again
            due = sum(self._due(move) for move in moves)
            there = self.recovered if debit == points_account(self.pair.kept) else 0
            there += self._there(books, debit, moves, context) if debit in books.accounts else 0
            if due > there:
                return book, due - there
        return None

    def _by_source(self) -> dict[UUID, list[Moved]]:
        """Moves by the account of the kept member that they credited."""
        moves: dict[UUID, list[Moved]] = {}
        for move in self.moved:
            moves.setdefault(move.credit, []).append(move)
        return moves

    def _due(self, move: Moved) -> int:
        return move.amount - sum(self.expired.get(lot, 0) for lot in self.lots_of(move))

    def _there(self, books: Books, account: UUID, moves: Sequence[Moved], context: Context) -> int:
        if not books.accounts[account].has_lots:
            return books.held(account)
        ours = {lot for move in moves for lot in self.lots_of(move)}
        lots = books.lots_of(account)
        return sum(lot.remaining for lot in lots if lot.id in ours or lot.is_spendable(context.effective_at))

    def put_back(self, books: Books, context: Context, cause: dict[str, Any]) -> None:
        """Move back what is due: out of the lots that were made, into those they came from; the rest out of others."""
        self._restore_debts(books, context, cause)
        for move in self.moved:
            _post(books, context, self._back(books, context, move, cause))

    def _restore_debts(self, books: Books, context: Context, cause: dict[str, Any]) -> None:
        if not self.recovered:
            return
        points, debt = points_account(self.pair.kept), debt_account(self.pair.kept)
        back = Posting(
            UNMERGED, ISSUED, points, self.recovered, cause, reverses=self.recovery, restores=True, part=RECOVERED
        )
        settled = part_id(self.merge, SETTLED)
        owed = Posting(UNMERGED, OWED, debt, self.recovered, cause, reverses=settled, part=SETTLED)
        _post(books, context, [back, owed])

    def _back(self, books: Books, context: Context, move: Moved, cause: dict[str, Any]) -> list[Posting]:
        source, target = move.credit, move.debit
        due = min(self._due(move), books.held(source))

        def posting(amount: int, part: str, lots: Iterable[LotState] | None, *, gives_back: bool) -> Posting:
            named = None if lots is None else tuple(lot.id for lot in lots)
            part = f"{part}.{move.transfer}"
            reverses = move.transfer
            return Posting(
                UNMERGED,
                source,
                target,
                amount,
                cause,
                lots=named,
                gives_back=gives_back,
                reverses=reverses,
                part=part,
            )

        if due == 0:
            return []
        if not move.lots:
            return [posting(due, "back", None, gives_back=False)]
        ours = set(self.lots_of(move))
        made = [lot for lot in _open_lots(books, source) if lot.id in ours]
        back = min(due, sum(lot.remaining for lot in made))
        others = [
            lot for lot in _open_lots(books, source) if lot.id not in ours and lot.is_spendable(context.effective_at)
        ]
        postings = [posting(back, "back", made, gives_back=True)] if back else []
        return postings + ([posting(due - back, "rest", others, gives_back=False)] if due > back else [])
