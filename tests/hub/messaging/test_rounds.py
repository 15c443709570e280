"""Worker and ingest together, on a real database and without a broker: whose turn it is while a journal is booked."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from msgspec import UNSET
from sqlalchemy import select

from hub.booking.models import Fact
from hub.fleet.models import Stream
from hub.messaging.backlog import SHARED_ROUND_MAX_BYTES
from hub.messaging.ingest import Arrival, Ingest
from hub.messaging.publisher import Publication
from protocol import codec, topics
from protocol.envelope import Receipt
from protocol.events import JournalRepaired
from protocol.requests import PresentCard, Reply
from protocol.topics import Channel
from provisioning.mqtt import Delivery
from tests.hub.messaging.line import Line, envelope
from tests.hub.messaging.working import WAIT_S, running
from tests.hub.world import TestKiosk, World

ENVELOPES = 12
EVENTS_EACH = 60


@dataclass(frozen=True)
class Round:
    """What was taken together, and what was sent for it."""

    arrivals: list[Arrival]
    sent: list[Publication]

    def of(self, kiosk: TestKiosk, channel: Channel) -> int:
        topic = topics.of_kiosk(kiosk.id, channel)
        return sum(arrival.topic == topic for arrival in self.arrivals)

    def receipts(self, kiosk: TestKiosk) -> list[int]:
        topic = topics.of_kiosk(kiosk.id, Channel.RECEIPTS)
        return [codec.decode(sent.payload, Receipt).upto for sent in self.sent if sent.topic == topic]


@dataclass(slots=True)
class Watched(Ingest):
    """The real core, which notes its rounds; none begins before `open`."""

    real: Ingest
    open: threading.Event = field(default_factory=threading.Event)
    has_begun: threading.Event = field(default_factory=threading.Event)
    rounds: list[Round] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def take(self, arrivals: Sequence[Arrival], now: datetime) -> list[Publication]:
        self.has_begun.set()
        self.open.wait(WAIT_S)
        sent = self.real.take(arrivals, now)
        with self._changed:
            self.rounds.append(Round(list(arrivals), sent))
            self._changed.notify_all()
        return sent

    def flush(self, now: datetime) -> list[Publication]:
        return self.real.flush(now)

    def wait_for(self, arrivals: int) -> bool:
        def have_come() -> bool:
            return sum(len(one.arrivals) for one in self.rounds) >= arrivals

        with self._changed:
            return self._changed.wait_for(have_come, WAIT_S)


def played(world: World, kiosk: TestKiosk, question: Arrival) -> list[Round]:
    """A question comes when a long journal of another kiosk already waits; the rounds that follow the first."""
    watched = Watched(world.hub.ingest())
    journal = [envelope(world, kiosk, *[JournalRepaired()] * EVENTS_EACH) for _ in range(ENVELOPES)]
    assert sum(len(one.payload) for one in journal[1:]) > SHARED_ROUND_MAX_BYTES + len(journal[0].payload)
    messages = [*journal, question]
    with running(watched, world.clock) as worker:
        for number, arrival in enumerate(messages):
            worker.delivered(Delivery(arrival.topic, arrival.payload, number, 1))
            assert watched.has_begun.wait(WAIT_S)
        watched.open.set()
        assert watched.wait_for(len(messages))
    return watched.rounds[1:]


def test_a_question_is_answered_in_the_next_round_while_a_journal_goes_on_behind_it(world: World) -> None:
    busy, asking = world.add_kiosk(), world.add_kiosk()
    card = world.add_card(world.add_member())

    first, *others = played(world, busy, Line(world).ask(asking, PresentCard(world.tap(card))))

    assert first.of(asking, Channel.REQUESTS) == 1
    [reply] = [one for one in first.sent if one.topic == topics.of_kiosk(asking.id, Channel.REPLIES)]
    assert codec.decode(reply.payload, Reply).refused is UNSET
    assert sum(one.of(busy, Channel.EVENTS) for one in others) > 0


def test_envelopes_of_a_kiosk_are_booked_in_order_over_all_rounds(world: World) -> None:
    busy, asking = world.add_kiosk(), world.add_kiosk()
    card = world.add_card(world.add_member())

    rounds = played(world, busy, Line(world).ask(asking, PresentCard(world.tap(card))))

    confirmed = [upto for one in rounds for upto in one.receipts(busy)]
    assert len(confirmed) > 1
    assert confirmed == sorted(confirmed)
    assert confirmed[-1] == busy.seq == ENVELOPES * EVENTS_EACH
    with world.hub.database.read() as session:
        assert session.execute(select(Stream.hash).where(Stream.kiosk == busy.id)).scalar_one() == busy.head
        seqs = session.execute(select(Fact.seq).where(Fact.kiosk == busy.id).order_by(Fact.seq)).scalars().all()
    assert list(seqs) == list(range(1, busy.seq + 1))
