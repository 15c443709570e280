"""What a kiosk's clock can win its members: a purchase that comes late, judged by rules that end."""

from datetime import timedelta
from typing import Any

import pytest

from hub.programme.service import Change, publish
from tests.hub.world import START, TestKiosk, World

CAMPAIGN: dict[str, Any] = {"kind": "bonus", "points": 50, "campaign": "autumn"}
ENDS_AT = START + timedelta(days=1)


def put(world: World, **conditions: Any) -> None:
    with world.hub.database.write() as session:
        publish(session, Change("earning.autumn", CAMPAIGN | conditions, "test"), START)


def earned(world: World, kiosk: TestKiosk, **told: Any) -> int:
    """What a purchase of one point gives that a kiosk tells of now."""
    member = world.add_member()
    [outcome] = world.book(world.told(kiosk, world.purchase(member, 100), **told))
    assert outcome.is_applied
    return world.balance(member)


def met(world: World) -> TestKiosk:
    """A kiosk of which something is booked while the campaign is on."""
    kiosk = world.add_kiosk()
    assert earned(world, kiosk) == 51
    return kiosk


@pytest.mark.parametrize("shown", [START, ENDS_AT - timedelta(minutes=1), START - timedelta(days=400)])
def test_without_a_clock_nobody_reaches_a_campaign_that_is_over(world: World, shown: Any) -> None:
    put(world, ends_at=ENDS_AT.isoformat())
    kiosk = met(world)
    world.clock.pass_(days=3)

    assert earned(world, kiosk, occurred_at=shown, clock="none") == 1


def test_without_a_clock_the_weekday_is_that_on_which_it_came(world: World) -> None:
    put(world, weekdays=[START.isoweekday()])
    kiosk = met(world)
    world.clock.pass_(days=1)

    assert earned(world, kiosk, occurred_at=START, clock="none") == 1


def test_no_clock_reaches_a_campaign_that_was_over_at_the_event_ahead(world: World) -> None:
    put(world, ends_at=ENDS_AT.isoformat())
    kiosk = met(world)
    world.clock.pass_(days=3)
    earned(world, kiosk)

    assert earned(world, kiosk, occurred_at=START, clock="rtc") == 1


def test_no_clock_reaches_a_campaign_that_has_not_begun(world: World) -> None:
    put(world, starts_at=ENDS_AT.isoformat())
    kiosk = world.add_kiosk()

    assert earned(world, kiosk, occurred_at=ENDS_AT + timedelta(hours=1), clock="rtc") == 1


def test_a_purchase_in_a_campaign_counts_though_the_journal_comes_after_its_end(world: World) -> None:
    put(world, ends_at=ENDS_AT.isoformat())
    kiosk = met(world)
    world.clock.pass_(days=3)

    assert earned(world, kiosk, occurred_at=START + timedelta(hours=1), clock="rtc") == 51
