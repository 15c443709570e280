"""A short round of the campaign that `./run bench kills` plays at length."""

from pathlib import Path

import pytest

from tests.bench.arena import POSTGRESQL
from tests.bench.kills import BAD, Totals, play

pytestmark = pytest.mark.timeout(600)

SEED, KILLS = 15, 4
"""Many more, of every kind of process, are `./run bench kills`."""


def test_whatever_is_killed_the_hub_has_booked_what_the_journals_say(tmp_path: Path) -> None:
    totals = Totals()

    play(tmp_path, POSTGRESQL, (SEED, KILLS), totals)

    assert {name: totals.counts[name] for name in BAD} == dict.fromkeys(BAD, 0)
    assert totals.counts["kills"] == KILLS
    assert totals.counts["events"] > 0
