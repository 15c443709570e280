"""Power cuts at every step of random histories; the campaign can be run for longer by itself."""

import errno
from random import Random

import pytest

from tests.kiosk.store.campaign import History, campaign
from tests.simulation.disk import Extent, Fault

IMAGES = 3_000


@pytest.mark.parametrize("seed", ["earth", "water", "fire", "air"])
def test_nothing_acknowledged_is_lost_and_nothing_half_done(seed: str) -> None:
    assert campaign(IMAGES, seed)["images"] >= IMAGES


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
@pytest.mark.parametrize("extent", Extent)
def test_refusal_of_any_operation_loses_nothing(error: int, extent: Extent) -> None:
    plain = History("refusals", power_cuts=False)
    plain.run()

    refused = 0
    for step in range(plain.disk.steps):
        history = History("refusals", faults={step: Fault(error, extent)}, power_cuts=False)
        history.run()
        refused += history.refusals.total()

    assert refused > plain.disk.steps // 2


def test_two_refusals_lose_nothing() -> None:
    random = Random("two")
    for history in range(150):
        faults = {random.randrange(150): Fault(errno.EIO, random.choice(list(Extent))) for _ in range(2)}
        History(f"two/{history}", faults=faults, power_cuts=False).run()
