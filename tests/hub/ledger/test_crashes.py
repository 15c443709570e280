"""Bookings and day ends that are killed at their statements: done again, they end as if nothing had happened.

Only some statements are deadly here, of small batches every third; in the bench `ledger-model` all of them are.
"""

from datetime import timedelta
from random import Random

import pytest

from hub.db.session import Database
from tests.model.crash import Batch, DayEnd, Scene
from tests.model.game import Game
from tests.model.moves import MOVES
from tests.model.stage import Stage
from tests.model.state import dump

STRIDE = 11
SMALL_STRIDE = 3


@pytest.fixture
def game(database: Database) -> Game:
    """A game in which everything has happened a few times."""
    game, choose = Game.begin(Stage.build(database)), Random(3)
    for _ in range(4):
        game.play(list(MOVES), choose)
        game.pass_time(timedelta(minutes=1))
    return game


def scene_of(game: Game, *moves: str) -> Scene:
    """What is about to be booked in a game."""
    database = game.world.hub.database
    return Scene(database, dump(database), Batch(game.make(moves, Random(5))), game.now)


def test_a_batch_killed_in_the_middle_leaves_nothing_behind(game: Game) -> None:
    scene = scene_of(game, "buy", "return_goods", "hold", "top_up")

    deaths = scene.die_everywhere(is_whole=True, stride=SMALL_STRIDE)

    assert deaths > 7


def test_a_large_batch_killed_on_its_way_leaves_nothing_behind(game: Game) -> None:
    scene = scene_of(game, *list(MOVES) * 2)

    deaths = scene.die_everywhere(is_whole=True, stride=STRIDE)

    assert deaths > 5


def test_a_day_end_killed_on_its_way_ends_the_same(game: Game) -> None:
    game.pass_time(timedelta(days=40))
    game.end_days()
    game.play(["buy", "top_up", "hold", "buy_package"] * 5, Random(7))
    game.pass_time(timedelta(days=1))
    database = game.world.hub.database
    scene = Scene(database, dump(database), DayEnd(), game.now)

    deaths = scene.die_everywhere(is_whole=False, stride=STRIDE)

    assert deaths > 3
