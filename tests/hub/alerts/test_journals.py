from typing import Any
from uuid import UUID

import pytest

from hub.alerts.journals import JournalHealth, sick_journals
from hub.alerts.service import look
from hub.fleet import births
from protocol.state import KioskStatus
from tests.hub.world import START, STORE, World

EPOCH = UUID(int=7)


def health(**overrides: Any) -> JournalHealth:
    return JournalHealth(**{"kiosk": "k-1", "store": STORE, "at": START, **overrides})


@pytest.mark.parametrize(
    ("percent", "severities"), [(0, []), (49, []), (50, ["medium"]), (79, ["medium"]), (80, ["high"]), (100, ["high"])]
)
def test_a_journal_that_fills_up_is_told_in_two_steps(percent: int, severities: list[str]) -> None:
    found = list(sick_journals([health(used_percent=percent)]))

    assert [finding.severity for finding in found] == severities


def test_a_fork_and_a_gap_are_each_told_once_by_their_place() -> None:
    found = list(sick_journals([health(forked=(EPOCH,), gaps=((EPOCH, 3, 9),))]))

    assert [(finding.kind, finding.key) for finding in found] == [
        ("journal.forked", str(EPOCH)),
        ("journal.gap", f"{EPOCH} 3"),
    ]


def test_a_kiosk_that_says_it_has_forked_is_found_once(world: World) -> None:
    kiosk = world.add_kiosk()
    with world.hub.database.write() as session:
        status = KioskStatus(state="online", connection=1, epoch=kiosk.epoch, forked=True)
        births.note_status(session, kiosk.id, status, world.clock.now, random_bytes=world.random.randbytes)

    found = [look(world.hub.database, world.clock.now) for _ in range(2)]

    assert [len(ids) for ids in found] == [1, 0]
