"""The lease protocol, explored: nothing that may happen makes or loses a point, and every short cut does.

Stock leases follow the same steps, with pieces for points. `./run bench leases` explores larger instances.
"""

import pytest

from tests.leases.invariants import beyond_the_copy, beyond_the_gift, misbooked, overdrawn, stranded, wrong
from tests.leases.search import Check, Search
from tests.leases.states import Bounds, Broken

INSTANCES = {
    "lent, recalled, written off": Bounds(credits=2, leases=2, tills=1, recalls=1, write_offs=1),
    "passed on among three": Bounds(kiosks=3, credits=2, leases=1, notes=1, recalls=1),
    "passed on twice, written off": Bounds(credits=2, leases=1, notes=2, write_offs=1),
    "crashes": Bounds(credits=2, leases=1, notes=1, crashes=2),
    "hub restored": Bounds(credits=2, leases=2, restores=1),
    "hub restored, passed on": Bounds(credits=2, leases=1, notes=1, restores=1),
}
"""Small enough for every run of the tests."""

ONE_POINT = {"credits": 1, "leases": 1, "lent_max": 1}


@pytest.mark.parametrize("bounds", INSTANCES.values(), ids=INSTANCES)
def test_no_order_of_events_makes_or_loses_a_point(bounds: Bounds) -> None:
    found = Search(bounds).run(wrong)

    assert found.wrong is None, "\n".join((found.wrong, *found.trace))
    assert found.states > 1_000


@pytest.mark.parametrize(
    ("broken", "bounds", "check", "steps"),
    [
        (Broken.FREED_BY_TIME, Bounds(**ONE_POINT, tills=1), overdrawn, 4),
        (Broken.FREED_BY_RECALL, Bounds(**ONE_POINT, tills=1, recalls=1), overdrawn, 5),
        (Broken.GRANTED_TWICE, Bounds(**ONE_POINT), overdrawn, 3),
        (Broken.SPENT_AFTER_CLOSE, Bounds(**ONE_POINT, tills=1), overdrawn, 6),
        (Broken.ROLLED_BACK, Bounds(**ONE_POINT), overdrawn, 5),
        (Broken.BOOKED_TWICE, Bounds(leases=1), misbooked, 6),
        (Broken.SHOWN_FIRST, Bounds(**ONE_POINT, crashes=1), overdrawn, 5),
        (Broken.NOTE_TAKEN_TWICE, Bounds(**ONE_POINT, notes=1), overdrawn, 7),
        (Broken.NOTE_FOR_ANYBODY, Bounds(**ONE_POINT, kiosks=3, notes=1), overdrawn, 7),
        (Broken.NO_FENCE, Bounds(**ONE_POINT, notes=1, crashes=1), overdrawn, 9),
        (Broken.TAKEN_BACK, Bounds(**ONE_POINT, notes=1), overdrawn, 7),
        (Broken.GIVEN_BACK, Bounds(**ONE_POINT, tills=1), overdrawn, 4),
        (Broken.NO_WAITING, Bounds(**ONE_POINT, tills=1, restores=1), overdrawn, 5),
        (Broken.NUMBERS_AGAIN, Bounds(credits=1, lent_max=1, restores=1), stranded, 11),
        (Broken.GRANTS_OUTLIVE_THE_HUB, Bounds(**ONE_POINT, tills=1, restores=1), overdrawn, 9),
    ],
    ids=lambda value: value.name if isinstance(value, Broken) else "",
)
def test_every_short_cut_has_its_counterexample(broken: Broken, bounds: Bounds, check: Check, steps: int) -> None:
    whole = Search(bounds).run(check)
    found = Search(bounds, broken).run(check)

    assert whole.wrong is None
    assert found.wrong is not None
    assert len(found.trace) == steps, "\n".join(found.trace)


def test_shortest_trace_tells_what_happened() -> None:
    found = Search(Bounds(**ONE_POINT, tills=1), Broken.FREED_BY_TIME).run(overdrawn)

    assert found.wrong == "2 redeemed of 1"
    assert found.trace == (
        "hub lends 1 to k0, which asked",
        "k0 spends asked lease 1",
        "hub takes lease 1 of k0 back by the clock",
        "a till takes 1",
    )


def test_copied_disk_gains_at_most_what_was_open_on_it() -> None:
    found = Search(Bounds(credits=2, leases=1, tills=1, recalls=1), Broken.ROLLED_BACK).run(beyond_the_copy)

    assert found.wrong is None, "\n".join(found.trace)


def test_person_who_gives_back_loses_at_most_what_was_given_back() -> None:
    found = Search(Bounds(credits=2, leases=1, tills=2), Broken.GIVEN_BACK).run(beyond_the_gift)

    assert found.wrong is None, "\n".join(found.trace)
