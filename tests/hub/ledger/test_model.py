"""The hub and a naive model do the same, item by item: whatever is done, in whatever batches, on both databases."""

from collections import Counter
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from sqlalchemy import update

from hub.db.session import Database
from hub.intake import Item
from hub.ledger.models import Lot
from hub.points.service import points_account
from hub.purchases.checkout import PurchasePosted
from hub.returns.intake import LineReturned, PurchaseReturned
from protocol.events import PurchaseLine, PurchaseRecorded
from tests.model.chain import KINDS
from tests.model.game import Game, MismatchError
from tests.model.moves import MOVES
from tests.model.seeded import play
from tests.model.stage import Stage

GAMES = settings(
    max_examples=12,
    stateful_step_count=12,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
"""The same games every time; the bench `ledger-model` plays others.

To have a failure made small takes minutes: add `Phase.shrink`, and give the test more time.
"""

SEEDS = (10, 28)
SEEDED_ITEMS = 250

choices = st.randoms(use_true_random=False)


class Play(RuleBasedStateMachine):
    """Anybody does anything, at any time."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.game = Game.begin(stage)
        self.moments: list[datetime] = [self.game.now]

    @rule(moves=st.lists(st.sampled_from(sorted(MOVES)), min_size=1, max_size=12), choose=choices)
    def book(self, moves: list[str], choose: Random) -> None:
        self.game.play(moves, choose)
        self.moments.append(self.game.now)

    @rule(minutes=st.sampled_from([1, 20, 60 * 7, 60 * 24, 60 * 24 * 33]))
    def pass_time(self, minutes: int) -> None:
        self.game.pass_time(timedelta(minutes=minutes))

    @rule(choose=choices)
    def pass_time_until_something_expires(self, choose: Random) -> None:
        self.game.pass_time_until_something_expires(choose)

    @rule(choose=choices)
    def change_terms(self, choose: Random) -> None:
        self.game.change_terms(choose)

    @rule()
    def free_holds(self) -> None:
        self.game.free_holds()

    @rule()
    def end_days(self) -> None:
        self.game.end_days()

    @rule(choose=choices)
    def compare(self, choose: Random) -> None:
        self.game.compare(choose.choice(self.moments))

    def teardown(self) -> None:
        self.game.compare(self.moments[len(self.moments) // 2])


@pytest.fixture
def stage(database: Database) -> Stage:
    return Stage.build(database)


def sold(game: Game, member: UUID, amount: int) -> Item:
    """Two pieces of something that no rule but the first knows."""
    body = PurchasePosted("A1", member, "CNY", game.now, [PurchaseLine("p2", "coffee", 2, amount)])
    return game.post("purchase.recorded", body)


def test_hub_and_model_agree_whatever_is_done(stage: Stage) -> None:
    run_state_machine_as_test(lambda: Play(stage), settings=GAMES)  # type: ignore[arg-type] # a factory is documented


def test_hub_and_model_agree_in_long_games_in_which_everything_happens(stage: Stage) -> None:
    games = [play(stage, seed, SEEDED_ITEMS) for seed in SEEDS]

    applied = sum((game.applied for game in games), Counter[str]())
    assert applied.keys() == KINDS.keys()
    assert all(applied.values())


def test_a_game_whose_books_were_tampered_with_is_a_mismatch(stage: Stage) -> None:
    game = Game.begin(stage)
    member = game.members[1]
    game.book([sold(game, member, 10_000)])
    with game.world.hub.database.write() as session:
        session.execute(update(Lot).where(Lot.account == points_account(member)).values(remaining=Lot.remaining - 1))

    with pytest.raises(MismatchError, match="the hub says"):
        game.compare(game.now)


def test_points_lost_by_a_silence_that_was_none_come_back_and_can_be_returned(stage: Stage) -> None:
    game = Game.begin(stage)
    member, account = game.members[1], points_account(game.members[1])
    game.put("expiry", {"kind": "inactivity", "months": 1})
    game.put("earning.4", {"kind": "bonus"})
    purchase = sold(game, member, 10_000)

    game.book([purchase])
    for days in (3, 40):
        game.pass_time(timedelta(days=days))
        game.end_days()
    lost = game.chain.books.held(account)
    late = PurchaseRecorded("K1", member, "CNY", game.now, [PurchaseLine("p2", "coffee", 1, 300)])
    game.book([game.tell(0, late, late=timedelta(days=30))])
    game.end_days()
    back = game.chain.books.held(account)
    game.book([game.post("purchase.returned", PurchaseReturned("B1", [LineReturned(1, 1, 5_000)], purchase.id))])

    game.compare(game.now)
    assert (lost, back, game.chain.books.held(account)) == (0, 103, 53)
