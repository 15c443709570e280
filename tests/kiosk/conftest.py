"""A kiosk that is online, and forgets everything afterwards."""

from collections.abc import Iterator

import pytest

from protocol.requests import (
    ReleaseKey,
)
from tests.kiosk.lent_rig import Store
from tests.kiosk.rig import Rig


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig()
    rig.go_online()
    rig.questions(ReleaseKey)
    yield rig
    rig.store.close()


@pytest.fixture
def lent_rig() -> Iterator[Store]:
    """A kiosk to which points and pieces are lent."""
    opened = Store()
    opened.open()
    opened.lend()
    yield opened
    opened.store.close()
