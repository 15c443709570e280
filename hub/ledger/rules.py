"""Double entry in memory: the working set of one booking. Pure: integers in, transfers out; no clock, no database.

A booking names what it wants, the service loads and locks it, decisions then change this working set one after the
other, so a redemption sees the earning before it and an overdraft refuses only itself.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from hub.ledger.models import PROGRAMME_IDS_END
from protocol.ids import derived_id

NEVER = datetime.max.replace(tzinfo=UTC)
"""Stands for the expiry of a lot that has none, so that lots can be put in order."""


def is_programme(account: UUID) -> bool:
    """Tell whether an account belongs to the programme itself, whose balance is derived and not guarded."""
    return account < PROGRAMME_IDS_END


@dataclass(slots=True)
class LotState:
    """A lot as this booking sees it."""

    id: UUID
    account: UUID
    origin: UUID | None
    granted: int
    remaining: int
    active_from: datetime
    expires_at: datetime | None
    is_new: bool = False
    is_changed: bool = False

    def is_spendable(self, at: datetime) -> bool:
        """Tell whether value may be taken from this lot at a moment."""
        return self.remaining > 0 and self.active_from <= at < (self.expires_at or NEVER)

    @property
    def order(self) -> tuple[datetime, UUID]:
        """Earliest expiry first; the id makes the order the same everywhere."""
        return (self.expires_at or NEVER, self.id)


@dataclass(slots=True)
class AccountState:
    """An account as this booking sees it. `lots` is None where the booking did not ask for them."""

    id: UUID
    owner: UUID
    book: str
    unit: str
    has_lots: bool
    balance: int
    version: int
    lots: list[LotState] | None = None
    is_new: bool = False
    is_changed: bool = False


@dataclass(frozen=True, slots=True)
class Validity:
    """When value that is granted becomes spendable, and when it expires (None: never)."""

    active_from: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Posting:
    """One transfer to be made; its kind is unique within the fact. `validity` is given where a lot is granted.

    Value that moves between two accounts with lots takes its lots along; with `gives_back` it returns into the very
    lots that it was taken from. Value that `is_set_aside` was reserved before and does not expire on its way.
    """

    kind: str
    debit: UUID
    credit: UUID
    amount: int
    cause: dict[str, Any]
    validity: Validity | None = None
    is_set_aside: bool = False
    gives_back: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """What all transfers of one fact share."""

    fact: UUID
    actor: str
    effective_at: datetime


@dataclass(frozen=True, slots=True)
class Transferred:
    """A transfer that this booking makes."""

    id: UUID
    posting: Posting
    context: Context


@dataclass(frozen=True, slots=True)
class Short:
    """An account does not hold what was asked of it."""

    account: UUID
    short: int


@dataclass(slots=True)
class Books:
    """The accounts, lots and counters of one booking, and the transfers it has made so far."""

    wanted: set[UUID] = field(default_factory=set)
    wanted_lots: set[UUID] = field(default_factory=set)
    wanted_counters: set[UUID] = field(default_factory=set)
    accounts: dict[UUID, AccountState] = field(default_factory=dict)
    lots: dict[UUID, LotState] = field(default_factory=dict)
    counters: dict[UUID, int] = field(default_factory=dict)
    changed_counters: set[UUID] = field(default_factory=set)
    transfers: list[Transferred] = field(default_factory=list)
    uses: list[tuple[UUID, UUID, int]] = field(default_factory=list)

    def want(self, account: UUID, *, lots: bool = False) -> None:
        """Ask for an account to be locked and loaded; with `lots` also what it can spend."""
        self.wanted.add(account)
        if lots:
            self.wanted_lots.add(account)

    def want_counter(self, counter: UUID) -> None:
        """Ask for a counter to be locked and loaded."""
        self.wanted_counters.add(counter)

    def open(self, account: AccountState) -> None:
        """Open a new, empty account."""
        assert account.balance == 0, "an account opens empty"
        account.is_new = True
        self.accounts.setdefault(account.id, account)

    def touch(self, account: UUID) -> None:
        """Count a change of what an account stands for, though its balance stays."""
        _touch(self.accounts[account])

    def spendable(self, account: UUID, at: datetime) -> int:
        """How much an account can spend at a moment: what lies in lots that are active and have not expired."""
        state = self.accounts[account]
        if not state.has_lots:
            return state.balance
        return sum(lot.remaining for lot in self._lots_of(state) if lot.is_spendable(at))

    def first_expiry(self, account: UUID, at: datetime) -> datetime | None:
        """When the first value in an account that is spendable now expires; None where nothing ever does."""
        lots = [lot for lot in self._lots_of(self.accounts[account]) if lot.is_spendable(at)]
        return min(lots, key=lambda lot: lot.order).expires_at if lots else None

    def post(self, context: Context, postings: Sequence[Posting]) -> Short | None:
        """Make linked transfers: all of them, or none and the first account that is short.

        What one posting credits cannot pay for another of the same call.
        """
        needs: dict[UUID, int] = {}
        for posting in postings:
            if not is_programme(posting.debit):
                needs[posting.debit] = needs.get(posting.debit, 0) + posting.amount
        for account, amount in needs.items():
            lacking = amount - self._available(account, context.effective_at, postings)
            if lacking > 0:
                return Short(account, lacking)
        for posting in postings:
            self._apply(context, posting)
        return None

    def take(self, counter: UUID, amount: int) -> bool:
        """Take from a counter, if it holds that much. A counter that does not exist never runs out."""
        if counter not in self.counters:
            return True
        if self.counters[counter] < amount:
            return False
        self.counters[counter] -= amount
        self.changed_counters.add(counter)
        return True

    def give(self, counter: UUID, amount: int) -> None:
        """Put back into a counter what was taken."""
        if counter in self.counters:
            self.counters[counter] += amount
            self.changed_counters.add(counter)

    def _available(self, account: UUID, at: datetime, postings: Sequence[Posting]) -> int:
        if all(posting.is_set_aside for posting in postings if posting.debit == account):
            return self.accounts[account].balance
        return self.spendable(account, at)

    def _apply(self, context: Context, posting: Posting) -> None:
        assert posting.amount > 0, "a transfer moves something"
        transfer = derived_id(context.fact, posting.kind)
        self.transfers.append(Transferred(transfer, posting, context))
        taken = self._debit(transfer, posting, context.effective_at)
        self._credit(transfer, posting, taken)

    def _debit(self, transfer: UUID, posting: Posting, at: datetime) -> list[tuple[LotState, int]]:
        if is_programme(posting.debit):
            return []
        account = self.accounts[posting.debit]
        account.balance -= posting.amount
        _touch(account)
        assert account.balance >= 0, "checked before applying"
        if not account.has_lots:
            return []
        taken = list(self._take_lots(account, posting, at))
        for lot, amount in taken:
            self.uses.append((transfer, lot.id, amount))
        return taken

    def _take_lots(self, account: AccountState, posting: Posting, at: datetime) -> Iterable[tuple[LotState, int]]:
        rest = posting.amount
        for lot in sorted(self._lots_of(account), key=lambda lot: lot.order):
            if rest == 0:
                return
            if lot.remaining == 0 or not (posting.is_set_aside or lot.is_spendable(at)):
                continue
            amount = min(rest, lot.remaining)
            lot.remaining -= amount
            lot.is_changed = True
            rest -= amount
            yield lot, amount
        assert rest == 0, "the account's lots add up to its balance"

    def _credit(self, transfer: UUID, posting: Posting, taken: list[tuple[LotState, int]]) -> None:
        if is_programme(posting.credit):
            return
        account = self.accounts[posting.credit]
        account.balance += posting.amount
        _touch(account)
        if not account.has_lots:
            return
        if posting.gives_back:
            self._give_back(taken)
        elif taken:
            for number, (lot, amount) in enumerate(taken):
                validity = Validity(lot.active_from, lot.expires_at)
                self._grant(account, derived_id(transfer, f"lot.{number}"), amount, (validity, lot.id))
        else:
            assert posting.validity is not None, "granted value has a validity"
            self._grant(account, derived_id(transfer, "lot"), posting.amount, (posting.validity, None))

    def _give_back(self, taken: list[tuple[LotState, int]]) -> None:
        for lot, amount in taken:
            assert lot.origin is not None, "only value that was moved with its lots can be given back"
            origin = self.lots[lot.origin]
            origin.remaining += amount
            origin.is_changed = True

    def _grant(self, account: AccountState, lot_id: UUID, amount: int, terms: tuple[Validity, UUID | None]) -> None:
        validity, origin = terms
        lot = LotState(
            id=lot_id,
            account=account.id,
            origin=origin,
            granted=amount,
            remaining=amount,
            active_from=validity.active_from,
            expires_at=validity.expires_at,
            is_new=True,
        )
        self.lots[lot.id] = lot
        if account.lots is not None:
            account.lots.append(lot)

    def _lots_of(self, account: AccountState) -> list[LotState]:
        assert account.lots is not None, f"lots of {account.book} were not asked for"
        return account.lots


def _touch(account: AccountState) -> None:
    if not account.is_changed:
        account.is_changed = True
        account.version += 1
