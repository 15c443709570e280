"""Day ends that are killed at every statement: run again, they end as if nothing had been."""

from datetime import UTC, datetime, timedelta

from tests.hub.day_end.evening import EndDays, Evening
from tests.hub.wallet.purse import Purse
from tests.hub.world import START
from tests.model.crash import Scene
from tests.model.state import dump

STRIDE = 9
"""Only every so manieth statement is deadly: there are hundreds, and each chunk has more than so many."""


def everything_at_once(evening: Evening) -> None:
    """A chain on whose day every step has something to do, for more members than a chunk takes."""
    world = evening.world
    purse = Purse(world)
    evening.term("wallet", bonus_months=6)
    evening.term("gift.1", at_least=100, gift=50)
    purse.top_up(10_000)
    silent, old, soon = world.add_member("张伟"), world.add_member("陈思远"), world.add_member("林晓雨")
    world.earn(old, 100)
    kiosk = world.add_kiosk()
    world.book(world.told(kiosk, world.purchase(old, 100)))
    world.clock.pass_(days=10)
    world.earn(soon, 100)
    evening.term("expiry", kind="inactivity", months=12)
    world.clock.now = START + timedelta(hours=1)
    world.earn(silent, 30)
    evening.skip_to(datetime(2027, 11, 21, 17, tzinfo=UTC))
    world.book(world.told(kiosk, world.purchase(old, 500), occurred_at=START + timedelta(hours=2)))


def test_a_day_end_killed_at_any_step_is_simply_run_again(evening: Evening) -> None:
    everything_at_once(evening)
    database = evening.world.hub.database
    scene = Scene(database, dump(database), EndDays(), evening.world.clock.now)

    deaths = scene.die_everywhere(is_whole=False, stride=STRIDE)

    assert deaths > 12
    assert len(evening.transfers("points.expired")) == 3
    assert len(evening.transfers("bonus.expired")) == 1
    assert len(evening.notices()) == 1
