"""Leases ahead as the hub gives them: points of members and pieces of rewards that the kiosk may give out by itself.

Each change is one put: events, what is left, used codes and the mark of the duty. A lease ends by its fence alone:
when it is spent, recalled, past its deadline, or when there are too many of them.
"""

from collections.abc import Iterable
from functools import partial
from uuid import UUID

import msgspec

from kiosk.store.errors import StoreError
from kiosk.store.events import EventChain
from kiosk.store.holdings import Holdings, Lease, Pen, Wish, closed
from kiosk.store.leases import Leases
from kiosk.store.limits import CLOSED_AT_ONCE_MAX, LEASES_MAX
from kiosk.store.provisional import Register
from kiosk.store.tables import JournalDB
from kiosk.store.verifiers import Code
from protocol.duties import LendPoints, LendStock, RecallLease, RenewCards
from protocol.events import CardEvidence, CardSeen, LeaseAccepted, LeaseClosed, StockAccepted

AheadDuty = LendPoints | LendStock | RecallLease | RenewCards
"""Duties about leases ahead."""


class Lent:
    """The leases ahead of this journal: what comes of the hub's duties, and what members take."""

    def __init__(self, db: JournalDB, chain: EventChain, leases: Leases, register: Register) -> None:
        self.holdings = Holdings(db, chain)
        self.verifiers = self.holdings.verifiers
        self._chain = chain
        self._leases = leases
        self._register = register

    def __len__(self) -> int:
        return len(self.holdings)

    def points(self, member: UUID, pen: Pen) -> int:
        """How many points of a member can be spent here at once: a spend comes from one lease, whole."""
        return self.holdings.points(member, pen)

    def rewards(self, pen: Pen) -> frozenset[UUID]:
        """Limited rewards of which a piece can be given out here."""
        return self.holdings.rewards(pen)

    def spend(self, wish: Wish, pen: Pen) -> int | None:
        """Take a reward from what is lent; returns the place of the spend, None where nothing covers it.

        From the durable put on it is a promise. What is used up by it is closed in the same put.
        """
        lease = self.holdings.covering(wish.member, wish.points, pen)
        stock = self.holdings.piece(wish.reward, pen) if wish.is_limited else None
        if lease is None or (wish.is_limited and stock is None):
            return None
        changed = {lease: self.holdings[lease].less(wish.points)}
        if stock is not None:
            changed[stock] = self.holdings[stock].less(1)
        bodies = [wish.spent(lease, stock), *closed(changed)]
        seq, act = self._chain.head.seq + 1, wish.act(pen.stamp.now)

        def keep() -> None:
            self._register.write(seq, act)
            self.holdings.put(changed)

        self._leases.journal(bodies, pen.stamp, pen.draw(len(bodies)), mark={}, also=keep)
        self._register.written(seq, act)
        self.holdings.set(changed)
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
            case RecallLease(epoch, number) if epoch == self._chain.epoch and number in self.holdings:
                self._close([number], pen, {"duties": mark})
            case RenewCards(member, cards) if self.holdings.of_member(member):
                self._leases.journal(
                    (), pen.stamp, (), mark={"duties": mark}, also=lambda: self.verifiers.replace(member, cards)
                )
            case _:
                self._leases.done(mark)

    def close_member(self, member: UUID, pen: Pen) -> None:
        """Give back whatever of a member's is here."""
        self._close(self.holdings.of_member(member), pen, {})

    def close_due(self, pen: Pen) -> None:
        """Give back what is past its deadline, as far as the clock can tell; some of it, if it is much."""
        if not pen.is_clock_believed:
            return
        due = self.holdings.past_deadline(pen.stamp.now, CLOSED_AT_ONCE_MAX)
        try:
            self._close(due, pen, {})
        except StoreError:
            self.holdings.remind(due)
            raise

    def _accept(self, duty: LendPoints | LendStock, mark: int, pen: Pen) -> None:
        accepted: LeaseAccepted | StockAccepted
        epoch, deadline, seal = duty.epoch, duty.deadline, duty.seal
        if isinstance(duty, LendPoints):
            lease = Lease(epoch=epoch, member=duty.member, amount=duty.points, deadline=deadline, seal=seal)
            accepted = LeaseAccepted(duty.lease, duty.member, duty.points, seal)
        else:
            lease = Lease(epoch=epoch, reward=duty.reward, amount=duty.pieces, deadline=deadline, seal=seal)
            accepted = StockAccepted(duty.lease, duty.reward, duty.pieces, seal)
        is_late = pen.is_clock_believed and deadline <= pen.stamp.now
        is_kept = not is_late and lease.rest > 0 and len(self) < LEASES_MAX
        bodies = [accepted] if is_kept else [accepted, LeaseClosed(duty.lease, 0)]

        def keep() -> None:
            self._leases.number(duty.lease, deadline, pen.stamp)
            if is_kept:
                self.holdings.put({duty.lease: lease})
                if isinstance(duty, LendPoints):
                    self.verifiers.replace(duty.member, duty.cards)

        self._leases.journal(bodies, pen.stamp, pen.draw(len(bodies)), mark={"duties": mark}, also=keep)
        if is_kept:
            self.holdings.add(duty.lease, lease, pen)

    def _close(self, numbers: Iterable[int], pen: Pen, marks: dict[str, int]) -> None:
        closing = {number: self.holdings[number] for number in numbers}
        if not closing:
            return
        ended = {number: msgspec.structs.replace(lease, amount=lease.spent) for number, lease in closing.items()}
        bodies = closed(ended)
        draws = pen.draw(len(bodies))
        # A full journal must still be able to give back what was lent to it.
        self._leases.journal(
            bodies, pen.stamp, draws, mark=marks, also=lambda: self.holdings.put(ended), making_room=True
        )
        self.holdings.set(ended)
