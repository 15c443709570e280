"""Games that a seed decides, for the bench and a short run of it among the tests. The same seed plays the same."""

from datetime import timedelta
from random import Random

from tests.model.game import Game, MismatchError
from tests.model.moves import MOVES
from tests.model.stage import Stage

BATCH_ITEMS = (1, 1, 2, 5, 12, 30, 90)
ITEMS_PER_COMPARISON = 200
TERMS_CHANGED = 3
"""So many other terms than usual are in force from the beginning."""

WAITS_MINUTES = (1, 1, 20, 60 * 5, 60 * 24 * 3, 60 * 24 * 33)
"""How long may pass between two batches: within a visit, a day, or until things expire."""


def play(stage: Stage, seed: int, items: int) -> Game:
    """Play until so many items were booked, then compare everything.

    Raises:
        MismatchError: if hub and model do not agree; it names the seed.
    """
    choose = Random(seed)
    game = Game.begin(stage)
    for _ in range(TERMS_CHANGED):
        game.change_terms(choose)
    compared, moments = 0, [game.now]
    try:
        while game.results.total() < items:
            _play_once(game, choose)
            moments.append(game.now)
            if game.results.total() >= compared + ITEMS_PER_COMPARISON:
                compared = game.results.total()
                game.compare(choose.choice(moments))
        game.compare(choose.choice(moments))
    except MismatchError as error:
        raise MismatchError(f"seed {seed}, after {game.results.total()} items: {error}") from error
    return game


def _play_once(game: Game, choose: Random) -> None:
    moves = [choose.choice(list(MOVES)) for _ in range(choose.choice(BATCH_ITEMS))]
    game.play(moves, choose)
    if choose.randrange(3) == 0:
        game.pass_time(timedelta(minutes=choose.choice(WAITS_MINUTES)))
    if choose.randrange(8) == 0:
        game.pass_time_until_something_expires(choose)
    if choose.randrange(20) == 0:
        game.change_terms(choose)
    if choose.randrange(5) == 0:
        game.free_holds()
    if choose.randrange(12) == 0:
        game.end_days()
