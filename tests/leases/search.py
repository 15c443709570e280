"""Explores every state that can be reached within bounds, breadth first, so that what it finds is the shortest way.

A state is kept as one integer: its parts are numbered in the order in which they were first seen.
"""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.leases.hub_steps import hub_steps
from tests.leases.kiosk_steps import kiosk_steps
from tests.leases.states import Bounds, Broken, State, beginning

PART_BITS = 24
"""Room for the number of one part: sixteen million of each."""

Check = Callable[[State, Bounds], str | None]
"""Says what is wrong with a state."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search saw. `trace` are the steps to the first state that is wrong; empty where none is."""

    states: int
    depth: int
    wrong: str | None = None
    trace: tuple[str, ...] = ()


@dataclass(slots=True)
class Parts:
    """Numbers for whatever a state is made of."""

    numbers: dict[Hashable, int] = field(default_factory=dict)
    values: list[Any] = field(default_factory=list)

    def number(self, value: Hashable) -> int:
        """The number of a part, a new one if it was never seen."""
        number = self.numbers.setdefault(value, len(self.values))
        if number == len(self.values):
            self.values.append(value)
        return number


class Search:
    """One exploration."""

    def __init__(self, bounds: Bounds, broken: Broken | None = None) -> None:
        self._bounds = bounds
        self._broken = broken
        self._hubs, self._kiosks, self._worlds = Parts(), Parts(), Parts()
        self._parents: dict[int, int] = {}

    def run(self, check: Check) -> Found:
        """Look at every state once; ends at the first that is wrong."""
        start = self._pack(beginning(self._bounds))
        self._parents[start] = start
        level, depth = [start], 0
        while level:
            following: list[int] = []
            for packed in level:
                state = self._unpack(packed)
                wrong = check(state, self._bounds)
                if wrong is not None:
                    return Found(len(self._parents), depth, wrong, self._trace(packed))
                for _text, after in self._steps(state):
                    reached = self._pack(after)
                    if reached not in self._parents:
                        self._parents[reached] = packed
                        following.append(reached)
            level, depth = following, depth + bool(following)
        return Found(len(self._parents), depth)

    def _steps(self, state: State) -> Iterator[tuple[str, State]]:
        yield from kiosk_steps(state, self._bounds, self._broken)
        yield from hub_steps(state, self._bounds, self._broken)

    def _pack(self, state: State) -> int:
        packed = self._hubs.number(state.hub) << PART_BITS | self._worlds.number(state.world)
        for kiosk in state.kiosks:
            packed = packed << PART_BITS | self._kiosks.number(kiosk)
        return packed

    def _unpack(self, packed: int) -> State:
        mask = (1 << PART_BITS) - 1
        parts = [packed >> at * PART_BITS & mask for at in range(self._bounds.kiosks + 2)]
        kiosks = tuple(self._kiosks.values[part] for part in reversed(parts[: self._bounds.kiosks]))
        world, hub = parts[self._bounds.kiosks :]
        return State(self._hubs.values[hub], kiosks, self._worlds.values[world])

    def _trace(self, packed: int) -> tuple[str, ...]:
        texts: list[str] = []
        while (parent := self._parents[packed]) != packed:
            texts.append(self._text(parent, packed))
            packed = parent
        return tuple(reversed(texts))

    def _text(self, before: int, after: int) -> str:
        return next(text for text, state in self._steps(self._unpack(before)) if self._pack(state) == after)
