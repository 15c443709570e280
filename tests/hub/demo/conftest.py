"""One hub with the demo chain, seeded once for all tests that only look at it."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from hub import migrations
from hub.composition import Hub, compose
from hub.db.session import Database
from hub.demo.seed import Seeded, seed
from tests.hub.world import SECRETS, TestClock

SEED = 1


@dataclass(frozen=True, slots=True)
class Demo:
    """A hub with the demo chain, and what seeding it told."""

    hub: Hub
    seeded: Seeded


def seed_demo(folder: Path, keys: int) -> Demo:
    """A new hub with the demo chain; `keys` seeds what is drawn anew at every seeding."""
    url = f"sqlite:///{folder / 'demo.db'}"
    migrations.upgrade(url)
    hub = compose(Database(url), SECRETS, clock=TestClock(), random_bytes=Random(keys).randbytes)
    return Demo(hub, seed(hub, SEED))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo chain; do not change it."""
    folder = tmp_path_factory.mktemp("demo")
    made = seed_demo(folder, keys=1)
    yield made
    made.hub.database.close()
    shutil.rmtree(folder)
