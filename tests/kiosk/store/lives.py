"""Random lives of what a kiosk has promised: leases, spends, verdicts and the register, on a disk that loses its power.

Every act is one put. All disks that a power cut may leave in the middle of it are opened: each says what was before the
act or what is after it, whole, and lets nothing be spent that was spent already.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from kiosk.store.events import EventChain, Point, Refused, Stamp
from kiosk.store.holdings import Pen, Wish
from kiosk.store.journal import Journal
from kiosk.store.leases import Leases
from kiosk.store.lent import Lent
from kiosk.store.limits import Limits
from kiosk.store.passing import Asked, Author, Noted, Passing
from kiosk.store.provisional import Register
from kiosk.store.tables import JournalDB
from kiosk.store.verifiers import Code
from protocol import codec, passes
from protocol.duties import CardVerifiers, GrantLease, LendPoints, LendStock, RecallLease, RenewCards
from protocol.envelope import Event
from protocol.events import (
    CardEvidence,
    CardSeen,
    LeaseAccepted,
    LeaseClosed,
    LeasePassed,
    LeaseSpent,
    LeaseTaken,
    StockAccepted,
)
from protocol.kinds import EVENTS
from protocol.passes import AskPass, PassNote
from tests.kiosk.store.campaign import State, state_of
from tests.simulation.disk import SimDisk

NAME = "events.journal"
LIMITS = Limits(max_bytes=400_000, grow_bytes=3_000, reserve_bytes=500, compact_min_bytes=0, compact_garbage_percent=0)
ACTS = 80
OFTEN = 4
MOST = {"asked and spent", "lent points", "spent from what was lent", "note taken", "confirmed", "settled"}
START = datetime(2026, 11, 22, 9, tzinfo=UTC)
LENT_FOR = timedelta(days=1)
RETENTION_DAYS = 2
EPOCH = UUID(int=1)
MEMBERS = [UUID(int=number) for number in (11, 12)]
REWARD = UUID(int=21)
SALT = "AAAAAAAAAAAAAAAAAAAAAA=="
SEAL = "a" * 64
CARD = CardEvidence("ntag424", "04aabbccddee80")
AUTHOR = Author("k-1", lambda _payload: "MEU=")


class LostError(AssertionError):
    """Something that had been acknowledged is not there, or only half of it."""


class DoubledError(AssertionError):
    """Something was spent, or could be spent, twice."""


@dataclass(slots=True)
class Memory:
    """Everything of a kiosk that stands in the first journal, opened as the kiosk opens it."""

    db: JournalDB
    chain: EventChain
    register: Register
    leases: Leases
    lent: Lent
    passing: Passing

    @classmethod
    def open(cls, disk: SimDisk) -> "Memory":
        """Open in one go."""
        db = JournalDB(Journal.open(disk, NAME, LIMITS))
        chain = EventChain(db, EPOCH)
        register = Register(db, chain)
        leases = Leases(db, chain, register)
        lent = Lent(db, chain, leases, register)
        passing = Passing(db, chain, leases=leases, holdings=lent.holdings, register=register)
        return cls(db, chain, register, leases, lent, passing)

    def events(self) -> list[Event]:
        """Every event that is still here."""
        oldest = self.chain.oldest.seq
        return [codec.decode(data, Event) for data in self.chain.read(oldest + 1, self.chain.head.seq - oldest)]


class Life:
    """One life, that its seed fixes. `images` counts the disks that power cuts left, `opened` those that differ."""

    def __init__(self, seed: str, *, power_cuts: bool = True) -> None:
        self.images = 0
        self.opened = 0
        self.done: Counter[str] = Counter()
        self._seed = seed
        self._power_cuts = power_cuts
        self._random = Random(seed)
        self._choice = Random(f"{seed} images")
        self._disk = SimDisk()
        self._now = START
        self._number = 0
        self._spends: list[UUID] = []
        self._noted_last: Noted | None = None
        self._memory = Memory.open(self._disk)

    def run(self) -> None:
        """Live it; raises LostError or DoubledError at the first thing that is not as it must be."""
        acts = dict(self._acts())
        often = [OFTEN if name in MOST else 1 for name in acts]
        for _ in range(ACTS):
            name = self._random.choices(list(acts), weights=often)[0]
            self._now += timedelta(minutes=self._random.randrange(1, 300))
            self._live_through(name, acts[name])
        self._restart()

    def _acts(self) -> Iterator[tuple[str, Callable[[], object]]]:
        yield "asked and spent", lambda: self._memory.leases.spend(self._grant(), *self._turn(), self._draw(3))
        yield "asked too late", lambda: self._memory.leases.give_back(self._grant(), *self._turn(), self._draw(2))
        yield "lent points", lambda: self._take(self._points())
        yield "lent stock", lambda: self._take(self._stock())
        yield "spent from what was lent", lambda: self._memory.lent.spend(self._wish(), self._pen())
        yield "passed on", lambda: self._memory.passing.give(self._asked(), AUTHOR, self._pen())
        yield "note taken", self._take_note
        yield "note given back", lambda: self._memory.passing.take(self._noted(), None, self._pen())
        yield "recalled", lambda: self._take(RecallLease(EPOCH, self._random.randrange(1, self._number + 2)))
        yield "cards renewed", lambda: self._take(RenewCards(self._member(), [self._card()]))
        yield "tapped", self._tap
        yield "deadline passed", lambda: self._memory.lent.close_due(self._pen())
        yield "bought", lambda: self._memory.chain.append([CardSeen(CARD)], self._stamp(), self._draw(1))
        yield "confirmed", self._confirm
        yield "settled", lambda: self._memory.register.settle(self._now, self._known_as_of)
        yield "snapshots came", self._learn
        yield "notice seen", self._see
        yield "decided", self._decide
        yield "rewound", self._rewind
        yield "pruned", lambda: self._memory.chain.prune(self._now, RETENTION_DAYS)
        yield "compacted", self._compact
        yield "restarted", self._restart

    def _live_through(self, name: str, act: Callable[[], object]) -> None:
        """Do it, then open what a power cut at any step of it leaves."""
        before, left = state_of(self._memory.db.journal), dict[bytes, SimDisk]()
        if self._power_cuts:
            self._disk.after_step = lambda: left.update(self._left())
        act()
        self._disk.after_step = lambda: None
        after = state_of(self._memory.db.journal)
        self.done[name] += after != before
        for image in left.values():
            self.opened += 1
            self._look_into(image, (before, after), f"life {self._seed!r}, {name}")

    def _left(self) -> dict[bytes, SimDisk]:
        disks = (*self._disk.crash_images(NAME, self._choice), self._disk.killed())
        self.images += len(disks)
        return {disk.contents(NAME): disk for disk in disks}

    def _look_into(self, disk: SimDisk, expected: tuple[State, State], where: str) -> None:
        memory = Memory.open(disk)
        if state_of(memory.db.journal) not in expected:
            raise LostError(where)
        _check_spends(memory, where)
        # Whoever was in the middle of it when the power went comes back, and so does the hub's duty.
        for member in MEMBERS:
            for spend in self._spends[-2:]:
                if any(event.kind == "lease.spent" and _body(event).spend == spend for event in memory.events()):
                    continue
                memory.lent.spend(Wish(member, REWARD, 10, spend, is_limited=False), self._pen())
        _check_spends(memory, where)

    def _compact(self) -> None:
        self._memory.db.journal.compact()

    def _restart(self) -> None:
        self._memory.db.close()
        self._memory = Memory.open(self._disk)

    def _confirm(self) -> None:
        chain = self._memory.chain
        seq = self._random.randint(chain.confirmed.seq, chain.head.seq)
        point = chain.point_at(seq)
        assert point is not None, "nothing unconfirmed is pruned"
        places = [place for place in range(chain.confirmed.seq + 1, seq + 1) if self._random.random() < 0.5]
        refused = [Refused(place, "lease.unknown", is_final=self._random.random() < 0.7) for place in places]
        chain.confirm(point, refused, hub_epoch=EPOCH, heard_at=self._now)

    def _decide(self) -> None:
        """Let the hub decide one of what it parked."""
        chain = self._memory.chain
        verdicts = [chain.verdict_on(seq) for seq in range(chain.oldest.seq + 1, chain.confirmed.seq + 1)]
        parked = [verdict.seq for verdict in verdicts if verdict is not None and not verdict.is_final]
        if parked:
            chain.settle(self._random.choice(parked), self._random.choice((None, "lease.unknown")))

    def _learn(self) -> None:
        # Two members are two puts, so only one is told of at a time.
        told = [member for member in MEMBERS if self._memory.register.of_member(member)]
        if told:
            self._memory.register.learned(self._random.choice(told), self._now)

    def _see(self) -> None:
        told = [(member, notice) for member in MEMBERS for notice in self._memory.register.notices(member)]
        if told:
            member, notice = self._random.choice(told)
            self._memory.register.see(member, notice.id, self._stamp(), self._draw(1))

    def _known_as_of(self, _member: UUID) -> datetime | None:
        return self._random.choice((None, self._now, self._now - timedelta(hours=1)))

    def _rewind(self) -> None:
        chain = self._memory.chain
        point = chain.point_at(max(chain.oldest.seq, chain.confirmed.seq - self._random.randrange(4)))
        assert isinstance(point, Point), "it is still here"
        chain.rewind(point)

    def _tap(self) -> None:
        code = Code(self._member(), self._random.randbytes(8), self._card(), is_fresh=True)
        self._memory.lent.keep_tap(CARD, code, self._pen())

    def _take(self, duty: LendPoints | LendStock | RecallLease | RenewCards) -> None:
        self._memory.lent.take(duty, self._memory.leases.duties + 1, self._pen())

    def _grant(self) -> GrantLease:
        return GrantLease(EPOCH, self._next(), self._member(), 30, REWARD, self._spend(), self._now + LENT_FOR, SEAL)

    def _points(self) -> LendPoints:
        return LendPoints(
            epoch=EPOCH,
            lease=self._next(),
            member=self._member(),
            points=self._random.choice((10, 40, 70)),
            deadline=self._now + LENT_FOR,
            cards=[self._card()],
            seal=SEAL,
        )

    def _stock(self) -> LendStock:
        deadline = self._now + LENT_FOR
        return LendStock(epoch=EPOCH, lease=self._next(), reward=REWARD, pieces=2, deadline=deadline, seal=SEAL)

    def _wish(self) -> Wish:
        return Wish(self._member(), REWARD, self._random.choice((10, 30)), self._spend(), self._random.random() < 0.4)

    def _take_note(self) -> None:
        noted = self._noted()
        limited = self._random.random() < 0.4
        wish = Wish(noted.note.member, REWARD, noted.note.points, self._spend(), is_limited=limited)
        self._memory.passing.take(noted, wish, self._pen())

    def _asked(self) -> Asked:
        note, points = UUID(int=self._random.getrandbits(128)), self._random.choice((10, 30))
        return Asked("k-2", AskPass(note=note, epoch=EPOCH, member=self._member(), points=points, card=CARD), None)

    def _noted(self) -> Noted:
        """A note of a neighbour: now and then one that came before."""
        if self._noted_last is not None and self._random.random() < 0.3:
            return self._noted_last
        note = PassNote(
            id=UUID(int=self._random.getrandbits(128)),
            kiosk="k-2",
            epoch=EPOCH,
            lease=1,
            lent=70,
            seal=SEAL,
            to="k-1",
            to_epoch=EPOCH,
            member=self._member(),
            points=30,
            deadline=self._now + LENT_FOR,
        )
        self._noted_last = Noted(note, AUTHOR.write(note))
        return self._noted_last

    def _card(self) -> CardVerifiers:
        return CardVerifiers(SALT, 0, "A" * 44)

    def _next(self) -> int:
        self._number = max(self._number, self._memory.leases.highest) + 1
        return self._number

    def _member(self) -> UUID:
        return self._random.choice(MEMBERS)

    def _spend(self) -> UUID:
        self._spends.append(UUID(int=self._random.getrandbits(128)))
        return self._spends[-1]

    def _turn(self) -> tuple[int, Stamp]:
        return self._memory.leases.duties + 1, self._stamp()

    def _stamp(self) -> Stamp:
        return Stamp(self._now, "ntp", "member")

    def _pen(self) -> Pen:
        return Pen(self._stamp(), self._draw, (self._now - START).total_seconds())

    def _draw(self, count: int) -> list[bytes]:
        return [self._random.randbytes(10) for _ in range(count)]


def _check_spends(memory: Memory, where: str) -> None:
    """No lease gives more than it holds, gives after its fence, or gives twice under one spend."""
    left: dict[int, int] = {}
    bodies = [_body(event) for event in memory.events()]
    spends = [body.spend for body in bodies if isinstance(body, LeaseSpent)]
    if len(spends) != len(set(spends)):
        raise DoubledError(where)
    for body in bodies:
        brought = _brought(body)
        if brought is not None:
            lease, amount = brought
            if lease in left:
                raise DoubledError(where)
            left[lease] = amount
        if isinstance(body, LeaseSpent | LeasePassed) and body.lease in left:
            # Of a lease whose beginning is pruned, only the table says what is left.
            left[body.lease] -= body.points
            if left[body.lease] < 0:
                raise DoubledError(where)
        if isinstance(body, LeaseClosed):
            left[body.lease] = 0
    # What was accepted is never new again, and what the table says is left is what the events leave.
    if any(memory.leases.is_new(EPOCH, number) for number in left):
        raise DoubledError(where)
    if any(left.get(number, lease.rest) != lease.rest for number, lease in _points_lent(memory)):
        raise DoubledError(where)


def _brought(body: Any) -> tuple[int, int] | None:
    """The lease that comes into the journal by an event, and how much it holds."""
    match body:
        case LeaseAccepted(lease, _, amount) | StockAccepted(lease, _, amount):
            return lease, amount
        case LeaseTaken(lease, text):
            note = passes.read(text)
            assert note is not None, "only notes are taken"
            return lease, note.body.points
        case _:
            return None


def _points_lent(memory: Memory) -> Iterator[tuple[int, Any]]:
    return ((number, lease) for number, lease in memory.lent.holdings._open.items() if lease.member is not None)


def _body(event: Event) -> Any:
    return codec.decode(event.body, EVENTS[event.kind])


def promises(images: int, seed: str) -> Counter[str]:
    """Live lives until that many disks were opened; what was done in them, and `images`, `opened` and `lives`."""
    tally: Counter[str] = Counter()
    while tally["images"] < images:
        life = Life(f"{seed}/{tally['lives']}")
        life.run()
        tally += life.done
        tally += Counter(images=life.images, opened=life.opened, lives=1)
    return tally
