"""Leases ahead as the kiosk holds them: points of members and pieces of rewards that it may give out by itself.

Each change is one put: events, what is left, used codes and the mark of the duty. A lease ends by its fence alone:
when it is spent, recalled, past its deadline, or when there are too many of them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from heapq import heappop, heappush
from uuid import UUID

import msgspec
from msgspec import UNSET, Struct
from tinydb.table import Document

from kiosk.store.errors import StoreError
from kiosk.store.events import EventChain, Stamp
from kiosk.store.leases import Leases
from kiosk.store.limits import CLOSED_AT_ONCE_MAX, LEASES_MAX
from kiosk.store.provisional import REDEEMED, Act, Register
from kiosk.store.tables import JournalDB
from kiosk.store.verifiers import Code, Verifiers
from protocol.duties import LendPoints, LendStock, RecallLease, RenewCards
from protocol.events import CardEvidence, CardSeen, LeaseAccepted, LeaseClosed, LeaseSpent, StockAccepted

LENT_TABLE = "lent"

AheadDuty = LendPoints | LendStock | RecallLease | RenewCards
"""Duties about leases ahead."""


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


class Lease(Struct, frozen=True, kw_only=True):
    """An open lease of `amount` points of a member, or pieces of a reward, until a deadline."""

    epoch: UUID
    member: UUID | None = None
    reward: UUID | None = None
    amount: int
    spent: int = 0
    deadline: datetime

    @property
    def rest(self) -> int:
        """What is still lent."""
        return self.amount - self.spent


class Lent:
    """The leases ahead of this journal."""

    def __init__(self, db: JournalDB, chain: EventChain, leases: Leases, register: Register) -> None:
        self.verifiers = Verifiers(db)
        self._chain = chain
        self._leases = leases
        self._register = register
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

    def points(self, member: UUID, pen: Pen) -> int:
        """How many points of a member can be spent here at once: a spend comes from one lease, whole."""
        return max(
            (self._open[number].rest for number in self._usable(self._of_member.get(member, ()), pen)), default=0
        )

    def rewards(self, pen: Pen) -> frozenset[UUID]:
        """Limited rewards of which a piece can be given out here."""
        return frozenset(
            reward for reward, numbers in self._of_reward.items() if next(self._usable(numbers, pen), None) is not None
        )

    def spend(self, wish: Wish, pen: Pen) -> int | None:
        """Take a reward from what is lent; returns the place of the spend, None where nothing covers it.

        From the durable put on it is a promise. What is used up by it is closed in the same put.
        """
        numbers = self._usable(self._of_member.get(wish.member, ()), pen)
        lease = next((number for number in numbers if self._open[number].rest >= wish.points), None)
        stock = next(self._usable(self._of_reward.get(wish.reward, ()), pen), None) if wish.is_limited else None
        if lease is None or (wish.is_limited and stock is None):
            return None
        changed = {lease: _less(self._open[lease], wish.points)}
        if stock is not None:
            changed[stock] = _less(self._open[stock], 1)
        spent = LeaseSpent(lease, wish.spend, wish.member, wish.reward, wish.points, UNSET if stock is None else stock)
        closed = [LeaseClosed(number, left.spent) for number, left in changed.items() if not left.rest]
        data = {"spend": str(wish.spend), "reward": str(wish.reward), "points": wish.points}
        act = Act(kind=REDEEMED, member=wish.member, points=-wish.points, at=pen.stamp.now, data=data)
        seq = self._chain.head.seq + 1

        def keep() -> None:
            self._register.write(seq, act)
            self._put(changed)

        self._leases.journal([spent, *closed], pen.stamp, pen.draw(1 + len(closed)), mark={}, also=keep)
        self._register.written(seq, act)
        self._set(changed)
        return seq

    def keep_tap(self, card: CardEvidence, code: Code | None, pen: Pen) -> None:
        """Journal a tap that the hub has not seen, as evidence; its code, if it was recognised, is used up with it."""
        use_up = None if code is None else partial(self.verifiers.use_up, code)
        self._chain.append([CardSeen(card)], pen.stamp, pen.draw(1), also=use_up)

    def take(self, duty: AheadDuty, mark: int, pen: Pen) -> None:
        """Do a duty whose turn it is; `mark` is up to where all are done with it. What is not new is only noted."""
        match duty:
            case LendPoints() | LendStock() if self._leases.is_new(duty.epoch, duty.lease):
                self._accept(duty, mark, pen)
            case RecallLease(epoch, number) if epoch == self._chain.epoch and number in self._open:
                self._close([number], pen, {"duties": mark})
            case RenewCards(member, cards) if self._of_member.get(member):
                self._leases.journal(
                    (), pen.stamp, (), mark={"duties": mark}, also=lambda: self.verifiers.replace(member, cards)
                )
            case _:
                self._leases.done(mark)

    def close_member(self, member: UUID, pen: Pen) -> None:
        """Give back whatever of a member's is here."""
        self._close(self._of_member.get(member, ()), pen, {})

    def close_due(self, pen: Pen) -> None:
        """Give back what is past its deadline, as far as the clock can tell; some of it, if it is much."""
        due: list[int] = []
        while pen.is_clock_believed and self._deadlines and len(due) < CLOSED_AT_ONCE_MAX:
            deadline, number = self._deadlines[0]
            if deadline > pen.stamp.now:
                break
            heappop(self._deadlines)
            if number in self._open:
                due.append(number)
        try:
            self._close(due, pen, {})
        except StoreError:
            for number in due:
                heappush(self._deadlines, (self._open[number].deadline, number))
            raise

    def _accept(self, duty: LendPoints | LendStock, mark: int, pen: Pen) -> None:
        accepted: LeaseAccepted | StockAccepted
        if isinstance(duty, LendPoints):
            lease = Lease(epoch=duty.epoch, member=duty.member, amount=duty.points, deadline=duty.deadline)
            accepted = LeaseAccepted(duty.lease, duty.member, duty.points, duty.seal)
        else:
            lease = Lease(epoch=duty.epoch, reward=duty.reward, amount=duty.pieces, deadline=duty.deadline)
            accepted = StockAccepted(duty.lease, duty.reward, duty.pieces, duty.seal)
        marks = {"highest": duty.lease, "duties": mark}
        is_late = pen.is_clock_believed and lease.deadline <= pen.stamp.now
        if is_late or lease.rest == 0 or len(self._open) >= LEASES_MAX:
            self._leases.journal((accepted, LeaseClosed(duty.lease, 0)), pen.stamp, pen.draw(2), mark=marks)
            return

        def keep() -> None:
            self._put({duty.lease: lease})
            if isinstance(duty, LendPoints):
                self.verifiers.replace(duty.member, duty.cards)

        self._leases.journal((accepted,), pen.stamp, pen.draw(1), mark=marks, also=keep)
        self._add(duty.lease, lease)
        if pen.is_clock_believed:
            self._until[duty.lease] = pen.monotonic + (lease.deadline - pen.stamp.now) / timedelta(seconds=1)

    def _close(self, numbers: Iterable[int], pen: Pen, marks: dict[str, int]) -> None:
        closing = {number: self._open[number] for number in numbers}
        if not closing:
            return
        bodies = [LeaseClosed(number, lease.spent) for number, lease in closing.items()]
        ended = {number: msgspec.structs.replace(lease, amount=lease.spent) for number, lease in closing.items()}
        draws = pen.draw(len(bodies))
        # A full journal must still be able to give back what was lent to it.
        self._leases.journal(bodies, pen.stamp, draws, mark=marks, also=lambda: self._put(ended), making_room=True)
        self._set(ended)

    def _usable(self, numbers: Iterable[int], pen: Pen) -> Iterator[int]:
        """Those that may be spent from now, what ends first before the others."""
        if not pen.is_clock_believed:
            return
        for number in sorted(numbers, key=lambda number: (self._open[number].deadline, number)):
            if not self._is_over(number, self._open[number], pen):
                yield number

    def _is_over(self, number: int, lease: Lease, pen: Pen) -> bool:
        return lease.deadline <= pen.stamp.now or self._until.get(number, pen.monotonic + 1) <= pen.monotonic

    def _put(self, changed: dict[int, Lease]) -> None:
        """Change the table: what has nothing left leaves it, and with a member's last lease their verifiers go."""
        for number, lease in changed.items():
            if lease.rest:
                self._table.upsert(Document(msgspec.to_builtins(lease), number))
            elif number in self._open:
                self._table.remove(doc_ids=[number])
        ended = {lease.member for lease in changed.values() if lease.member is not None and not lease.rest}
        for member in ended:
            if not set(self._of_member.get(member, ())) - changed.keys():
                self.verifiers.drop(member)

    def _set(self, changed: dict[int, Lease]) -> None:
        """Know what a put has changed."""
        for number, lease in changed.items():
            if lease.rest:
                self._open[number] = lease
            else:
                self._forget(number, lease)

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


def _less(lease: Lease, amount: int) -> Lease:
    return msgspec.structs.replace(lease, spent=lease.spent + amount)
