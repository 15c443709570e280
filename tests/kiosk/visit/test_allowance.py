import pytest

from kiosk.visit.allowance import NOTHING, allowance
from protocol.errors import ErrorCode
from tests.kiosk.builders import LATTE, SPEND, TOTE, make_reward

CATALOGUE = (
    make_reward(),
    make_reward(reward=TOTE, points=300, stock=4),
    make_reward(reward=SPEND, points=100, tiers=["diamond"]),
)


@pytest.mark.parametrize(
    ("reward", "price", "covered"),
    [(LATTE, 600, True), (LATTE, 599, False), (TOTE, 300, False), (SPEND, 100, False)],
)
def test_unlimited_rewards_for_every_tier_are_covered_at_their_price(reward: object, price: int, covered: bool) -> None:  # noqa: FBT001
    assert allowance(600, "gold", CATALOGUE, ()).covers(reward, price) is covered  # type: ignore[arg-type]


def test_a_price_above_what_is_lent_is_not_covered() -> None:
    assert not allowance(599, "gold", CATALOGUE, ()).covers(LATTE, 600)


def test_a_limited_reward_is_covered_where_a_piece_lies_here() -> None:
    assert allowance(600, "gold", CATALOGUE, {TOTE}).covers(TOTE, 300)


def test_a_reward_for_a_tier_is_covered_for_its_members() -> None:
    assert allowance(600, "diamond", CATALOGUE, ()).covers(SPEND, 100)


def test_what_is_barred_says_why() -> None:
    barred = allowance(600, "gold", CATALOGUE, ()).barred

    assert barred == {TOTE: ErrorCode.REDEEM_OFFLINE_STOCK, SPEND: ErrorCode.REWARD_TIER}


def test_nothing_covers_nothing() -> None:
    assert not NOTHING.covers(LATTE, 600)
