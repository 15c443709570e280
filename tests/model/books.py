"""The books as a child would keep them: lots in lists, one after the other, and nothing that has to be fast.

Written from what the ledger promises and not from how it does it. It shares with the product only the names of things:
the ids of accounts, transfers and lots, because lots that expire together are spent in the order of their ids.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from protocol.ids import part_id

FOR_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms value was granted."""

    source: str
    active_from: datetime
    expires_at: datetime | None
    worth: int = 0

    def allow(self, at: datetime) -> bool:
        """Tell whether value on these terms can be spent at a moment."""
        return self.active_from <= at < (self.expires_at or FOR_EVER)


@dataclass(slots=True)
class Lot:
    """Value granted together. `expired` is how much of it was taken away because its time was over."""

    id: UUID
    granted: int
    left: int
    granted_at: datetime
    terms: Terms
    origin: "Lot | None" = None
    expired: int = 0

    @property
    def order(self) -> tuple[datetime, datetime, UUID]:
        """What expires first is used first; of what expires together, what was granted first."""
        return (self.terms.expires_at or FOR_EVER, self.granted_at, self.id)


Taken = list[tuple[Lot, int]]
"""What was taken from which lot, in the order in which it was."""


@dataclass(slots=True)
class Books:
    """Every account by its id: those with lots, and those that are only a number.

    `entries` has every change of an account: when it was recorded, when it counted, and by how much; `moved` has when
    something counted that its owner did. `took` has what each transfer took from its lots and has not put back,
    `touched` all lots that it took from. `now` and `at` are when things are recorded, and when they count.
    """

    lots: dict[UUID, list[Lot]] = field(default_factory=dict)
    numbers: dict[UUID, int] = field(default_factory=dict)
    took: dict[UUID, Taken] = field(default_factory=dict)
    touched: dict[UUID, list[Lot]] = field(default_factory=dict)
    entries: dict[UUID, list[tuple[datetime, datetime, int]]] = field(default_factory=dict)
    moved: dict[UUID, list[datetime]] = field(default_factory=dict)
    now: datetime = FOR_EVER
    at: datetime = FOR_EVER

    def held(self, account: UUID) -> int:
        """All that lies in an account."""
        if account in self.numbers:
            return self.numbers[account]
        return sum(lot.left for lot in self.lots.get(account, []))

    def spendable(self, account: UUID) -> int:
        """What can be spent from an account with lots."""
        return sum(lot.left for lot in self.lots.get(account, []) if lot.terms.allow(self.at))

    def grant(self, transfer: UUID, account: UUID, amount: int, terms: Terms) -> None:
        """Have new value lie in an account, in a lot of its own."""
        self.lots.setdefault(account, []).append(Lot(part_id(transfer, "lot"), amount, amount, self.at, terms))
        self._note(account)

    def count(self, account: UUID, amount: int) -> None:
        """Change an account that is only a number."""
        if not amount:
            return
        self.numbers[account] = self.numbers.get(account, 0) + amount
        self._note(account)

    def spend(self, transfer: UUID, account: UUID, amount: int) -> None:
        """Take value that can be spent out of an account, what expires first first."""
        self._take(transfer, account, amount, [lot for lot in self._sorted(account) if lot.terms.allow(self.at)])

    def spend_reserved(self, transfer: UUID, account: UUID, amount: int) -> None:
        """Take value out of an account where it was set aside: it cannot expire there."""
        self._take(transfer, account, amount, self._sorted(account))

    def spend_from(self, transfer: UUID, account: UUID, amount: int, lots: list[Lot]) -> None:
        """Take value out of these lots alone, in this order and whatever their dates."""
        self._take(transfer, account, amount, lots)

    def spend_lots(self, transfer: UUID, account: UUID, lots: list[Lot]) -> None:
        """Take all that is left out of these lots."""
        self._take(transfer, account, sum(lot.left for lot in lots), lots)

    def expire(self, transfer: UUID, account: UUID, lots: list[Lot]) -> int:
        """Take all that is left out of these lots because its time is over; how much that was. Nobody did it."""
        amount = sum(lot.left for lot in lots)
        for lot in lots:
            lot.expired += lot.left
        self._take(transfer, account, amount, lots, is_done=False)
        return amount

    def unexpire(self, account: UUID, original: UUID) -> None:
        """Put back all that a transfer has had expire."""
        amount = sum(part for _lot, part in self.took[original])
        for lot, part in self.took[original]:
            lot.expired -= part
        self.put_back(account, original, amount, is_done=False)

    def move(self, transfer: UUID, debit: UUID, credit: UUID, amount: int) -> None:
        """Move value that can be spent to another account, on the terms that it has."""
        self.spend(transfer, debit, amount)
        self._arrive(transfer, credit)

    def move_lots(self, transfer: UUID, path: tuple[UUID, UUID], amount: int, lots: list[Lot]) -> None:
        """Move value out of these lots alone to another account, on the terms that it has."""
        debit, credit = path
        self._take(transfer, debit, amount, lots)
        self._arrive(transfer, credit)

    def give_back(self, transfer: UUID, debit: UUID, credit: UUID, amount: int) -> None:
        """Return value from where it was set aside into the lots that it was moved from."""
        self.spend_reserved(transfer, debit, amount)
        for lot, part in self.took[transfer]:
            assert lot.origin is not None
            lot.origin.left += part
        self._note(credit)

    def to_put_back(self, original: UUID, amount: int) -> Taken:
        """Where so much of what a transfer took would go: what it took last goes back first."""
        rest, parts = amount, []
        for lot, part in reversed(self.took.get(original, [])):
            if rest:
                parts.append((lot, min(part, rest)))
                rest -= min(part, rest)
        assert rest == 0, "no more comes back than was taken"
        return parts

    def put_back(self, account: UUID, original: UUID, amount: int, *, is_done: bool = True) -> None:
        """Undo so much of what a transfer took."""
        if not amount:
            return
        for lot, part in self.to_put_back(original, amount):
            lot.left += part
            still = [(other, took - part if other is lot else took) for other, took in self.took[original]]
            self.took[original] = [(other, took) for other, took in still if took]
        self._note(account, is_done=is_done)

    def held_at(self, account: UUID, at: datetime, known_at: datetime) -> int:
        """What an account held at a moment, by what was recorded up to another."""
        entries = self.entries.get(account, [])
        return sum(amount for recorded, counted, amount in entries if recorded <= known_at and counted <= at)

    def _sorted(self, account: UUID) -> list[Lot]:
        return sorted(self.lots.get(account, []), key=lambda lot: lot.order)

    def _take(self, transfer: UUID, account: UUID, amount: int, lots: list[Lot], *, is_done: bool = True) -> None:
        rest, taken = amount, []
        for lot in lots:
            part = min(rest, lot.left)
            if part:
                lot.left -= part
                rest -= part
                taken.append((lot, part))
        assert rest == 0, "whoever spends has asked before what there is"
        self.took[transfer] = taken
        self.touched[transfer] = [lot for lot, _part in taken]
        if taken:
            self._note(account, is_done=is_done)

    def _arrive(self, transfer: UUID, account: UUID) -> None:
        arrived = self.lots.setdefault(account, [])
        for number, (lot, part) in enumerate(self.took[transfer]):
            name = part_id(transfer, f"lot.{number}")
            arrived.append(Lot(name, part, part, lot.granted_at, lot.terms, origin=lot))
        self._note(account)

    def _note(self, account: UUID, *, is_done: bool = True) -> None:
        change = self.held(account) - sum(amount for _now, _at, amount in self.entries.get(account, []))
        self.entries.setdefault(account, []).append((self.now, self.at, change))
        if is_done:
            self.moved.setdefault(account, []).append(self.at)
