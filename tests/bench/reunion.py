"""A thousand kiosks come back in the same second after an outage, each with 100 purchases that waited.

All in one process over connections of their own with TLS and client certificates; journals are written and signed
before the clock starts. Real kiosks come back over a minute, with jitter, so this is the worst case. Beside them a
kiosk asks and a till posts all the time; their 99th percentiles are those while the crowd is drained.
"""

import asyncio
import resource
import ssl
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from uuid import UUID

from hub.enrolment import NewKiosk, add_kiosk
from protocol import codec, topics
from protocol.envelope import Receipt
from protocol.ids import kiosk_id
from protocol.limits import BATCH_MAX_EVENTS
from protocol.state import KioskStatus
from protocol.topics import HUB_STATUS, Channel
from provisioning import keys, pki
from provisioning.box import making
from provisioning.box.layout import NAMES
from provisioning.mqtt import Endpoint
from tests.bench.arena import POSTGRESQL, Arena, arena
from tests.bench.crowd import Connection, RefusedError, context_of
from tests.bench.fleet import Journal
from tests.bench.live import Answers, live
from tests.bench.report import Options, Report, Size, options, publish

KIOSKS = {Size.QUICK: 50, Size.NORMAL: 1_000, Size.FULL: 5_000}
EVENTS = 100
DATABASES = {Size.QUICK: ["sqlite"], Size.NORMAL: [POSTGRESQL, "sqlite"], Size.FULL: [POSTGRESQL]}
QUIET_S = 10
PROGRESS_TIMEOUT_S = 30.0
"""As a kiosk's outbox has it: without a receipt for so long, everything after the last one is sent again."""
RETRY_MAX_S = 5.0
DRAIN_TIMEOUT_S = 900.0
OTHER_DESCRIPTORS = 200


def main() -> None:
    """Measure and publish."""
    asked = options(__doc__ or "")
    publish(measure(asked), asked)


def measure(asked: Options) -> Report:
    """Let a crowd come back to a hub on each database."""
    count = KIOSKS[asked.size]
    allow_descriptors(count + OTHER_DESCRIPTORS)
    figures: dict[str, float] = {"kiosks": count, "events": count * EVENTS}
    for database in DATABASES[asked.size]:
        with tempfile.TemporaryDirectory(prefix="membertap-bench-") as folder, arena(Path(folder), database) as store:
            found = reunite(store, count)
        figures.update({f"{name}_{database}": value for name, value in found.items()})
    return Report("reunion", figures)


def allow_descriptors(count: int) -> None:
    """Let this process, and the broker and hub that it starts, open so many files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))


def reunite(store: Arena, count: int) -> dict[str, float]:
    """Have so many kiosks connect at once and bring what they have."""
    store.enlist(1, 1.0, seed=1)
    _name, plan = store.plans.popitem()
    crowd = gather(store, count, [UUID(member) for member in plan.members])
    with live(store.box, plan, store.supervisor) as answers:
        time.sleep(QUIET_S)
        began = time.monotonic()
        asyncio.run(come_back(crowd))
        ended = time.monotonic()
        told = Answers.read(answers)
    for kiosk in crowd:
        assert not kiosk.problems, kiosk.problems[:3]
    connected = sorted(kiosk.connected_at - began for kiosk in crowd)
    return {
        "connected_s": connected[-1],
        "drained_s": ended - began,
        "events_per_s": count * EVENTS / (ended - began),
        "resent": sum(kiosk.resent for kiosk in crowd),
        **{f"{who}_p99_ms_quiet": told.p99_ms(who, began - QUIET_S + 2, began) for who in ("kiosk", "till")},
        **{f"{who}_p99_ms_live": told.p99_ms(who, began, ended) for who in ("kiosk", "till")},
    }


@dataclass(slots=True)
class Kiosk:
    """One of the crowd, with its envelopes and how far the hub has them."""

    journal: Journal
    endpoint: Endpoint
    context: ssl.SSLContext
    envelopes: Sequence[tuple[int, bytes]]
    """Each with the place of its last event."""
    upto: int = 0
    connected_at: float = 0.0
    resent: int = 0
    problems: list[str] = field(default_factory=list)
    moved: asyncio.Event = field(default_factory=asyncio.Event)

    async def drain(self) -> None:
        """Connect, again if need be, and send until the hub has everything."""
        while self.upto < EVENTS:
            try:
                connection = await Connection.open(self.journal.kiosk, self.endpoint, self.context)
            except (OSError, RefusedError, asyncio.IncompleteReadError):
                await asyncio.sleep(RETRY_MAX_S * Random().random())
                continue
            try:
                await self._serve(connection)
            except (OSError, asyncio.IncompleteReadError):
                continue
            finally:
                connection.close()

    async def _serve(self, connection: Connection) -> None:
        await connection.subscribe([topics.of_kiosk(self.journal.kiosk, Channel.RECEIPTS), HUB_STATUS])
        self.connected_at = self.connected_at or time.monotonic()
        listening = asyncio.create_task(connection.listen(self._hear))
        status = KioskStatus(state="online", connection=1, head_seq=EVENTS)
        connection.publish(topics.of_kiosk(self.journal.kiosk, Channel.STATUS), codec.encode(status), retain=True)
        try:
            while self.upto < EVENTS:
                for last, envelope in self.envelopes:
                    if last > self.upto:
                        connection.publish(topics.of_kiosk(self.journal.kiosk, Channel.EVENTS), envelope)
                await self._wait(listening)
        finally:
            listening.cancel()

    async def _wait(self, listening: asyncio.Task[None]) -> None:
        while self.upto < EVENTS:
            self.moved.clear()
            news = asyncio.create_task(self.moved.wait())
            done, _ = await asyncio.wait(
                (listening, news), timeout=PROGRESS_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED
            )
            news.cancel()
            if listening in done:
                listening.result()
            if not done:
                self.resent += 1
                return

    def _hear(self, topic: str, payload: bytes) -> None:
        if topic == HUB_STATUS:
            return
        receipt = codec.decode(payload, Receipt)
        self.problems += [verdict.code for verdict in (*receipt.rejected, *receipt.parked)]
        if receipt.upto > self.upto:
            self.upto = receipt.upto
            self.moved.set()


def gather(store: Arena, count: int, members: Sequence[UUID]) -> list[Kiosk]:
    """Take a crowd into the fleet and write its journals."""
    random, devices, box = Random(count), pki.load(store.box.pki, "devices"), store.box
    crowd = []
    for number in range(count):
        journal = Journal(kiosk_id(random.randbytes(16)), random, members)
        name = f"crowd-{number}"
        pki.save(box.pki, name, devices.issue_client(journal.kiosk, journal.key, datetime.now(UTC)), journal.key)
        add_kiosk(store.hub, NewKiosk(journal.kiosk, making.STORE, keys.public_der(journal.key)), "bench")
        files = (box.pki / "servers.pem", box.pki / f"{name}.pem", box.pki / f"{name}.key")
        endpoint = Endpoint(NAMES[0], box.ports.broker, *files)
        crowd.append(Kiosk(journal, endpoint, context_of(endpoint), _envelopes(journal)))
    return crowd


def _envelopes(journal: Journal) -> list[tuple[int, bytes]]:
    envelopes = []
    while journal.seq < EVENTS:
        envelope = journal.write(min(BATCH_MAX_EVENTS, EVENTS - journal.seq))
        envelopes.append((journal.seq, envelope))
    return envelopes


async def come_back(crowd: Sequence[Kiosk]) -> None:
    """All at once; returns when every receipt is there."""
    async with asyncio.timeout(DRAIN_TIMEOUT_S):
        await asyncio.gather(*(kiosk.drain() for kiosk in crowd))


if __name__ == "__main__":
    main()
