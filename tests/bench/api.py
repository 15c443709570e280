"""A thousand members asking for their points and topping up in the same instant, over HTTPS with API keys.

Every request comes on a connection of its own: made with it, so each pays for its TLS handshake too, or kept open
before (`open`), as tills and apps do. Client, hub and PostgreSQL share this machine; times run from the burst's
beginning, so the last answer's is how long the whole burst took. Bursts of as many requests that ask for nothing
(`bare`) show how much of that is TLS, HTTP and the client. Then the same while kiosks send purchases over MQTT
(`busy`).
"""

import json
import ssl
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from uuid import UUID, uuid4

from sqlalchemy import select

from hub.day_end.run import DayEnds
from hub.members import service as members
from hub.members.models import Member
from hub.tiers import service as tiers
from provisioning.box import making, running
from provisioning.box.layout import HOST
from provisioning.supervisor import Supervisor
from tests.bench.burst import Call, burst, burst_over_open, request
from tests.bench.fleet import Stream, enlist
from tests.bench.hub_box import Rig, durable_rig
from tests.bench.report import Options, Report, Size, options, publish

MEMBERS = 1_000
KIOSKS = 4
EVENTS_PER_S = 1_000
ROUNDS = {Size.QUICK: 3, Size.NORMAL: 9, Size.FULL: 31}


def main() -> None:
    """Measure and publish."""
    asked = options(__doc__ or "")
    with tempfile.TemporaryDirectory(prefix="membertap-bench-") as folder:
        publish(measure(Path(folder), asked), asked)


def measure(folder: Path, asked: Options) -> Report:
    """Burst a few times; the figures are medians over the bursts."""
    rounds = range(ROUNDS[asked.size])
    with durable_rig(folder) as rig, Supervisor() as supervisor:
        # A hub whose past was only just made would end all of its days beside the first bursts.
        DayEnds(rig.hub.database, rig.hub.book, rig.hub.clock).run()
        running.start_broker(rig.box, supervisor)
        running.start_hub(rig.box, supervisor)
        crowd, senders = Crowd.gather(rig), enlist(rig.box, rig.hub, KIOSKS)
        crowd.burst()
        quiet = [(crowd.burst(), crowd.burst_over_open(), crowd.burst_of_nothing()) for _ in rounds]
        with Stream(senders, EVENTS_PER_S) as stream:
            busy = [(crowd.burst(), crowd.burst_over_open()) for _ in rounds]
        events_per_s = stream.sent_per_s
    answered = [sum(call.status in {200, 201} for call in calls) for bursts in (*quiet, *busy) for calls in bursts]
    fresh, kept, bare = (list(bursts) for bursts in zip(*quiet, strict=True))
    busy_fresh, busy_kept = (list(bursts) for bursts in zip(*busy, strict=True))
    figures = {
        "burst": MEMBERS,
        "ok": min(answered),
        "errors": MEMBERS - min(answered),
        "p50_s": _typical(50, fresh),
        "p99_s": _typical(99, fresh),
        "open_p99_s": _typical(99, kept),
        "bare_p99_s": _typical(99, bare),
        "busy_p99_s": _typical(99, busy_fresh),
        "busy_open_p99_s": _typical(99, busy_kept),
        "busy_events_per_s": events_per_s,
        "requests_per_s": median(MEMBERS / max(call.seconds for call in calls) for calls in fresh),
    }
    return Report("api", figures, {"p99_to_bare": figures["p99_s"] / figures["bare_p99_s"]})


def _typical(percentile: int, bursts: Sequence[Sequence[Call]]) -> float:
    """The median over bursts of a percentile within each, in seconds."""
    return median(quantiles([call.seconds for call in calls], n=100)[percentile - 1] for calls in bursts)


@dataclass(frozen=True, slots=True)
class Crowd:
    """Members, and the till key with which they are asked for."""

    members: list[UUID]
    key: str
    port: int
    context: ssl.SSLContext

    @classmethod
    def gather(cls, rig: Rig) -> "Crowd":
        """Have as many members join as are missing."""
        hub, now = rig.hub, rig.hub.clock()
        with hub.database.write() as session:
            known = list(session.execute(select(Member.id).where(Member.state == "active")).scalars())
            for number in range(MEMBERS - len(known)):
                profile = members.Profile(f"会员{number}", None, None, making.STORE, "zh", "till")
                member = members.join(session, hub.vault, profile, now=now, random=hub.random_bytes)
                tiers.welcome(session, member.id, now)
                known.append(member.id)
        key = json.loads((rig.box.demo / "demo.json").read_text(encoding="utf-8"))["till_key"]
        context = ssl.create_default_context(cafile=str(rig.box.pki / "servers.pem"))
        return cls(known[:MEMBERS], key, rig.box.ports.api, context)

    def burst(self) -> list[Call]:
        """Every other member asks for their balance, the rest top up; each over a new connection."""
        return burst((HOST, self.port), self.context, self._requests())

    def burst_over_open(self) -> list[Call]:
        """The same over connections that are open already."""
        return burst_over_open((HOST, self.port), self.context, self._requests())

    def _requests(self) -> list[bytes]:
        return [
            self._balance(member) if number % 2 else self._top_up(member) for number, member in enumerate(self.members)
        ]

    def burst_of_nothing(self) -> list[Call]:
        """The same number of requests for a route that does nothing."""
        return burst((HOST, self.port), self.context, [request("GET", "/health", self.key)] * MEMBERS)

    def _balance(self, member: UUID) -> bytes:
        return request("GET", f"/v1/members/{member}/balance", self.key)

    def _top_up(self, member: UUID) -> bytes:
        receipt = uuid4()
        body = {
            "store": making.STORE,
            "receipt": receipt.hex,
            "member": str(member),
            "currency": "CNY",
            "amount": 100,
        }
        once = f"Idempotency-Key: {receipt}\r\n"
        return request("POST", "/v1/top-ups", self.key, body=json.dumps(body).encode(), headers=once)


if __name__ == "__main__":
    main()
