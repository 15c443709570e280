"""One journal, one hub and a line that loses, repeats and reorders: whatever happens, every event is booked once."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.fleet.rules import Step, StreamState
from hub.intake import ByKiosk
from hub.messaging.envelopes import open_envelope
from kiosk.outbox import PAUSE_S, PROGRESS_TIMEOUT_S, Outbox, Trust
from kiosk.store.events import EventChain, Stamp
from protocol.envelope import Receipt
from protocol.events import LeaseClosed
from provisioning import keys
from tests.kiosk.builders import EPOCH, NOW, draw, make_db

KIOSK = "k-00000000000000000000000000"
KEY = keys.seeded_key(bytes(32))
PUBLIC = {KIOSK: keys.public_der(KEY)}
ROUNDS_MAX = 60
OLD_HUB = UUID(int=1)


@dataclass
class ToyHub:
    """The rules of a stream, and what they let through."""

    stream: StreamState = field(default_factory=lambda: StreamState.first(KIOSK, EPOCH, state="accepted", now=NOW))
    epoch: UUID = OLD_HUB
    booked: list[tuple[int, UUID]] = field(default_factory=list)
    passed_over: set[int] = field(default_factory=set)

    def take(self, envelope: bytes) -> Receipt:
        for item in open_envelope(envelope, KIOSK, PUBLIC).items:
            assert isinstance(item.source, ByKiosk)
            assert item.source.place is not None
            match self.stream.step(item.source.place):
                case Step.NEXT:
                    self.stream.advance(item.source.place, NOW)
                    self.booked.append((item.source.place.seq, item.id))
                case Step.KNOWN:
                    is_lost = item.source.place.seq <= self.stream.lost_upto
                    assert is_lost or (item.source.place.seq, item.id) in self.booked, "it looks like a clone"
                case Step.GAP:
                    pass
                case Step.BROKEN | Step.FORKED as wrong:
                    raise AssertionError(f"an honest kiosk looks {wrong}")
        return self.receipt()

    def receipt(self) -> Receipt:
        upto, digest = self.stream.upto, self.stream.hash.hex()
        return Receipt(epoch=EPOCH, upto=upto, hash=digest, hub_epoch=self.epoch)

    def meet(self, outbox: Outbox) -> Receipt:
        oldest = outbox.chain.oldest
        if oldest.seq > self.stream.upto:
            self.passed_over |= set(range(self.stream.upto + 1, oldest.seq + 1))
            self.stream.pass_over(oldest.seq, oldest.hash)
        return self.receipt()


class Scene:
    """Both ends, and what is on the way between them."""

    def __init__(self) -> None:
        self.chain = EventChain(make_db(), EPOCH)
        self.outbox = Outbox(self.chain, KIOSK, lambda data: keys.sign(KEY, data))
        self.hub, self.backup = ToyHub(), ToyHub()
        self.up: list[bytes] = []
        self.down: list[Receipt] = []
        self.now, self.connection = 0.0, 0
        self.connect()

    def connect(self) -> None:
        self.connection += 1
        self.outbox.closed()
        self.outbox.opened(self.connection, self.now)
        self.down.append(self.hub.meet(self.outbox))

    def journal(self, count: int) -> None:
        head = self.chain.head.seq
        bodies = [LeaseClosed(head + number, 0) for number in range(1, count + 1)]
        self.chain.append(bodies, Stamp(NOW, "ntp", "kiosk"), draw(count, head))

    def send(self) -> None:
        self.up += self.outbox.due(self.now)

    def arrive(self, place: int, *, twice: bool) -> None:
        if self.up:
            place %= len(self.up)
            self.down.append(self.hub.take(self.up[place] if twice else self.up.pop(place)))

    def hear(self, place: int, *, twice: bool) -> None:
        if self.down:
            place %= len(self.down)
            self.outbox.receive(self.down[place] if twice else self.down.pop(place), self.now)
        if self.outbox.lacks_oldest:
            self.down.append(self.hub.meet(self.outbox))

    def restore(self) -> None:
        """The hub is set back to its backup; what is on the way still arrives."""
        self.hub = deepcopy(self.backup)
        self.hub.epoch = UUID(int=self.hub.epoch.int + self.connection + 1)
        self.connect()

    def act(self, action: str, number: int) -> None:
        acts: dict[str, Callable[[], object]] = {
            "journal": lambda: self.journal(number % 90 + 1),
            "send": self.send,
            "arrive": lambda: self.arrive(number, twice=False),
            "arrive_twice": lambda: self.arrive(number, twice=True),
            "hear": lambda: self.hear(number, twice=False),
            "hear_twice": lambda: self.hear(number, twice=True),
            "lose": lambda: self.lose(number),
            "wait": self.wait,
            "connect": self.connect,
            "back_up": self.back_up,
            "restore": self.restore,
            "prune": lambda: self.chain.prune(NOW + timedelta(days=2), 1),
        }
        acts[action]()

    def lose(self, number: int) -> None:
        del (self.up if number % 2 else self.down)[number % 7 :]

    def wait(self) -> None:
        self.now += PROGRESS_TIMEOUT_S + 1

    def back_up(self) -> None:
        self.backup = deepcopy(self.hub)

    def heal(self) -> None:
        """The line works from now on."""
        for _ in range(ROUNDS_MAX):
            self.send()
            while self.up:
                self.arrive(0, twice=False)
            while self.down:
                self.hear(0, twice=False)
            if self.chain.unconfirmed == 0 and self.hub.stream.upto == self.chain.head.seq:
                return
            self.now += PAUSE_S


ACTIONS = st.sampled_from(
    [
        *("journal", "send", "arrive", "arrive", "arrive_twice", "hear", "hear", "hear_twice", "lose", "wait"),
        *("connect", "back_up", "restore", "prune"),
    ]
)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(ACTIONS, st.integers(0, 200)), max_size=60))
def test_whatever_the_line_does_every_event_is_booked_once_and_in_order(drawn: list[tuple[str, int]]) -> None:
    scene = Scene()

    for action, number in drawn:
        scene.act(action, number)
    scene.heal()

    places = [seq for seq, _id in scene.hub.booked]
    assert scene.outbox.trust is Trust.GOOD
    assert scene.chain.unconfirmed == 0
    assert places == sorted(set(places))
    assert set(places) | scene.hub.passed_over == set(range(1, scene.chain.head.seq + 1))
    assert not set(places) & scene.hub.passed_over
    assert scene.hub.stream.hash == scene.chain.head.hash


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(ACTIONS.filter(lambda action: action != "prune"), st.integers(0, 200)), max_size=60))
def test_nothing_is_passed_over_while_the_kiosk_keeps_it(drawn: list[tuple[str, int]]) -> None:
    scene = Scene()

    for action, number in drawn:
        scene.act(action, number)
    scene.heal()

    assert scene.hub.passed_over == set()
    assert [seq for seq, _id in scene.hub.booked] == list(range(1, scene.chain.head.seq + 1))
