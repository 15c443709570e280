"""What is lent to this kiosk and open: which leases of which member or reward, how much is left, until when.

The table and its indexes in memory. Who changes the table does so inside a put, by `put`, and says so by `set` or `add`
once that is durable.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from uuid import UUID

import msgspec
from msgspec import UNSET, Struct
from tinydb.table import Document

from kiosk.store.events import EventChain, Stamp
from kiosk.store.provisional import REDEEMED, Act
from kiosk.store.tables import JournalDB
from kiosk.store.verifiers import Verifiers
from protocol.events import LeaseClosed, LeaseSpent
from protocol.limits import PASSED_LEASES_FROM
from protocol.values import Seal

LENT_TABLE = "lent"


@dataclass(frozen=True, slots=True)
class Pen:
    """What writing events takes: who and when, random bytes for so many, and a clock that only grows."""

    stamp: Stamp
    draw: Callable[[int], Sequence[bytes]]
    monotonic: float

    @property
    def is_clock_believed(self) -> bool:
        """Tell whether a deadline can be judged now."""
        return self.stamp.clock != "none"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a member wants from a lease ahead; `is_limited` says that it takes one of the pieces lent here."""

    member: UUID
    reward: UUID
    points: int
    spend: UUID
    is_limited: bool

    def spent(self, lease: int, stock: int | None) -> LeaseSpent:
        """The event by which it is taken."""
        return LeaseSpent(lease, self.spend, self.member, self.reward, self.points, UNSET if stock is None else stock)

    def act(self, at: datetime) -> Act:
        """What stands in the register until the hub has booked it."""
        data = {"spend": str(self.spend), "reward": str(self.reward), "points": self.points}
        return Act(kind=REDEEMED, member=self.member, points=-self.points, at=at, data=data)


class Lease(Struct, frozen=True, kw_only=True):
    """An open lease of `amount` points of a member, or pieces of a reward, until a deadline; sealed by the hub."""

    epoch: UUID
    member: UUID | None = None
    reward: UUID | None = None
    amount: int
    spent: int = 0
    deadline: datetime
    seal: Seal | None = None

    @property
    def rest(self) -> int:
        """What is still lent."""
        return self.amount - self.spent

    def less(self, amount: int) -> "Lease":
        """The lease after so much of it was given out."""
        return msgspec.structs.replace(self, spent=self.spent + amount)


class Holdings:
    """The open leases ahead of this journal, by number."""

    def __init__(self, db: JournalDB, chain: EventChain) -> None:
        self.verifiers = Verifiers(db)
        self._table = db.table(LENT_TABLE)
        self._until: dict[int, float] = {}
        self._open: dict[int, Lease] = {}
        self._deadlines: list[tuple[datetime, int]] = []
        self._of_member: dict[UUID, list[int]] = {}
        self._of_reward: dict[UUID, list[int]] = {}
        for document in self._table:
            lease = msgspec.convert(dict(document), Lease)
            # A journal that took a new epoch has nothing of what was lent to the one before.
            if lease.epoch == chain.epoch:
                self._add(document.doc_id, lease)

    def __len__(self) -> int:
        return len(self._open)

    def __contains__(self, number: int) -> bool:
        return number in self._open

    def __getitem__(self, number: int) -> Lease:
        return self._open[number]

    def of_member(self, member: UUID) -> Sequence[int]:
        """Numbers of what is open of a member's points."""
        return self._of_member.get(member, ())

    def points(self, member: UUID, pen: Pen) -> int:
        """How many points of a member can be spent here at once: a spend comes from one lease, whole."""
        return max((self._open[number].rest for number in self._usable(self.of_member(member), pen)), default=0)

    def rewards(self, pen: Pen) -> frozenset[UUID]:
        """Limited rewards of which a piece can be given out here."""
        return frozenset(reward for reward in self._of_reward if self.piece(reward, pen) is not None)

    def covering(self, member: UUID, points: int, pen: Pen) -> int | None:
        """The lease of a member's points from which so many are taken; None where none has as many."""
        return next(self._covering(member, points, pen), None)

    def passable(self, member: UUID, points: int, pen: Pen) -> int | None:
        """The lease of which so many points may be passed on: one that the hub itself gave, and sealed."""
        numbers = self._covering(member, points, pen)
        return next((number for number in numbers if number < PASSED_LEASES_FROM and self._open[number].seal), None)

    def piece(self, reward: UUID, pen: Pen) -> int | None:
        """The lease that a piece of a reward is taken from; None where there is none."""
        return next(self._usable(self._of_reward.get(reward, ()), pen), None)

    def past_deadline(self, now: datetime, at_most: int) -> list[int]:
        """Take leases that are past their deadline off the list of deadlines; `remind` puts them back."""
        due: list[int] = []
        while self._deadlines and len(due) < at_most and self._deadlines[0][0] <= now:
            _deadline, number = heappop(self._deadlines)
            if number in self._open:
                due.append(number)
        return due

    def remind(self, numbers: Iterable[int]) -> None:
        """Look again at leases that are past their deadline and could not be closed."""
        for number in numbers:
            heappush(self._deadlines, (self._open[number].deadline, number))

    def put(self, changed: Mapping[int, Lease]) -> None:
        """Change the table: what has nothing left leaves it, and with a member's last lease their verifiers go."""
        for number, lease in changed.items():
            if lease.rest:
                self._table.upsert(Document(msgspec.to_builtins(lease), number))
            elif number in self._open:
                self._table.remove(doc_ids=[number])
        ended = {lease.member for lease in changed.values() if lease.member is not None and not lease.rest}
        for member in ended:
            if not set(self.of_member(member)) - changed.keys():
                self.verifiers.drop(member)

    def set(self, changed: Mapping[int, Lease]) -> None:
        """Know what a put has changed."""
        for number, lease in changed.items():
            if lease.rest:
                self._open[number] = lease
            else:
                self._forget(number, lease)

    def add(self, number: int, lease: Lease, pen: Pen) -> None:
        """Know a lease that a put has brought. Its end is measured by the clock that only grows, too."""
        self._add(number, lease)
        if pen.is_clock_believed:
            self._until[number] = pen.monotonic + (lease.deadline - pen.stamp.now) / timedelta(seconds=1)

    def _covering(self, member: UUID, points: int, pen: Pen) -> Iterator[int]:
        usable = self._usable(self.of_member(member), pen)
        return (number for number in usable if self._open[number].rest >= points)

    def _usable(self, numbers: Iterable[int], pen: Pen) -> Iterator[int]:
        """Those that may be spent from now, what ends first before the others."""
        if not pen.is_clock_believed:
            return
        for number in sorted(numbers, key=lambda number: (self._open[number].deadline, number)):
            if not self._is_over(number, self._open[number], pen):
                yield number

    def _is_over(self, number: int, lease: Lease, pen: Pen) -> bool:
        return lease.deadline <= pen.stamp.now or self._until.get(number, pen.monotonic + 1) <= pen.monotonic

    def _add(self, number: int, lease: Lease) -> None:
        self._open[number] = lease
        heappush(self._deadlines, (lease.deadline, number))
        for owner, index in ((lease.member, self._of_member), (lease.reward, self._of_reward)):
            if owner is not None:
                index.setdefault(owner, []).append(number)

    def _forget(self, number: int, lease: Lease) -> None:
        del self._open[number]
        self._until.pop(number, None)
        for owner, index in ((lease.member, self._of_member), (lease.reward, self._of_reward)):
            if owner is not None:
                index[owner].remove(number)
                if not index[owner]:
                    del index[owner]


def closed(changed: Mapping[int, Lease]) -> list[LeaseClosed]:
    """The fences of what is used up by a change."""
    return [LeaseClosed(number, lease.spent) for number, lease in changed.items() if not lease.rest]
