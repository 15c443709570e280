"""Power cuts in the middle of everything that a kiosk promises: nothing is lost, half done, or spent twice."""

from collections.abc import Callable, Iterator

import pytest

from protocol.events import CardSeen
from tests.kiosk.store.lives import CARD, Life, LostError, promises

IMAGES = 1_200
ACTS = {
    "asked and spent",
    "asked too late",
    "lent points",
    "lent stock",
    "spent from what was lent",
    "passed on",
    "note taken",
    "note given back",
    "recalled",
    "cards renewed",
    "tapped",
    "deadline passed",
    "bought",
    "confirmed",
    "settled",
    "snapshots came",
    "notice seen",
    "decided",
    "rewound",
    "pruned",
}
"""What changes the journal; compactions and restarts leave it saying the same."""


class Careless(Life):
    """A life with an act that takes two puts."""

    def _acts(self) -> Iterator[tuple[str, Callable[[], object]]]:
        yield "bought twice", self._buy_twice

    def _buy_twice(self) -> None:
        for _ in range(2):
            self._memory.chain.append([CardSeen(CARD)], self._stamp(), self._draw(1))


@pytest.mark.parametrize("seed", ["spring", "summer", "autumn", "winter"])
def test_nothing_promised_is_lost_or_given_twice(seed: str) -> None:
    assert promises(IMAGES, seed)["images"] >= IMAGES


def test_lives_do_everything_that_is_journaled() -> None:
    lives = [Life(f"everything/{number}", power_cuts=False) for number in range(30)]
    for life in lives:
        life.run()

    assert {name for life in lives for name, times in life.done.items() if times} == ACTS


def test_act_of_two_puts_is_found_half_done() -> None:
    with pytest.raises(LostError):
        Careless("careless").run()
