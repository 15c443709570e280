"""Points that pass between the kiosks of one store: what this one gives to a neighbour, and what it takes from one.

The giver's fence is durable before its note goes out; the note is kept, so that who asks again hears the same. The
taker journals the note with what it spends, once for ever. Each is one put.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from msgspec import Struct

from kiosk.ports import Signer
from kiosk.store.events import EventChain, Stamp
from kiosk.store.holdings import Holdings, Lease, Pen, Wish, closed
from kiosk.store.kept import Kept
from kiosk.store.leases import Leases
from kiosk.store.provisional import Register
from kiosk.store.tables import JournalDB
from kiosk.store.verifiers import Code
from protocol import passes
from protocol.events import LeaseClosed, LeasePassed, LeaseTaken
from protocol.passes import AskPass, PassNote

GIVEN_TABLE = "given"


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes notes here, and how they sign."""

    kiosk: str
    sign: Signer

    def write(self, note: PassNote) -> str:
        """The text of a note."""
        payload = passes.payload_of(note)
        return passes.write(payload, self.sign(payload))


@dataclass(frozen=True, slots=True)
class Asked:
    """What the neighbour `by` asks for; `code` is that of the tap where it has to be used up with the answer."""

    by: str
    ask: AskPass
    code: Code | None


@dataclass(frozen=True, slots=True)
class Noted:
    """A note that was found good: what it says, and its text."""

    note: PassNote
    text: str


class Passing:
    """What this journal has passed on and taken."""

    def __init__(
        self, db: JournalDB, chain: EventChain, *, leases: Leases, holdings: Holdings, register: Register
    ) -> None:
        self._chain = chain
        self._leases = leases
        self._holdings = holdings
        self._register = register
        self._given = Kept(db, GIVEN_TABLE)

    def may_take(self, stamp: Stamp) -> bool:
        """Tell whether there is room for one more note."""
        return self._leases.may_take_notes(stamp)

    def given(self, to: str, ask: AskPass) -> str | None:
        """The note that this neighbour has had for the same question."""
        found = self._given.get(passes.lease_of(ask.note))
        is_same = found is not None and (found["to"], found["note"]) == (to, str(ask.note))
        return str(found["text"]) if found is not None and is_same else None

    def give(self, asked: Asked, author: Author, pen: Pen) -> str | None:
        """Pass points on: the text of the note once the fence is durable; None where no lease here covers it.

        What is used up by it is closed in the same put.
        """
        ask, number = asked.ask, passes.lease_of(asked.ask.note)
        source = self._holdings.passable(ask.member, ask.points, pen)
        if source is None or self._given.is_full(pen.stamp) or self._given.get(number) is not None:
            return None
        lease = self._holdings[source]
        text = author.write(_note(asked, author.kiosk, source, lease))
        changed = {source: lease.less(ask.points)}
        bodies = [LeasePassed(source, ask.note, asked.by, ask.epoch, ask.points), *closed(changed)]
        about = {"note": str(ask.note), "to": asked.by, "text": text}

        def keep() -> None:
            self._holdings.put(changed)
            self._given.write(number, about, lease.deadline, pen.stamp)
            if asked.code is not None:
                self._holdings.verifiers.use_up(asked.code)

        self._leases.journal(bodies, pen.stamp, pen.draw(len(bodies)), mark={}, also=keep)
        self._holdings.set(changed)
        return text

    def take(self, noted: Noted, wish: Wish | None, pen: Pen) -> int | None:
        """Journal a note that was not journaled before, with what is spent from it; returns the place of the spend.

        Without a wish, or where it cannot be granted any more, all of it is given back, and None returned.
        """
        note, number = noted.note, passes.lease_of(noted.note.id)
        if not self._leases.is_new(note.to_epoch, number):
            return None
        stock = self._holdings.piece(wish.reward, pen) if wish is not None and wish.is_limited else None
        is_in_time = pen.is_clock_believed and pen.stamp.now < note.deadline
        if wish is None or not is_in_time or (wish.is_limited and stock is None):
            self._journal([LeaseTaken(number, noted.text), LeaseClosed(number, 0)], noted, pen)
            return None
        changed = {} if stock is None else {stock: self._holdings[stock].less(1)}
        bodies: list[Struct] = [LeaseTaken(number, noted.text), wish.spent(number, stock)]
        bodies += [LeaseClosed(number, wish.points), *closed(changed)]
        seq, act = self._chain.head.seq + 2, wish.act(pen.stamp.now)

        def keep() -> None:
            self._register.write(seq, act)
            self._holdings.put(changed)

        self._journal(bodies, noted, pen, also=keep)
        self._register.written(seq, act)
        self._holdings.set(changed)
        return seq

    def _journal(
        self, bodies: Sequence[Struct], noted: Noted, pen: Pen, *, also: Callable[[], None] = lambda: None
    ) -> None:
        def keep() -> None:
            self._leases.number(passes.lease_of(noted.note.id), noted.note.deadline, pen.stamp)
            also()

        self._leases.journal(bodies, pen.stamp, pen.draw(len(bodies)), mark={}, also=keep)


def _note(asked: Asked, kiosk: str, number: int, lease: Lease) -> PassNote:
    assert lease.seal is not None, "only what the hub has sealed is passed on"
    ask = asked.ask
    return PassNote(
        id=ask.note,
        kiosk=kiosk,
        epoch=lease.epoch,
        lease=number,
        lent=lease.amount,
        seal=lease.seal,
        to=asked.by,
        to_epoch=ask.epoch,
        member=ask.member,
        points=ask.points,
        deadline=lease.deadline,
    )
