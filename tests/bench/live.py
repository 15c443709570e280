"""What a shop feels while something large goes on: a kiosk asks about cards, a till posts purchases, all the time.

Run as `python -m tests.bench.live PLAN SHOP ANSWERS`, in a process of its own, so that it does not wait for whoever
measures. PLAN names the kiosk as `tests.journeys.headless` has it, SHOP the till; each line of ANSWERS is who asked,
when (by the clock that only grows), and how many milliseconds the answer took.
"""

import http.client
import json
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from uuid import UUID, uuid4

from protocol import codec, topics
from protocol.events import CardEvidence
from protocol.ids import event_id
from protocol.limits import REQUEST_EXPIRY_S
from protocol.requests import PresentCard, Reply, Request
from protocol.topics import Channel
from provisioning.box.layout import Box
from provisioning.box.shop import STORE
from provisioning.mqtt import Delivery, Line, Message, Role
from provisioning.supervisor import Program, Supervisor
from tests.journeys.headless import Plan

PAUSE_S = 0.05
LIVE = "live"


@dataclass(frozen=True, slots=True)
class Answers:
    """How long answers took, by who asked."""

    rows: list[tuple[str, float, float]]

    @classmethod
    def read(cls, path: Path) -> "Answers":
        """Read what the process has written so far."""
        lines = [
            line.split() for line in path.read_text(encoding="ascii").splitlines(keepends=True) if line[-1] == "\n"
        ]
        return cls([(who, float(at), float(took)) for who, at, took in lines])

    def p99_ms(self, who: str, began: float, ended: float) -> float:
        """The 99th percentile of what was asked between two moments."""
        took = [took for asker, at, took in self.rows if asker == who and began <= at <= ended]
        return quantiles(took, n=100)[98] if len(took) > 1 else float("nan")


class Kiosk:
    """A line that presents cards nobody knows: the hub books that, and refuses."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._up, self._answered = threading.Event(), threading.Event()
        self._waiting: UUID | None = None
        replies = topics.of_kiosk(plan.kiosk, Channel.REPLIES)
        self._line = Line(plan.endpoint, Role(plan.kiosk, [replies], lambda _connection: None), self)
        self._line.start()

    def ask(self) -> None:
        """Present a card and wait for the answer; an unanswered question ends when the broker drops it."""
        if not self._up.wait(REQUEST_EXPIRY_S):
            return
        self._answered.clear()
        now = datetime.now(UTC)
        self._waiting = event_id(int(now.timestamp() * 1000), uuid4().bytes[:10])
        card = CardEvidence("ntag21x", uuid4().hex[:14], f"https://m.example/c/{uuid4().hex[:10]}")
        question = Request(self._waiting, "card.present", now, codec.raw(PresentCard(card)))
        topic = topics.of_kiosk(self._plan.kiosk, Channel.REQUESTS)
        self._line.publish(Message(topic, codec.encode(question), expiry_s=REQUEST_EXPIRY_S))
        self._answered.wait(REQUEST_EXPIRY_S)

    def connected(self) -> None:
        """See `provisioning.mqtt.Listener`."""
        self._up.set()

    def disconnected(self, reason: str) -> None:
        """See `provisioning.mqtt.Listener`."""
        sys.stderr.write(f"{reason}\n")
        self._up.clear()

    def delivered(self, delivery: Delivery) -> None:
        """Note the answer."""
        if codec.decode(delivery.payload, Reply).request == self._waiting:
            self._answered.set()

    def refused(self, reason: str) -> None:
        """See `provisioning.mqtt.Listener`."""
        sys.stderr.write(f"{reason}\n")


class Till:
    """A till that keeps its connection to the API."""

    def __init__(self, shop: dict[str, str]) -> None:
        self._shop = shop
        context = ssl.create_default_context(cafile=shop["ca"])
        self._api = http.client.HTTPSConnection("localhost", int(shop["port"]), timeout=30, context=context)

    def buy(self) -> None:
        """Post a purchase and read the answer."""
        line = {"product": "coffee-01", "category": "coffee", "quantity": 1, "amount": 1_000}
        body = {
            "store": STORE,
            "receipt": f"L{uuid4().hex[:12]}",
            "member": self._shop["member"],
            "currency": "CNY",
            "purchased_at": datetime.now(UTC).isoformat(),
            "lines": [line],
        }
        headers = {
            "Authorization": f"Bearer {self._shop['key']}",
            "Content-Type": "application/json",
            "Idempotency-Key": str(uuid4()),
        }
        self._api.request("POST", "/v1/purchases", json.dumps(body), headers)
        self._api.getresponse().read()


@contextmanager
def live(box: Box, plan: Plan, supervisor: Supervisor) -> Iterator[Path]:
    """Have a kiosk and a till ask for as long as the block lasts; the file fills with answers."""
    demo = json.loads((box.demo / "demo.json").read_text(encoding="utf-8"))
    shop = {
        "ca": str(box.pki / "servers.pem"),
        "port": str(box.ports.api),
        "key": demo["till_key"],
        "member": demo["featured"][0],
    }
    files = [box.folder / name for name in ("live.json", "shop.json", "answers.txt")]
    plan.write(files[0])
    files[1].write_text(json.dumps(shop), encoding="utf-8")
    files[2].touch()
    command = [sys.executable, "-m", "tests.bench.live", *map(str, files)]
    supervisor.start(Program(LIVE, command, log_to=str(box.logs / f"{LIVE}.log")))
    yield files[2]
    supervisor.kill(LIVE)


def main() -> None:
    """Ask until killed."""
    plan, shop, answers = (Path(argument) for argument in sys.argv[1:])
    kiosk, till = Kiosk(Plan.read(plan)), Till(json.loads(shop.read_text(encoding="utf-8")))
    with answers.open("a", encoding="ascii", buffering=1) as file:
        threading.Thread(target=_ask_for_ever, args=("till", till.buy, file.write), daemon=True).start()
        _ask_for_ever("kiosk", kiosk.ask, file.write)


def _ask_for_ever(who: str, ask: Callable[[], None], write: Callable[[str], object]) -> None:
    while True:
        began = time.monotonic()
        ask()
        write(f"{who} {began:.6f} {(time.monotonic() - began) * 1000:.3f}\n")
        time.sleep(PAUSE_S)


if __name__ == "__main__":
    main()
