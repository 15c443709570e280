"""Some games of the campaign; many more are `./run bench simulation`."""

import shutil
from collections.abc import Iterator

import pytest

from tests.services.memory import new_folder
from tests.simulation.arena import Arena
from tests.simulation.campaign import play
from tests.simulation.deeds import DEEDS
from tests.simulation.schedule import DISASTERS, FAULTS, PEOPLE, SMALL, WHOLE, Scale, draw

WHOLE_GAMES = 1
SMALL_GAMES, SMALL_GAMES_EACH = 20, 10


@pytest.fixture(scope="module")
def arena() -> Iterator[Arena]:
    folder = new_folder("membertap-sim-")
    place = Arena(folder)
    yield place
    place.database.close()
    shutil.rmtree(folder)


def test_everything_that_can_be_drawn_can_be_done() -> None:
    assert set(DEEDS) == {*PEOPLE, *FAULTS, *DISASTERS}


@pytest.mark.parametrize(
    ("scale", "seeds"),
    [
        (WHOLE, range(WHOLE_GAMES)),
        *((SMALL, range(first, first + SMALL_GAMES_EACH)) for first in range(0, SMALL_GAMES, SMALL_GAMES_EACH)),
    ],
)
def test_games_end_with_equal_books_whatever_breaks(arena: Arena, scale: Scale, seeds: range) -> None:
    wrong = {seed: play(arena, draw(seed, scale)).wrong for seed in seeds}

    assert {seed: faults for seed, faults in wrong.items() if faults} == {}


def test_a_game_is_played_again_to_the_byte(arena: Arena) -> None:
    schedule = draw(10)

    first, second = (play(arena, schedule, is_traced=True) for _ in range(2))

    assert first.traces == second.traces
    assert first.digest == second.digest


def test_games_of_other_seeds_are_other_games(arena: Arena) -> None:
    digests = {play(arena, draw(seed), is_traced=True).digest for seed in (4, 10)}

    assert len(digests) == 2
