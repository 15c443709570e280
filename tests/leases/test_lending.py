"""What the hub's rule of lending is worth to a small chain, beside denying and beside trusting a cache."""

from dataclasses import replace

import pytest

from hub.leases.lending_rules import NOTHING, LendingPolicy
from tests.leases.lending import play
from tests.leases.months import Figures, Town, Way

TOWN = Town(stores=4, members=600, hub_outage_h=12, cheaters=3)
ALL = LendingPolicy()


def served(figures: Figures) -> float:
    return figures.offline_served / figures.offline_affordable


@pytest.mark.parametrize("seed", range(3))
def test_leases_never_overdraw_whoever_cheats(seed: int) -> None:
    found = play(TOWN, Way.LEND, ALL, seed)

    assert found.overdrafts == 0


def test_cheaters_overdraw_a_cache() -> None:
    found = play(TOWN, Way.TRUST, ALL, 1)

    assert found.overdrafts > 10


def test_most_of_what_can_be_afforded_at_home_is_served_offline() -> None:
    lent, denied = play(TOWN, Way.LEND, ALL, 1), play(TOWN, Way.DENY, ALL, 1)

    assert served(denied) == 0
    assert served(lent) > 0.7
    assert lent.online_refused < lent.online_affordable / 100


def test_two_kiosks_serve_more_when_they_pass_on_than_when_each_has_half() -> None:
    two = replace(TOWN, kiosks=2)

    split = play(two, Way.LEND, replace(ALL, kiosks_max=2), 1)
    passed_on = play(two, Way.POOL, ALL, 1)

    assert served(split) < served(passed_on)


def test_nothing_is_lent_without_a_policy() -> None:
    found = play(TOWN, Way.LEND, NOTHING, 1)

    assert found.offline_served == 0
    assert found.online_refused == 0


def test_same_seed_is_the_same_chain() -> None:
    assert play(TOWN, Way.LEND, ALL, 2) == play(TOWN, Way.LEND, ALL, 2)
