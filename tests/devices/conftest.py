import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from devices.nfc import NfcReader
from devices.reader import ReaderReady
from devices.stand_ins.field import Field
from devices.stand_ins.pn532 import Pn532
from devices.stand_ins.udp import UdpAntenna
from tests.devices.reports import Reports


@pytest.fixture
def field() -> Field:
    return Field()


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    """Ends, in reverse order, whatever a test begins."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def start_reader(opened: ExitStack, reports: Reports) -> Callable[[str], NfcReader]:
    def start(path: str) -> NfcReader:
        reader = NfcReader(path, reports.take)
        reader.start()
        opened.callback(reader.stop)
        return reader

    return start


@pytest.fixture(params=["udp", "pn532"])
def path(request: pytest.FixtureRequest, field: Field, opened: ExitStack) -> str:
    """Leads to the field, once through nfcpy's `udp` driver and once through its serial PN532 driver."""
    if request.param == "udp":
        return opened.enter_context(UdpAntenna(field, now_s=time.monotonic)).path
    return f"tty:{opened.enter_context(Pn532(field)).port}:pn532"


@pytest.fixture
def reader(path: str, start_reader: Callable[[str], NfcReader], reports: Reports) -> NfcReader:
    started = start_reader(path)
    reports.skip_to(ReaderReady)
    return started
