"""Plays games by their seeds, tells what is wrong with how they ended, and makes a failing one short."""

import traceback
from collections import Counter
from dataclasses import dataclass, field

from tests.simulation.arena import Arena
from tests.simulation.checks import Findings, check
from tests.simulation.doom import HubDiedError
from tests.simulation.game import Game
from tests.simulation.healing import heal
from tests.simulation.schedule import DISASTERS, FAULTS, Schedule


@dataclass(slots=True)
class Result:
    """How one game ended: what is wrong, and figures that add up over games."""

    schedule: Schedule
    wrong: list[str] = field(default_factory=list)
    figures: Counter[str] = field(default_factory=Counter)
    traces: list[str] = field(default_factory=list)
    digest: str = ""


def play(arena: Arena, schedule: Schedule, *, is_traced: bool = False) -> Result:
    """Play one game, mend everything, and look at what is left."""
    result = Result(schedule)
    game = Game(arena, schedule, is_traced=is_traced)
    try:
        game.play()
        heal(game)
        found = check(game)
    except (Exception, HubDiedError):  # noqa: BLE001 - whatever breaks is what the campaign is there to find
        found = Findings([traceback.format_exc()])
    result.wrong = found.wrong
    result.figures = _figures(game, found)
    if is_traced:
        result.traces, result.digest = game.chain.traces, game.chain.digest()
    game.close()
    return result


def shrink(arena: Arena, schedule: Schedule) -> Schedule:
    """Drop acts while the game still ends wrong: halves first, then ever smaller parts, then single ones."""
    size = max(1, len(schedule.acts) // 2)
    while True:
        start, has_shrunk = 0, False
        while start < len(schedule.acts):
            shorter = schedule.without(frozenset(range(start, start + size)))
            if play(arena, shorter).wrong:
                schedule, has_shrunk = shorter, True
            else:
                start += size
        if size == 1 and not has_shrunk:
            return schedule
        size = max(1, size // 2)


def _figures(game: Game, found: Findings) -> Counter[str]:
    truth, days = game.truth, game.chain.time.elapsed / 86_400
    return Counter(
        seeds=1,
        wrong=bool(found.wrong),
        kiosk_hours=round(24 * days * len(game.kiosks)),
        faults=sum(count for name, count in truth.counts.items() if name in FAULTS or name in DISASTERS),
        acts=truth.counts.total() - truth.counts["asked"],
        asked=truth.counts["asked"],
        served=len(truth.seen),
        receipts=len(truth.receipts),
        lost=found.lost,
        doubled=found.doubled,
        overdrafts=found.overdrafts,
        passed=found.passed,
    )
