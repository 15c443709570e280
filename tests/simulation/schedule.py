"""What is to happen in a game, drawn from its seed beforehand: who is there, what people do, and what breaks.

A schedule is plain data, so that a failing one can be printed, played again, and shortened act by act.
"""

from dataclasses import dataclass, replace
from random import Random
from typing import Any

from tests.simulation.arena import KIOSKS_PER_STORE, MEMBERS, REWARDS, STORES
from tests.simulation.network import Weather

DAY_S = 24 * 3600.0
BURST_S = (15.0, 60.0, 300.0)
"""Acts come in bursts, so that they meet; between two bursts nothing happens for hours or days."""

FIRST = 150_000
"""What every member spends at first, in minor units, and so has points to begin with."""

PROLOGUE_S = 120.0
"""At first everybody gets points and is seen somewhere, so that kiosks know people and have something lent to them."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How large games may be. There are few members, so that one member is often at two places at once."""

    days: tuple[int, ...]
    members: tuple[int, ...]
    kiosks_max: int
    bursts_max: int
    acts_max: int


WHOLE = Scale((1, 1, 1, 2, 2, 3, 5, 9, 34), (1, 1, 2, 2, 3, 4, MEMBERS), kiosks_max=5, bursts_max=5, acts_max=14)
"""Games in which days end and lots expire, after a month."""

SMALL = Scale((1,), (1, 1, 2), kiosks_max=2, bursts_max=1, acts_max=10)
"""Games of one burst: a hundred of them are played while ten whole ones are."""


@dataclass(frozen=True, slots=True)
class Act:
    """Something that happens so many seconds into the game."""

    at_s: float
    name: str
    what: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.at_s:.3f} {self.name} {self.what}"


@dataclass(frozen=True, slots=True)
class Schedule:
    """One game."""

    seed: int
    kiosks: tuple[int, ...]
    members: int
    days: int
    weather: Weather
    acts: tuple[Act, ...]

    def without(self, dropped: frozenset[int]) -> "Schedule":
        """The same game without some of its acts."""
        return replace(self, acts=tuple(act for number, act in enumerate(self.acts) if number not in dropped))


PEOPLE = {"visit": 14, "buy": 5, "buy_at_kiosk": 4, "pay": 3, "pass_on": 1, "copy_card": 1}
"""How often people do what."""

FAULTS = {
    "cut_line": 4,
    "cut_store": 3,
    "mute_line": 2,
    "slow_line": 2,
    "stop_broker": 2,
    "change_weather": 2,
    "kill_hub": 2,
    "hub_dies_at_statement": 3,
    "hub_dies_before_publishing": 3,
    "kill_kiosk": 2,
    "cut_power": 2,
    "cut_power_at_step": 4,
    "break_disk": 3,
    "fill_disk": 1,
    "set_clock": 2,
}
"""How often what breaks."""

DISASTERS = {
    "change_terms": 3,
    "write_off": 2,
    "lose_disk": 1,
    "rot": 1,
    "copy_disk": 2,
    "back_up": 3,
    "restore_backup": 2,
}
"""What a person does, or what a person has to put right."""


def draw(seed: int, scale: Scale = WHOLE) -> Schedule:
    """Draw a game."""
    random = Random(seed)
    stores = random.randint(1, len(STORES))
    possible = [number for number in range(len(STORES) * KIOSKS_PER_STORE) if number % len(STORES) < stores]
    kiosks = tuple(sorted(random.sample(possible, min(random.randint(2, scale.kiosks_max), len(possible)))))
    days = random.choice(scale.days)
    members = random.choice(scale.members)
    people = _People(random, len(kiosks), members)
    acts: list[Act] = []
    faultiness, disastrousness = random.choice([0.0, 0.15, 0.35, 0.5]), random.choice([0.0, 0.0, 0.04, 0.1])
    for _ in range(random.randint(1, scale.bursts_max)):
        begin, length = random.uniform(PROLOGUE_S, days * DAY_S), random.choice(BURST_S)
        for _ in range(random.randint(3, scale.acts_max)):
            at_s = round(begin + random.uniform(0, length), 3)
            dice = random.random()
            kinds = DISASTERS if dice < disastrousness else FAULTS if dice < disastrousness + faultiness else PEOPLE
            name = random.choices(list(kinds), list(kinds.values()))[0]
            acts.append(Act(at_s, name, people.details(name)))
    acts += people.prologue()
    weather = draw_weather(random, random.random() < faultiness)
    return Schedule(seed, kiosks, members, days, weather, tuple(sorted(acts, key=lambda act: (act.at_s, act.name))))


def draw_weather(random: Random, is_bad: bool) -> Weather:  # noqa: FBT001 - said by whoever draws
    """How the network is for a while."""
    if not is_bad:
        return Weather()
    return Weather(
        delay_max_s=random.choice([0.02, 0.3, 3.0]),
        loss=random.choice([0.0, 0.02, 0.2]),
        repetition=random.choice([0.0, 0.05, 0.3]),
        forgetting=random.choice([0.0, 0.5]),
        will_delay_max_s=random.choice([0.0, 10.0, 60.0]),
        reorders=random.random() < 0.5,
        strays=random.random() < 0.3,
    )


class _People:
    """Draws the details of acts."""

    def __init__(self, random: Random, kiosks: int, members: int) -> None:
        self._random = random
        self._kiosks = kiosks
        self._members = members

    def prologue(self) -> list[Act]:
        """What happens before anything breaks."""
        acts: list[Act] = []
        for number in range(self._members):
            acts.append(Act(0.0, "buy", self.details("buy") | {"member": number, "minor": FIRST}))
            seen = self.details("visit") | {"member": number, "ends": "before_choosing", "pushes": True}
            acts.append(Act(3.0 + 8 * number, "visit", seen))
        return acts

    def details(self, name: str) -> dict[str, Any]:
        """Draw the details of an act of this name."""
        random = self._random
        common = {"kiosk": random.randrange(self._kiosks), "member": random.randrange(self._members)}
        draw = getattr(self, name, None)
        return common | (draw() if draw is not None else {"for_s": round(random.expovariate(1 / 60), 3)})

    def visit(self) -> dict[str, Any]:
        random = self._random
        return {
            "reward": random.choice(list(REWARDS)),
            "thinks_s": round(random.expovariate(1 / 2), 3),
            "hesitates_s": round(random.expovariate(1 / 1.5), 3),
            "waits_s": round(random.expovariate(1 / 5), 3),
            "ends": random.choice(["done", "done", "again", "walks", "before_choosing", "before_confirming"]),
            "pushes": random.random() < 0.25,
        }

    def buy(self) -> dict[str, Any]:
        return {"minor": self._random.choice([900, 5_000, 21_000, 70_000])}

    def buy_at_kiosk(self) -> dict[str, Any]:
        return {"minor": self._random.choice([900, 5_000, 21_000])}

    def pay(self) -> dict[str, Any]:
        return {"points": self._random.choice([10, 100, 400])}

    def pass_on(self) -> dict[str, Any]:
        return {"to": self._random.randrange(self._members), "points": self._random.choice([5, 50, 300])}

    def copy_card(self) -> dict[str, Any]:
        return {"age": self._random.randint(0, 3)}

    def cut_line(self) -> dict[str, Any]:
        return {"for_s": round(self._random.expovariate(1 / self._random.choice([2, 60, 3_600, 3 * DAY_S])), 3)}

    def cut_store(self) -> dict[str, Any]:
        return self.cut_line()

    def slow_line(self) -> dict[str, Any]:
        return {"for_s": self._span(), "slowness_s": self._random.choice([0.2, 1.0, 4.0])}

    def stop_broker(self) -> dict[str, Any]:
        return {"for_s": self._span(), "is_empty": self._random.random() < 0.5}

    def change_weather(self) -> dict[str, Any]:
        return {"for_s": self._span(), "seed": self._random.randrange(1 << 30)}

    def hub_dies_at_statement(self) -> dict[str, Any]:
        return {"for_s": self._span(), "statement": self._random.randint(1, 60)}

    def cut_power_at_step(self) -> dict[str, Any]:
        return {"for_s": self._span(), "step": self._random.randint(1, 25)}

    def break_disk(self) -> dict[str, Any]:
        random = self._random
        return {
            "step": random.randint(0, 30),
            "error": random.choice(["EIO", "EIO", "ENOSPC"]),
            "extent": random.choice(["nothing", "half", "everything"]),
            "steps": random.choice([1, 1, 5]),
        }

    def set_clock(self) -> dict[str, Any]:
        random = self._random
        return {
            "for_s": self._span(),
            "offset_s": random.choice([-56 * 365 * DAY_S, -365 * DAY_S, -3_600.0, 40.0, 3 * DAY_S, 400 * DAY_S]),
        }

    def change_terms(self) -> dict[str, Any]:
        return {"terms": self._random.randrange(1 << 30)}

    def write_off(self) -> dict[str, Any]:
        return {"outcome": self._random.choice(["give_back", "spent"])}

    def restore_backup(self) -> dict[str, Any]:
        return {"for_s": self._span(), "age": self._random.randint(0, 3)}

    def copy_disk(self) -> dict[str, Any]:
        return {"for_s": self._span(), "takes_over_s": round(self._random.uniform(0, 300), 3)}

    def _span(self) -> float:
        return round(self._random.expovariate(1 / self._random.choice([1, 20, 300])), 3)
