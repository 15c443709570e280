"""SIGKILLs spread over broker, hub, database and kiosks while members buy and redeem; then the ledgers are compared.

A round is a new store on one of the databases: so many kills at seeded moments, then everything is started again and
what the kiosks' journals hold is compared with what the hub booked, byte for byte. Rounds add up in out/kills.json, so
a campaign can be stopped and gone on with. A kill ends a process, not the machine: what the kernel was given survives
it. Power cuts are the business of the journal's own tests.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import median
from typing import Self
from uuid import UUID

from sqlalchemy import select

from hub.booking.models import Fact
from hub.purchases.models import Purchase
from hub.rewards.models import Voucher
from protocol import codec
from protocol.envelope import Event
from protocol.events import LeaseSpent
from provisioning.box.making import run_hub
from provisioning.box.running import BROKER
from provisioning.box.waiting import until
from tests.bench.arena import POSTGRESQL, SETTLE_S, Arena, arena
from tests.bench.report import Report, Size, options, publish

KILLS = {Size.QUICK: 8, Size.NORMAL: 100, Size.FULL: 1_000}
ROUND_KILLS = 50
BURST_KILLS = 10
"""After so many kills it is measured how long the store takes until everything journaled so far is booked."""
KIOSKS = 4
SALES_PER_S = 6.0
PAUSE_MAX_S = 1.5
DOWN_MAX_S = 0.5
QUIET_S = 3.0
"""A kiosk that is online has heard all that waited for it so long after its journal was booked."""
DATABASES = (POSTGRESQL, "sqlite")
TOTALS = Path("out/kills.json")
BAD = ("lost", "doubled", "unproven")

WEIGHTS = {BROKER: 4, "ingest": 3, "api": 1, "jobs": 1, POSTGRESQL: 4}
KIOSK_WEIGHT = 1.5
"""How often each is hit, beside the others; a kiosk's process is quickly back, the hub's are not."""


def main() -> None:
    """Kill, compare and add up; something lost or doubled makes the bench fail."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--kills", type=int)
    known, sys.argv[1:] = parser.parse_known_args()
    asked = options(__doc__ or "")
    totals = campaign(asked.size, known.kills or KILLS[asked.size])
    publish(totals.report(), asked)
    sys.exit(1 if any(totals.counts[name] for name in BAD) else 0)


@dataclass(slots=True)
class Totals:
    """What all rounds so far add up to."""

    counts: Counter[str] = field(default_factory=Counter)
    recover_s: list[float] = field(default_factory=list)

    @classmethod
    def read(cls) -> Self:
        """What earlier campaigns have left."""
        if not TOTALS.exists():
            return cls()
        kept = json.loads(TOTALS.read_text(encoding="utf-8"))
        return cls(Counter(kept["counts"]), kept["recover_s"])

    def write(self) -> None:
        """Leave it for the next one."""
        TOTALS.parent.mkdir(exist_ok=True)
        TOTALS.write_text(json.dumps({"counts": self.counts, "recover_s": self.recover_s}) + "\n", encoding="utf-8")

    def report(self) -> Report:
        """As figures."""
        first = {name: self.counts[name] for name in ("kills", "events", "redeemed", *BAD)}
        waits = {"recover_s_p50": median(self.recover_s), "recover_s_max": max(self.recover_s)}
        return Report("kills", {**first, **waits, **dict(sorted((self.counts - Counter(first)).items()))})


def campaign(size: Size, kills: int) -> Totals:
    """Play rounds until so many more kills are done; returns the totals of all campaigns so far."""
    totals = Totals.read()
    while kills > 0:
        count, number = min(kills, ROUND_KILLS), totals.counts["rounds"]
        database = "sqlite" if size is Size.QUICK else DATABASES[number % len(DATABASES)]
        with tempfile.TemporaryDirectory(prefix="membertap-kills-") as folder:
            play(Path(folder), database, (number, count), totals)
        totals.write()
        kills -= count
    return totals


def play(folder: Path, database: str, seed_and_kills: tuple[int, int], totals: Totals) -> None:
    """One round, which is added to the totals."""
    seed, kills = seed_and_kills
    random, found = Random(seed), Counter(rounds=1, kills=kills)
    with arena(folder, database) as store:
        store.enlist(KIOSKS, SALES_PER_S, seed)
        for name in store.plans:
            store.start(name)
        for number in range(1, kills + 1):
            found[f"kills_{strike(store, random).partition('-')[0]}"] += 1
            if number % BURST_KILLS == 0 or number == kills:
                totals.recover_s.append(recover(store))
                sys.stderr.write(f"{database}: {number} kills, everything booked {totals.recover_s[-1]:.1f} s later\n")
        store.stop_selling()
        found += compare(store)
        found.update({f"fell_{name}": count for name, count in store.fell.items()})
    found[f"kills_on_{database}"] = kills
    totals.counts += found


def strike(store: Arena, random: Random) -> str:
    """Let purchases go on for a moment, then kill something and start it again; returns what."""
    time.sleep(random.uniform(0.0, PAUSE_MAX_S))
    store.revive_fallen()
    victims = store.victims
    (victim,) = random.choices(victims, [WEIGHTS.get(name, KIOSK_WEIGHT) for name in victims])
    store.kill(victim)
    time.sleep(random.uniform(0.0, DOWN_MAX_S))
    store.start(victim)
    return victim


def recover(store: Arena) -> float:
    """Seconds until everything that was said to be durable by now is booked."""
    return store.wait_until_booked({name: store.said(name) for name in store.plans})


def compare(store: Arena) -> Counter[str]:
    """Bring every journal to the hub, and hold it against what was booked."""
    said = {name: store.said(name) for name in store.plans}
    journals = settle(store)
    found: Counter[str] = Counter(unproven=_unproven(store))
    for name, events in journals.items():
        found += _differences(store, store.plans[name].kiosk, events)
        found["lost"] += max(said[name] - len(events), 0)
        found["events"] += len(events)
    return found


def settle(store: Arena) -> dict[str, list[bytes]]:
    """Start the kiosks until nothing happens to them any more; returns their journals. They are dead then.

    A grant that was on its way when its kiosk was killed comes now, and is journaled and given back.
    """
    journals = store.journals()
    while True:
        began = int(time.time())
        for name in store.plans:
            store.start(name)
        until(lambda began=began: store.are_online(began), "the kiosks", SETTLE_S)  # type: ignore[misc]
        store.wait_until_booked({name: len(events) for name, events in journals.items()})
        time.sleep(QUIET_S)
        for name in store.plans:
            store.kill(name)
        before, journals = journals, store.journals()
        if journals == before:
            return journals


def _differences(store: Arena, kiosk: str, events: list[bytes]) -> Counter[str]:
    booked = select(Fact.raw).where(Fact.kiosk == kiosk, Fact.seq.is_not(None), Fact.verdict == "applied")
    bought = select(Purchase.id).where(Purchase.actor == f"kiosk:{kiosk}")
    with store.hub.database.read() as session:
        facts = Counter(raw for raw in session.execute(booked).scalars() if raw is not None)
        effects = Counter(session.execute(bought).scalars())
        vouchers = session.execute(select(Voucher.id).where(Voucher.kiosk == kiosk)).scalars().all()
    effects.update(vouchers)
    journaled, promised = Counter(events), Counter(_promised(events))
    for event in [*(journaled - facts), *(facts - journaled)]:
        sys.stderr.write(f"on one side only: {event.decode()}\n")
    return Counter(
        lost=(journaled - facts).total() + (promised - effects).total(),
        doubled=(facts - journaled).total() + (effects - promised).total(),
        redeemed=len(vouchers),
    )


def _promised(events: list[bytes]) -> Iterator[UUID]:
    """The ids of the purchases and vouchers that a journal stands for."""
    for event in (codec.decode(event, Event) for event in events):
        if event.kind == "purchase.recorded":
            yield event.id
        elif event.kind == "lease.spent":
            yield codec.decode(bytes(event.body), LeaseSpent).spend


def _unproven(store: Arena) -> int:
    try:
        run_hub("prove", "--settings", str(store.box.hub_settings))
    except subprocess.CalledProcessError:
        return 1
    return 0


if __name__ == "__main__":
    main()
