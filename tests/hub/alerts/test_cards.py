from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from hub.alerts.cards import Replays, Seen, far_apart, replayed_often
from hub.alerts.models import Alert
from hub.alerts.rules import AlertPolicy
from hub.alerts.service import look
from protocol.requests import PresentCard
from tests.hub.world import START, STORE, World

POLICY = AlertPolicy()
CARD, MEMBER = UUID(int=1), UUID(int=2)


def seen(store: str, minutes: float, **overrides: Any) -> Seen:
    return Seen(
        **{"card": CARD, "member": MEMBER, "store": store, "at": START + timedelta(minutes=minutes), **overrides}
    )


@pytest.mark.parametrize(
    ("second", "is_found"),
    [
        (seen("S02", 9), True),
        (seen("S02", 10), False),
        (seen("S01", 1), False),
        (seen("S02", 1, card=UUID(int=9)), False),
    ],
)
def test_a_card_in_two_stores_is_asked_about_where_nobody_is_so_fast(second: Seen, *, is_found: bool) -> None:
    found = list(far_apart([second, seen("S01", 0)], POLICY))

    assert [finding.subject for finding in found] == [f"card:{CARD}"] * is_found
    assert all(finding.evidence["stores"] == ["S01", "S02"] for finding in found)


@pytest.mark.parametrize(("count", "is_found"), [(4, False), (5, True), (50, True)])
def test_copies_that_are_tried_again_and_again_are_told_by_kiosk_and_day(count: int, *, is_found: bool) -> None:
    found = list(replayed_often([Replays("k-1", STORE, "2026-11-21", count)], POLICY))

    assert [(finding.subject, finding.key) for finding in found] == [("kiosk:k-1", "2026-11-21")] * is_found


def test_a_copied_card_is_found_once_by_what_it_does(world: World) -> None:
    here, there = world.add_kiosk(STORE), world.add_kiosk("S02")
    uid = world.add_card(world.add_member())
    copy = world.tap(uid, counter=5)
    world.book(world.asked(here, PresentCard(copy)))
    world.clock.pass_(seconds=60)
    world.book(world.asked(there, PresentCard(world.tap(uid, counter=6))))
    for _ in range(POLICY.replayed_taps):
        world.book(world.asked(here, PresentCard(copy)))

    found = [look(world.hub.database, world.clock.now) for _ in range(2)]

    with world.hub.database.read() as session:
        kinds = sorted((alert.kind, alert.subject) for alert in session.query(Alert))
    assert [len(ids) for ids in found] == [2, 0]
    assert [kind for kind, _subject in kinds] == ["card.far_apart", "card.replayed_often"]
    assert kinds[1][1] == f"kiosk:{here.id}"
