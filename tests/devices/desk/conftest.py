from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.desk.counters import CounterFile
from devices.desk.desk import Desk
from devices.stand_ins.field import Field
from tests.devices.builders import counted_bytes, make_cards_file


@pytest.fixture
def counters(tmp_path: Path) -> Iterator[CounterFile]:
    with CounterFile(tmp_path / "cards.state.json") as counters:
        yield counters


@pytest.fixture
def desk(field: Field, counters: CounterFile) -> Desk:
    return Desk(make_cards_file(), field, counters=counters, random_bytes=counted_bytes())
