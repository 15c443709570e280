"""One game of a campaign: a schedule being played on the real code, and what people see of it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from hub import jobs
from hub.intake import Item, Outcome
from protocol.events import CardEvidence
from tests.hub.world import START, TestKiosk
from tests.simulation import faults, people
from tests.simulation.arena import Arena
from tests.simulation.chain import Chain
from tests.simulation.deeds import DEEDS
from tests.simulation.disk import SimDisk
from tests.simulation.kiosk import SimKiosk
from tests.simulation.schedule import Schedule
from tests.simulation.truth import Truth

__all__ = ["Game", "faults", "people"]

TILL_RETRY_S = 5.0
JOBS = frozenset({"lend ahead", "lend stock", "try parked events again", "wait for kiosks", "end days"})
"""Which of the hub's jobs are done in a game: those that touch what kiosks do."""

JOBS_AFTER_S = (2.6, 20.0)
"""How long after each act they are done, where it is their time."""

SUPERVISOR_S = 5.0
"""How soon a kiosk's program is started again after it ended."""


class Game:
    """A schedule being played. `copies` are boxes that run on a copied disk under the name of another."""

    def __init__(self, arena: Arena, schedule: Schedule, *, is_traced: bool = False) -> None:
        self.arena = arena
        self.schedule = schedule
        self.truth = Truth()
        self.chain = Chain(arena.database, schedule.seed, world=arena.world(schedule.seed))
        self.chain.is_traced = is_traced
        self.weather = self.chain.broker.weather = schedule.weather
        self._jobs: list[jobs.Job] = []
        self._done_at: dict[str, datetime] = {}
        self._of_start = 0
        self.members = arena.founded.members[: schedule.members]
        self.taps: dict[UUID, list[CardEvidence]] = {}
        self.copies: list[SimKiosk] = []
        self.backups: list[tuple[float, bytes]] = []
        self.kiosks = [self.box(arena.founded.kiosks[number]) for number in schedule.kiosks]
        for kiosk in self.kiosks:
            kiosk.switch_on()

    def play(self) -> None:
        """Have everything happen, one act after the other; days end as time passes."""
        for act in self.schedule.acts:
            self.chain.run(max(0.0, act.at_s - self.chain.time.elapsed))
            self.do_jobs()
            self.chain.trace("act", act)
            DEEDS[act.name](self, act.what)
            self.truth.counts[act.name] += 1
            for delay in JOBS_AFTER_S:
                self.after(delay, self.do_jobs)

    def do_jobs(self) -> None:
        """Do what the hub does by itself now and then. A job that fails ends the game."""
        if not self.chain.is_hub_up:
            return
        hub, now = self.chain.world.hub, self.chain.time.now()
        self.chain.world.clock.now = now
        if self._of_start != self.chain.starts:
            self._of_start, self._done_at = self.chain.starts, {}
            self._jobs = [job for job in [*jobs.jobs(hub), *jobs.long_jobs(hub)] if job.name in JOBS]
        with self.chain.dying():
            for job in self._jobs:
                if now - self._done_at.get(job.name, START) >= job.every:
                    job.work(now)
                    self._done_at[job.name] = now

    def kiosk(self, what: dict[str, Any]) -> SimKiosk:
        """The kiosk that an act names."""
        return self.kiosks[int(what["kiosk"]) % len(self.kiosks)]

    def member(self, what: dict[str, Any], key: str = "member") -> UUID:
        """The member that an act names."""
        return self.members[int(what[key]) % len(self.members)]

    def after(self, delay: float, act: Callable[[], None]) -> None:
        """Have something happen later."""
        self.chain.time.after(delay, act)

    def post(self, item: Item, told: Callable[[Outcome], None]) -> None:
        """Have a till post something, again and again until it is told what became of it."""
        outcomes = self.chain.post(item)
        if outcomes is None:
            self.after(TILL_RETRY_S, lambda: self.post(item, told))
        else:
            told(outcomes[0])

    def box(self, member_of_fleet: TestKiosk, disk: SimDisk | None = None) -> SimKiosk:
        """A kiosk whose screen is seen, and that a supervisor starts again whenever it ended."""
        kiosk = SimKiosk(self.chain, member_of_fleet, disk)
        kiosk.on_frame = self.truth.look
        kiosk.on_end = lambda ended: self.after(SUPERVISOR_S, ended.switch_on)
        return kiosk

    def close(self) -> None:
        """Leave the arena to the next game."""
        self.chain.close()
