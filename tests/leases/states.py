"""What the lease protocol knows at one moment: the hub's books, the kiosks' journals, and what is under way.

Everything is a tuple of small values, so that states compare and hash by content; events have a `kind`, because tuples
of two types with the same values are equal. Rights are named by numbers: a lease by its own, which is positive, and
what was passed on by a note by one below zero.
"""

from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import NamedTuple

OPEN, CLOSED, WRITTEN_OFF, COVERED = range(4)
"""States of a right at the hub. A note is covered where its lease had been written off before the hub heard of it."""

PLACES_MAX = 64
"""More than any journal here is long."""


class Accepted(NamedTuple):
    """`lease.accepted`: the grant is journaled; the seal is what the amount stands for."""

    lease: int
    amount: int
    kind: str = "accepted"


class Spent(NamedTuple):
    """`lease.spent` for one point."""

    right: int
    kind: str = "spent"


class Closed(NamedTuple):
    """`lease.closed`: the fence."""

    right: int
    spent: int
    kind: str = "closed"


class Passed(NamedTuple):
    """`lease.passed`: the giver's fence for a part of a lease; its place in the journal names the note."""

    lease: int
    amount: int
    taker: int
    kind: str = "passed"


class Taken(NamedTuple):
    """`lease.taken`: the note with all that it says, under the giver's signature and the seal of the lease."""

    note: int
    amount: int
    giver: int
    lease: int
    lease_amount: int
    taker: int
    kind: str = "taken"


Event = Accepted | Spent | Closed | Passed | Taken
Journal = tuple[Event, ...]


class Kiosk(NamedTuple):
    """A kiosk. Durable are its journal, the last duty done, and the hub's life that it tells again for.

    `hand` is what it is in the middle of, which a crash forgets: empty while a voucher is about to be shown, else what
    is about to be journaled. `shown` counts vouchers in the hands of members.
    """

    journal: Journal = ()
    done: int = 0
    life: int = 0
    hand: Journal | None = None
    shown: int = 0


class Lease(NamedTuple):
    """A lease as the hub keeps it: lent, booked as spent, heard of as passed on."""

    amount: int
    asked: bool
    booked: int = 0
    passed: int = 0
    state: int = OPEN
    is_recalled: bool = False

    @property
    def rest(self) -> int:
        """What the hub keeps aside for it."""
        return self.amount - self.booked - self.passed


class Note(NamedTuple):
    """A part of a lease that lies at another kiosk, as far as the hub has heard."""

    right: int
    giver: int
    lease: int
    amount: int
    booked: int = 0
    state: int = OPEN

    @property
    def rest(self) -> int:
        """What the hub keeps aside for it."""
        return self.amount - self.booked


class Hub(NamedTuple):
    """The hub's database. `leases` are by kiosk and number; None is a number that the hub does not know."""

    available: int
    leases: tuple[tuple[Lease | None, ...], ...]
    upto: tuple[int, ...]
    duties: tuple[int, ...]
    notes: tuple[Note, ...] = ()
    paid: int = 0
    written: int = 0
    debt: int = 0
    life: int = 0
    awaited: int = 0


class Duty(NamedTuple):
    """A duty under way: it was sent once, so it may come at any time, any number of times, or never."""

    kiosk: int
    number: int
    life: int
    lease: int
    amount: int
    kind: str


class World(NamedTuple):
    """All that is no machine's own: what is under way, what tills gave out, the backup, how often things failed."""

    duties: frozenset[Duty] = frozenset()
    notes: frozenset[Taken] = frozenset()
    paid: int = 0
    given_back: int = 0
    copied: int = 0
    backup: Hub | None = None
    crashes: int = 0
    restores: int = 0


class State(NamedTuple):
    """One moment of everything."""

    hub: Hub
    kiosks: tuple[Kiosk, ...]
    world: World


Step = tuple[str, State]
"""What happens, in words, and the moment after it."""


class Broken(Enum):
    """Short cuts that look harmless. Each makes points out of nothing, and the search shows how."""

    FREED_BY_TIME = "the hub takes a lease back when its deadline has passed"
    FREED_BY_RECALL = "the hub takes a lease back when it recalls it, not when it hears the fence"
    GRANTED_TWICE = "a kiosk takes a grant that it has journaled already"
    SPENT_AFTER_CLOSE = "a kiosk spends from a lease that it has closed"
    ROLLED_BACK = "a kiosk goes on from an older image of its disk, and nobody notices"
    BOOKED_TWICE = "the hub books an event again that it has booked"
    SHOWN_FIRST = "a kiosk shows the voucher before it has journaled the spend"
    NOTE_TAKEN_TWICE = "a kiosk takes a note that it has journaled already"
    NOTE_FOR_ANYBODY = "a note does not say whose it is"
    NO_FENCE = "the giver hands the note over before it has journaled its fence"
    TAKEN_BACK = "the giver takes a note back that nobody has confirmed"
    GIVEN_BACK = "a person gives back what is lent to a kiosk that lives"
    NO_WAITING = "a restored hub lends before the kiosks have told again"
    NUMBERS_AGAIN = "a restored hub gives numbers of duties and leases again"
    GRANTS_OUTLIVE_THE_HUB = "a kiosk takes a duty of the hub before its restore, which waited at the broker"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may happen. Every combination within these is explored."""

    kiosks: int = 2
    credits: int = 2
    leases: int = 2
    lent_max: int = 2
    notes: int = 0
    tills: int = 0
    recalls: int = 0
    write_offs: int = 0
    crashes: int = 0
    restores: int = 0


@dataclass(frozen=True, slots=True)
class Right:
    """What one journal says of one right."""

    amount: int = 0
    spent: int = 0
    passed: int = 0
    is_closed: bool = False

    @property
    def rest(self) -> int:
        """What may still be spent, as long as it is not closed."""
        return self.amount - self.spent - self.passed


def beginning(bounds: Bounds) -> State:
    """Nothing has happened yet."""
    nothing = (0,) * bounds.kiosks
    hub = Hub(bounds.credits, ((),) * bounds.kiosks, nothing, nothing)
    return State(hub, (Kiosk(),) * bounds.kiosks, World())


def right_of(giver: int, place: int) -> int:
    """The name of what a note passes on."""
    return -1 - giver * PLACES_MAX - place


@cache
def rights(journal: Journal) -> dict[int, Right]:
    """What a journal says of every right in it."""
    found: dict[int, Right] = {}
    for event in journal:
        match event:
            case Accepted(lease, amount) | Taken(lease, amount):
                old = found.get(lease, Right())
                found[lease] = Right(old.amount + amount, old.spent, old.passed, old.is_closed)
            case Spent(right):
                old = found[right]
                found[right] = Right(old.amount, old.spent + 1, old.passed, old.is_closed)
            case Passed(lease, amount):
                old = found[lease]
                found[lease] = Right(old.amount, old.spent, old.passed + amount, old.is_closed)
            case Closed(right):
                old = found[right]
                found[right] = Right(old.amount, old.spent, old.passed, is_closed=True)
    return found


@cache
def highest(journal: Journal) -> int:
    """The highest lease that a journal has accepted."""
    return max((event.lease for event in journal if isinstance(event, Accepted)), default=0)


@cache
def spends(journal: Journal) -> int:
    """How many points a journal says were redeemed."""
    return sum(isinstance(event, Spent) for event in journal)


@cache
def fences(journal: Journal) -> tuple[tuple[int, Passed], ...]:
    """Everything that a journal passes on, each with its place."""
    return tuple((place, event) for place, event in enumerate(journal) if isinstance(event, Passed))
