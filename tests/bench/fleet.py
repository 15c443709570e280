"""A fleet for benches: kiosks with real keys, certificates and lines, whose journals are written beforehand.

They have no store and no screen: what they send costs this machine as little as possible while it is measured.
"""

import threading
import time
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random
from typing import Self
from uuid import UUID

from msgspec import Raw
from sqlalchemy import select, update

from hub.composition import Hub
from hub.enrolment import NewKiosk, add_kiosk
from hub.members.models import Member
from hub.stores.models import Store
from protocol import codec, topics
from protocol.chain import GENESIS, link, signing_input
from protocol.envelope import Envelope, Event, Receipt
from protocol.events import PurchaseLine, PurchaseRecorded
from protocol.ids import event_id, kiosk_id
from protocol.limits import WINDOW_MAX_BATCHES
from protocol.topics import Channel
from provisioning import keys, pki
from provisioning.box import making
from provisioning.box.layout import HOST, Box
from provisioning.mqtt import Delivery, Endpoint, Line, Message, Role

RECEIPT_TIMEOUT_S = 60.0

STREAM_EVENTS = 10
"""Events in each envelope of a stream."""


class Journal:
    """A kiosk's journal of purchases."""

    def __init__(self, kiosk: str, random: Random, members: Sequence[UUID]) -> None:
        self.kiosk = kiosk
        self.key = keys.seeded_key(random.randbytes(32))
        self.seq = 0
        self._random = random
        self._members = members
        self._head = GENESIS
        self._epoch = self._new_id()

    def write(self, events: int) -> bytes:
        """Journal so many purchases of one line; returns them in a signed envelope."""
        first, previous = self.seq + 1, self._head
        raws = [self._event() for _ in range(events)]
        signed = signing_input(self.kiosk, self._epoch, first_seq=first, previous=previous, head=self._head)
        envelope = Envelope(
            kiosk=self.kiosk,
            epoch=self._epoch,
            connection=1,
            first_seq=first,
            prev=previous.hex(),
            head=self._head.hex(),
            confirmed=first - 1,
            events=raws,
            sig=keys.sign(self.key, signed),
        )
        return codec.encode(envelope)

    def _event(self) -> Raw:
        self.seq += 1
        now = datetime.now(UTC)
        line = PurchaseLine("coffee-01", "coffee", 1, self._random.randrange(500, 20_000))
        member, receipt = self._random.choice(self._members), f"{self.kiosk[2:12]}-{self.seq}"
        bought = PurchaseRecorded(receipt, member, "CNY", now, [line])
        event = Event(self.seq, self._new_id(), "purchase.recorded", now, "ntp", "kiosk", codec.raw(bought))
        raw = codec.encode(event)
        self._head = link(self._head, raw)
        return Raw(raw)

    def _new_id(self) -> UUID:
        return event_id(int(time.time() * 1000), self._random.randbytes(10))


class Sender:
    """A kiosk's line that sends envelopes within the protocol's window and waits for their receipts."""

    def __init__(self, journal: Journal, endpoint: Endpoint) -> None:
        self.journal = journal
        self.problems: list[str] = []
        self._topic = topics.of_kiosk(journal.kiosk, Channel.EVENTS)
        self._up, self._news = threading.Event(), threading.Condition()
        self._upto = 0
        receipts = topics.of_kiosk(journal.kiosk, Channel.RECEIPTS)
        self._line = Line(endpoint, Role(journal.kiosk, [receipts], lambda _connection: None), self)

    def start(self) -> None:
        """Connect, and wait until the broker has accepted us."""
        self._line.start()
        assert self._up.wait(RECEIPT_TIMEOUT_S), "no connection"

    def stop(self) -> None:
        """Disconnect."""
        self._line.stop()

    def send(self, envelopes: Sequence[tuple[bytes, int]]) -> None:
        """Send envelopes, each with its last event's number, and return when all have their receipt."""
        flying: deque[int] = deque()
        for envelope, last in envelopes:
            if len(flying) == WINDOW_MAX_BATCHES:
                self._wait_for(flying.popleft())
            assert self._line.publish(Message(self._topic, envelope)), "the line is down"
            flying.append(last)
        if flying:
            self._wait_for(flying[-1])

    def connected(self) -> None:
        """See `provisioning.mqtt.Listener`."""
        self._up.set()

    def disconnected(self, reason: str) -> None:
        """See `provisioning.mqtt.Listener`."""
        self.problems.append(reason)

    def refused(self, reason: str) -> None:
        """A publication was not allowed."""
        self.problems.append(reason)

    def delivered(self, delivery: Delivery) -> None:
        """Note how far the hub is."""
        receipt = codec.decode(delivery.payload, Receipt)
        self.problems += [verdict.code for verdict in (*receipt.rejected, *receipt.parked)]
        with self._news:
            self._upto = max(self._upto, receipt.upto)
            self._news.notify()

    def _wait_for(self, seq: int) -> None:
        with self._news:
            arrived = self._news.wait_for(lambda: self._upto >= seq, RECEIPT_TIMEOUT_S)
        assert arrived, f"no receipt for {seq} within {RECEIPT_TIMEOUT_S:.0f} s; refused: {self.problems[:3]}"


class Stream:
    """Kiosks that send so many events a second together, in small envelopes, for as long as the block lasts."""

    def __init__(self, senders: Sequence[Sender], events_per_s: int) -> None:
        self._senders = senders
        self._pause_s = len(senders) * STREAM_EVENTS / events_per_s
        self._sent = 0
        self._began = 0.0
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(sender,)) for sender in senders]

    @property
    def sent_per_s(self) -> float:
        """How many events a second were sent and got their receipts."""
        return self._sent / (time.perf_counter() - self._began)

    def __enter__(self) -> Self:
        for sender in self._senders:
            sender.start()
        self._began = time.perf_counter()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        for sender in self._senders:
            sender.stop()

    def _run(self, sender: Sender) -> None:
        due = time.perf_counter()
        while not self._stopping.is_set():
            # What a late receipt has held up is made up for at once, so that the rate holds.
            sent = 0
            envelopes = []
            while due <= time.perf_counter() and sent < WINDOW_MAX_BATCHES:
                envelopes.append((sender.journal.write(STREAM_EVENTS), sender.journal.seq))
                due += self._pause_s
                sent += 1
            sender.send(envelopes)
            self._sent += sent * STREAM_EVENTS
            self._stopping.wait(max(0.0, due - time.perf_counter()))


def enlist(box: Box, hub: Hub, count: int, seed: int = 1) -> list[Sender]:
    """Take kiosks into a box's fleet, and let its store's kiosks record purchases."""
    random = Random(seed)
    with hub.database.write() as session:
        session.execute(update(Store).values(kiosks_record_purchases=True))
        members = list(session.execute(select(Member.id).where(Member.state == "active").order_by(Member.id)).scalars())
    devices = pki.load(box.pki, "devices")
    senders = []
    for number in range(count):
        journal = Journal(kiosk_id(random.randbytes(16)), random, members)
        name = f"bench-{number}"
        certificate = devices.issue_client(journal.kiosk, journal.key, datetime.now(UTC))
        pki.save(box.pki, name, certificate, journal.key)
        add_kiosk(hub, NewKiosk(journal.kiosk, making.STORE, keys.public_der(journal.key)), "bench")
        files = (box.pki / "servers.pem", box.pki / f"{name}.pem", box.pki / f"{name}.key")
        senders.append(Sender(journal, Endpoint(HOST, box.ports.broker, *files)))
    return senders
