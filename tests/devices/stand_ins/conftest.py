import time
from collections.abc import Callable, Iterator
from typing import Any

import nfc
import nfc.clf
import nfc.tag
import pytest

from devices.stand_ins.field import Card, Field
from devices.stand_ins.udp import UdpAntenna


@pytest.fixture
def present(field: Field) -> Iterator[Callable[[Card], Any]]:
    """Lay a card on an antenna and let unmodified nfcpy activate it."""
    with UdpAntenna(field, now_s=time.monotonic) as antenna, nfc.ContactlessFrontend(antenna.path) as frontend:

        def activate(card: Card) -> Any:
            field.place(card)
            return nfc.tag.activate(frontend, frontend.sense(nfc.clf.RemoteTarget("106A"), iterations=1))

        yield activate
