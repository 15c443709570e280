"""A thousand members asking for their points and topping up in the same instant, over HTTPS with API keys.

Every request comes on a connection of its own, so each pays for its TLS handshake too. Client, hub and PostgreSQL share
this machine; times run from the burst's beginning, so the last answer's is how long the whole burst took. A burst of as
many requests that ask for nothing shows how much of that is TLS, HTTP and the client.
"""

import json
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from uuid import UUID, uuid4

from sqlalchemy import select

from hub.members import service as members
from hub.members.models import Member
from hub.tiers import service as tiers
from provisioning.box import making, running
from provisioning.box.layout import HOST
from provisioning.supervisor import Supervisor
from tests.bench.burst import Call, burst, request
from tests.bench.hub_box import Rig, durable_rig
from tests.bench.report import Options, Report, Size, options, publish

MEMBERS = 1_000
ROUNDS = {Size.QUICK: 3, Size.NORMAL: 9, Size.FULL: 31}


def main() -> None:
    """Measure and publish."""
    asked = options(__doc__ or "")
    with tempfile.TemporaryDirectory(prefix="membertap-bench-") as folder:
        publish(measure(Path(folder), asked), asked)


def measure(folder: Path, asked: Options) -> Report:
    """Burst a few times; the figures are medians over the bursts."""
    with durable_rig(folder) as rig, Supervisor() as supervisor:
        running.start_broker(rig.box, supervisor)
        running.start_hub(rig.box, supervisor)
        crowd = Crowd.gather(rig)
        crowd.burst()
        bursts, idle = [], []
        for _ in range(ROUNDS[asked.size]):
            bursts.append(crowd.burst())
            idle.append(crowd.burst_of_nothing())
    seconds, bare = ([sorted(call.seconds for call in calls) for calls in kind] for kind in (bursts, idle))
    answered = [sum(call.status in {200, 201} for call in calls) for calls in bursts]
    figures = {
        "burst": MEMBERS,
        "ok": min(answered),
        "errors": MEMBERS - min(answered),
        "p50_s": median(median(times) for times in seconds),
        "p99_s": median(quantiles(times, n=100)[98] for times in seconds),
        "bare_p99_s": median(quantiles(times, n=100)[98] for times in bare),
        "requests_per_s": median(MEMBERS / times[-1] for times in seconds),
    }
    return Report("api", figures, {"p99_to_bare": figures["p99_s"] / figures["bare_p99_s"]})


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
        """Every other member asks for their balance, the rest top up."""
        requests = [
            self._balance(member) if number % 2 else self._top_up(member) for number, member in enumerate(self.members)
        ]
        return burst((HOST, self.port), self.context, requests)

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
            "amount": 10_000,
        }
        once = f"Idempotency-Key: {receipt}\r\n"
        return request("POST", "/v1/top-ups", self.key, body=json.dumps(body).encode(), headers=once)


if __name__ == "__main__":
    main()
