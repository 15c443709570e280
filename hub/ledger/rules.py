"""Double entry in memory: the working set of one booking. Pure: integers in, transfers out; no clock, no database.

A booking names what it wants, the service loads and locks it, decisions then change this working set one after the
other, so a redemption sees the earning before it and an overdraft refuses only itself.

What a booking makes several of for each of its items is a struct of msgspec's: as fixed as a frozen dataclass, and made
in a tenth of the time (0.1 µs against 1.4 µs).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from hub.ledger.models import PROGRAMME_IDS_END
from protocol.ids import part_id

NEVER = datetime.max.replace(tzinfo=UTC)
"""Stands for the expiry of a lot that has none, so that lots can be put in order."""

VALUE_SCALE = 10_000
"""A lot's value at its grant is told for so many units, because one point is worth less than the smallest coin."""


def is_programme(account: UUID) -> bool:
    """Tell whether an account belongs to the programme itself, whose balance is derived and not guarded."""
    return account.int < PROGRAMME_IDS_END.int


class Grant(Struct, frozen=True, gc=False):
    """The terms on which value is granted: for what, spendable from when, until when (None: for ever).

    `unit_value` is what VALUE_SCALE units are worth at the grant, in minor units of money; 0 where nobody says.
    """

    source: str
    active_from: datetime
    expires_at: datetime | None
    unit_value: int = 0


@dataclass(slots=True)
class LotState:
    """A lot as this booking sees it."""

    id: UUID
    account: UUID
    origin: UUID | None
    granted: int
    remaining: int
    granted_at: datetime
    terms: Grant
    is_new: bool = False
    is_changed: bool = False

    def is_spendable(self, at: datetime) -> bool:
        """Tell whether value may be taken from this lot at a moment."""
        return self.remaining > 0 and self.terms.active_from <= at < (self.terms.expires_at or NEVER)

    def is_expired(self, at: datetime) -> bool:
        """Tell whether what remains of this lot may not be spent any more."""
        return at >= (self.terms.expires_at or NEVER)

    @property
    def order(self) -> tuple[datetime, datetime, UUID]:
        """Earliest expiry first, of those the oldest; the id makes the order the same everywhere."""
        return (self.terms.expires_at or NEVER, self.granted_at, self.id)


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


class Posting(Struct, frozen=True, gc=False):
    """One transfer to be made. `kind` is unique within the fact, or is made so by `part`.

    Value that is spent is taken from lots that are active and not expired, earliest expiry first; with `lots` from
    these alone and whatever their dates; with `is_set_aside` from all the account holds, because what was reserved
    before does not expire on its way. Value that comes from nowhere names its `grant`; value that moves between two
    accounts with lots takes its lots along, and with `gives_back` returns into the very lots that it was moved from.
    With `passes_on` what was moved before goes on, and will return to where it came from first.

    A posting that `reverses` an earlier transfer names it; with `restores` it puts value back into the very lots which
    that transfer took it from, what was taken last first.
    """

    kind: str
    debit: UUID
    credit: UUID
    amount: int
    cause: dict[str, Any]
    grant: Grant | None = None
    lots: tuple[UUID, ...] | None = None
    is_set_aside: bool = False
    gives_back: bool = False
    passes_on: bool = False
    reverses: UUID | None = None
    restores: bool = False
    part: str = ""

    def id_in(self, fact: UUID) -> UUID:
        """Id of the transfer that this posting becomes: the same whenever the fact is booked again."""
        return part_id(fact, f"{self.kind}.{self.part}" if self.part else self.kind)


class Context(Struct, frozen=True, gc=False):
    """What all transfers of one fact share."""

    fact: UUID
    actor: str
    effective_at: datetime
    reason: str = ""


class Transferred(Struct, frozen=True, gc=False):
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
class Wanted:
    """What a booking asks to be locked and loaded."""

    accounts: set[UUID] = field(default_factory=set)
    lots_of: set[UUID] = field(default_factory=set)
    lots: set[UUID] = field(default_factory=set)
    counters: set[UUID] = field(default_factory=set)
    tallies: set[UUID] = field(default_factory=set)
    originals: set[UUID] = field(default_factory=set)


@dataclass(slots=True)
class Books:
    """The accounts, lots, counters and tallies of one booking, and the transfers it has made so far.

    `taken` says of each original that may be reversed what it took from which lot, less what was put back, in the order
    in which it took it.
    """

    wanted: Wanted = field(default_factory=Wanted)
    accounts: dict[UUID, AccountState] = field(default_factory=dict)
    lots: dict[UUID, LotState] = field(default_factory=dict)
    counters: dict[UUID, int] = field(default_factory=dict)
    changed_counters: set[UUID] = field(default_factory=set)
    tallies: dict[UUID, int] = field(default_factory=dict)
    counted: dict[UUID, int] = field(default_factory=dict)
    taken: dict[UUID, dict[UUID, int]] = field(default_factory=dict)
    transfers: list[Transferred] = field(default_factory=list)
    uses: list[tuple[UUID, UUID, int]] = field(default_factory=list)

    def want(self, account: UUID, *, lots: bool = False) -> None:
        """Ask for an account to be locked and loaded; with `lots` also what it can spend."""
        self.wanted.accounts.add(account)
        if lots:
            self.wanted.lots_of.add(account)

    def want_lot(self, lot: UUID) -> None:
        """Ask for one lot to be loaded, whatever remains of it. Want its account as well."""
        self.wanted.lots.add(lot)

    def want_counter(self, counter: UUID) -> None:
        """Ask for a counter to be locked and loaded."""
        self.wanted.counters.add(counter)

    def want_tally(self, tally: UUID) -> None:
        """Ask for a tally to be locked and loaded; one that nobody has counted on yet stands at 0."""
        self.wanted.tallies.add(tally)

    def want_original(self, transfer: UUID) -> None:
        """Ask for what an earlier transfer took from its lots, so that it can be put back. Want its account as well."""
        self.wanted.originals.add(transfer)

    def open(self, account: AccountState) -> AccountState:
        """Open a new, empty account, unless it is there already; the account as this booking sees it."""
        assert account.balance == 0, "an account opens empty"
        if account.id in self.accounts:
            return self.accounts[account.id]
        account.is_new = True
        if account.has_lots and account.lots is None:
            account.lots = []
        self.accounts[account.id] = account
        return account

    def touch(self, account: UUID) -> None:
        """Count a change of what an account stands for, though its balance stays."""
        _touch(self.accounts[account])

    def held(self, account: UUID) -> int:
        """What an account holds, spendable or not; 0 where it was never opened."""
        state = self.accounts.get(account)
        return 0 if state is None else state.balance

    def spendable(self, account: UUID, at: datetime) -> int:
        """How much an account can spend at a moment: what lies in lots that are active and have not expired."""
        if account not in self.accounts:
            return 0
        state = self.accounts[account]
        if not state.has_lots:
            return state.balance
        return sum(lot.remaining for lot in self.lots_of(account) if lot.is_spendable(at))

    def first_expiry(self, account: UUID, at: datetime) -> datetime | None:
        """When the first value in an account that is spendable now expires; None where nothing ever does."""
        lots = [lot for lot in self.lots_of(account) if lot.is_spendable(at)]
        return min(lots, key=lambda lot: lot.order).terms.expires_at if lots else None

    def lots_of(self, account: UUID) -> list[LotState]:
        """Lots of an account in which something remains, or remained when they were loaded; they were asked for."""
        state = self.accounts[account]
        assert state.lots is not None, f"lots of {state.book} were not asked for"
        return state.lots

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

    def room(self, tally: UUID, limit: int) -> int:
        """How much may still be counted on a tally before a limit; it was asked for."""
        return max(0, limit - self.counted.get(tally, self.tallies.get(tally, 0)))

    def count(self, tally: UUID, amount: int) -> None:
        """Count on a tally; negative takes back, never under 0."""
        self.counted[tally] = max(0, self.counted.get(tally, self.tallies.get(tally, 0)) + amount)

    def _available(self, account: UUID, at: datetime, postings: Sequence[Posting]) -> int:
        if account not in self.accounts:
            return 0
        mine = [posting for posting in postings if posting.debit == account]
        if all(posting.is_set_aside or posting.lots is not None for posting in mine):
            named = {lot for posting in mine for lot in posting.lots or ()}
            if any(posting.is_set_aside for posting in mine):
                return self.accounts[account].balance
            return sum(self.lots[lot].remaining for lot in named)
        return self.spendable(account, at)

    def _apply(self, context: Context, posting: Posting) -> None:
        assert posting.amount > 0, "a transfer moves something"
        transfer = posting.id_in(context.fact)
        self.transfers.append(Transferred(transfer, posting, context))
        taken = self._debit(transfer, posting, context.effective_at)
        self._credit(transfer, posting, context.effective_at, taken)

    def _debit(self, transfer: UUID, posting: Posting, at: datetime) -> list[tuple[LotState, int]]:
        if is_programme(posting.debit):
            return []
        account = self.accounts[posting.debit]
        account.balance -= posting.amount
        _touch(account)
        assert account.balance >= 0, "checked before applying"
        if not account.has_lots:
            return []
        taken = list(self._take_lots(posting, at))
        for lot, amount in taken:
            self._use(transfer, lot, amount)
        return taken

    def _take_lots(self, posting: Posting, at: datetime) -> Iterable[tuple[LotState, int]]:
        rest = posting.amount
        for lot in self._sources(posting, at):
            if rest == 0:
                return
            amount = min(rest, lot.remaining)
            if amount > 0:
                rest -= amount
                yield lot, amount
        assert rest == 0, "the account's lots add up to its balance"

    def _sources(self, posting: Posting, at: datetime) -> Iterable[LotState]:
        if posting.lots is not None:
            return [self.lots[lot] for lot in posting.lots]
        lots = self.lots_of(posting.debit)
        usable = lots if posting.is_set_aside else [lot for lot in lots if lot.is_spendable(at)]
        return sorted(usable, key=lambda lot: lot.order)

    def _use(self, transfer: UUID, lot: LotState, amount: int) -> None:
        lot.remaining -= amount
        lot.is_changed = True
        assert 0 <= lot.remaining <= lot.granted, "a lot holds no more than was granted"
        self.uses.append((transfer, lot.id, amount))
        taken = self.taken.setdefault(transfer, {})
        taken[lot.id] = taken.get(lot.id, 0) + amount

    def _credit(self, transfer: UUID, posting: Posting, at: datetime, taken: Sequence[tuple[LotState, int]]) -> None:
        if is_programme(posting.credit):
            return
        account = self.accounts[posting.credit]
        account.balance += posting.amount
        _touch(account)
        if not account.has_lots:
            return
        if posting.restores:
            self._restore(transfer, posting)
        elif posting.gives_back:
            for lot, amount in taken:
                assert lot.origin is not None, "only value that was moved with its lots can be given back"
                self._use(transfer, self.lots[lot.origin], -amount)
        elif taken:
            for number, (lot, amount) in enumerate(taken):
                lot_id, origin = part_id(transfer, f"lot.{number}"), lot.origin if posting.passes_on else lot.id
                moved = LotState(lot_id, account.id, origin, amount, amount, lot.granted_at, lot.terms, is_new=True)
                self._keep(account, moved)
        else:
            assert posting.grant is not None, "granted value has terms"
            lot_id = part_id(transfer, "lot")
            amount = posting.amount
            granted = LotState(lot_id, account.id, None, amount, amount, at, posting.grant, is_new=True)
            self._keep(account, granted)

    def _restore(self, transfer: UUID, posting: Posting) -> None:
        assert posting.reverses is not None, "what is restored was taken by an earlier transfer"
        rest, original = posting.amount, self.taken[posting.reverses]
        for lot_id in reversed(list(original)):
            amount = min(rest, original[lot_id])
            if amount > 0:
                original[lot_id] -= amount
                rest -= amount
                self._use(transfer, self.lots[lot_id], -amount)
        assert rest == 0, "no more is put back than was taken"

    def _keep(self, account: AccountState, lot: LotState) -> None:
        self.lots[lot.id] = lot
        if account.lots is not None:
            account.lots.append(lot)


def _touch(account: AccountState) -> None:
    if not account.is_changed:
        account.is_changed = True
        account.version += 1
