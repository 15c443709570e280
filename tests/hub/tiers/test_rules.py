import pytest

from hub.tiers.rules import Level, earned_level, level_after

LEVELS = (Level("classic", 0, 0, 10_000), Level("silver", 1, 1_000, 12_000), Level("gold", 2, 5_000, 15_000))


@pytest.mark.parametrize(
    ("qualifying", "tier"), [(0, "classic"), (999, "classic"), (1_000, "silver"), (4_999, "silver"), (10**9, "gold")]
)
def test_qualifying_points_earn_a_tier(qualifying: int, tier: str) -> None:
    assert earned_level(LEVELS, qualifying).tier == tier


def test_earning_never_takes_a_tier_away() -> None:
    assert level_after(LEVELS, "gold", 0).tier == "gold"


def test_an_upgrade_may_skip_a_tier() -> None:
    assert level_after(LEVELS, "classic", 6_000).tier == "gold"
