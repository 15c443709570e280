"""Whole stores whose processes are killed: broker, hub, database, and kiosks that journal purchases all the time."""

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError

from hub.booking.models import Fact
from hub.cards import service as cards
from hub.composition import Hub, opened
from hub.enrolment import NewKiosk, add_kiosk
from hub.fleet.models import Sighting, Stream
from hub.members.models import Member
from hub.rewards.models import Reward
from hub.settings import read
from hub.stores.models import Store
from kiosk.clock import system_random
from kiosk.store.disk import RealDisk
from kiosk.store.local import LocalStore
from protocol.ids import kiosk_id
from provisioning import keys, pki
from provisioning.box import making, running
from provisioning.box.layout import HOST, Box, free_ports
from provisioning.box.running import BROKER, HUB
from provisioning.box.waiting import BoxError
from provisioning.supervisor import Program, Supervisor
from tests.bench.hub_box import DATABASE
from tests.journeys.headless import Plan
from tests.journeys.visitor import Visitor
from tests.services.postgresql import DURABLE, Server, free_port

SETTLE_S = 900.0
"""Lines whose connections are killed again and again wait up to a minute between their tries."""

POLL_S = 0.2
POSTGRESQL = "postgresql"
MEMBERS = 40
"""Few, so that many purchases meet on the same accounts."""


@dataclass(slots=True)
class Arena:
    """A box, the hub's parts for looking into its books, and the kiosks that sell."""

    box: Box
    hub: Hub
    server: Server | None
    supervisor: Supervisor
    plans: dict[str, Plan] = field(default_factory=dict)
    fell: Counter[str] = field(default_factory=Counter)
    """Processes of the hub that ended by themselves while another was killed."""

    @property
    def victims(self) -> list[str]:
        """Everything that can be killed."""
        return [BROKER, *HUB, *([POSTGRESQL] if self.server else []), *self.plans]

    def start(self, name: str) -> None:
        """Start one of the victims; returns at once, but for the database."""
        if name == POSTGRESQL:
            assert self.server is not None
            self.server.restart()
            return
        self.supervisor.start(Program(name, self._command(name), log_to=str(self.box.logs / f"{name}.log")))

    def kill(self, name: str) -> None:
        """Kill a victim with SIGKILL."""
        if name == POSTGRESQL:
            assert self.server is not None
            self.server.kill()
        else:
            self.supervisor.kill(name)

    def revive_fallen(self) -> None:
        """Count processes that ended by themselves, and start them again as a hub's supervisor does."""
        for name in (BROKER, *HUB, *self.plans):
            if not self.supervisor.is_running(name):
                self.fell[name] += 1
                self.supervisor.kill(name)
                self.start(name)

    def said(self, name: str) -> int:
        """The last place of a kiosk's journal that was said to be durable."""
        path = Path(self.plans[name].said)
        lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
        return max((int(line) for line in lines if line.endswith(b"\n")), default=0)

    def booked(self) -> dict[str, int]:
        """How far the journal of each kiosk is booked, by the kiosk's name here; nothing while the database is away."""
        names = {plan.kiosk: name for name, plan in self.plans.items()}
        try:
            with self.hub.database.read() as session:
                rows = session.execute(select(Stream.kiosk, Stream.upto)).all()
        except OperationalError:
            return {}
        return {names[row.kiosk]: row.upto for row in rows if row.kiosk in names}

    def wait_until_booked(self, heads: dict[str, int]) -> float:
        """Wait until the hub has booked every kiosk's journal as far as given; returns how long that took, in s."""
        began = time.monotonic()
        while not self._has(heads):
            if time.monotonic() - began > SETTLE_S:
                raise BoxError(f"{heads} are not booked within {SETTLE_S:.0f} s, but {self.booked()}")
            self.revive_fallen()
            # Looking costs the hub time, so it is not done all the time.
            time.sleep(POLL_S)
        return time.monotonic() - began

    def assert_all_applied(self, name: str, events: int) -> None:
        """A figure counts only if every event took effect."""
        applied = select(func.count()).where(
            Fact.kiosk == self.plans[name].kiosk, Fact.seq.is_not(None), Fact.verdict == "applied"
        )
        with self.hub.database.read() as session:
            found = session.execute(applied).scalar_one()
        assert found == events, f"{found} of {events} events took effect"

    def plan_file(self, name: str) -> Path:
        """Where a kiosk's process reads what it is to do."""
        return self.box.folder / f"{name}.json"

    def are_online(self, since: int) -> bool:
        """Tell whether the hub knows of a connection of every kiosk that was made since; they are numbered by time."""
        kiosks = [plan.kiosk for plan in self.plans.values()]
        online = select(func.count()).where(
            Sighting.kiosk.in_(kiosks), Sighting.state == "online", Sighting.connection >= since
        )
        with self.hub.database.read() as session:
            return session.execute(online).scalar_one() == len(kiosks)

    def _has(self, heads: dict[str, int]) -> bool:
        booked = self.booked()
        return all(booked.get(name, 0) >= head for name, head in heads.items())

    def stop_selling(self) -> None:
        """Kill the kiosks once more; what starts in their place only brings its journal to the hub."""
        for name, plan in self.plans.items():
            self.supervisor.kill(name)
            replace(plan, members=[]).write(self.plan_file(name))

    def journals(self) -> dict[str, list[bytes]]:
        """What lies on the disk of each kiosk; none of them may run."""
        found = {}
        for name, plan in self.plans.items():
            store = LocalStore(RealDisk(Path(plan.store)), system_random, datetime.now(UTC))
            found[name] = list(store.chain.read(1, store.chain.head.seq))
            store.close()
        return found

    def _command(self, name: str) -> list[str]:
        if name == BROKER:
            return [making.mosquitto() or BROKER, "-c", str(self.box.broker / "mosquitto.conf")]
        if name in HUB:
            return [sys.executable, "-m", "hub", name, "--settings", str(self.box.hub_settings)]
        return [sys.executable, "-m", "tests.journeys.headless", str(self.plan_file(name))]

    def enlist(self, count: int, sales_per_s: float, seed: int) -> None:
        """Take kiosks into the fleet, each with a plan of what to sell; they are not started."""
        random, devices, box = Random(seed), pki.load(self.box.pki, "devices"), self.box
        with self.hub.database.write() as session:
            session.execute(update(Store).values(kiosks_record_purchases=True))
            active = select(Member.id).where(Member.state == "active").order_by(Member.id).limit(MEMBERS)
            members = [str(member) for member in session.execute(active).scalars()]
        for number in range(1, count + 1):
            name, key, kiosk = f"kiosk-{number}", keys.new_key(), kiosk_id(random.randbytes(16))
            pki.save(box.pki, name, devices.issue_client(kiosk, key, datetime.now(UTC)), key)
            add_kiosk(self.hub, NewKiosk(kiosk, making.STORE, keys.public_der(key)), "bench")
            plan = Plan(
                kiosk=kiosk,
                store=str(box.folder / name),
                host=HOST,
                port=box.ports.broker,
                ca=str(box.pki / "servers.pem"),
                certificate=str(box.pki / f"{name}.pem"),
                key=str(box.pki / f"{name}.key"),
                said=str(box.folder / f"{name}.said"),
                members=members,
                sales_per_s=sales_per_s,
                seed=seed,
                visitor=self._visitor(members[number - 1], random.randbytes(6)),
            )
            plan.write(self.plan_file(name))
            self.plans[name] = plan

    def _visitor(self, member: str, uid: bytes) -> Visitor:
        """A member with a new dynamic card who wants the cheapest reward."""
        card, hub = b"\x04" + uid, self.hub
        with hub.database.write() as session:
            cards.bind(session, card.hex(), "ntag424", UUID(member), now=hub.clock(), random=hub.random_bytes)
            offered = select(Reward).where(Reward.offered, ~Reward.limited).order_by(Reward.points)
            reward = next(reward for reward in session.execute(offered).scalars() if not reward.tiers)
            wanted = (reward.id, reward.points)
        secret = hub.secrets.cards.of_card(card)
        return Visitor(card.hex(), secret.meta.hex(), secret.file.hex(), *wanted)


@contextmanager
def arena(folder: Path, database: str) -> Iterator[Arena]:
    """Make a box with the demo chain, on either database, and start broker and hub."""
    with ExitStack() as running_now:
        server = None
        if database == POSTGRESQL:
            server = Server.start(free_port(), DURABLE)
            running_now.callback(server.stop)
            server.create(DATABASE)
        box = Box(folder, free_ports())
        making.make(box, server.url(DATABASE) if server else None)
        supervisor = running_now.enter_context(Supervisor())
        running.start_broker(box, supervisor)
        running.start_hub(box, supervisor)
        hub = running_now.enter_context(opened(read(box.hub_settings)))
        yield Arena(box, hub, server, supervisor)
