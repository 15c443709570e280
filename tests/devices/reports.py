"""A listener for what a reader says."""

from collections.abc import Callable
from queue import Empty, Queue
from typing import TypeVar

from devices.cards import ntag424
from devices.nfc import NfcReader
from devices.reader import CardRefused, CardTapped, ReaderReport
from tests.devices.builders import FLEET

Report = TypeVar("Report", bound=ReaderReport)
StartReader = Callable[[str], NfcReader]

REPORT_WAIT_S = 20.0
QUIET_S = 0.3


class Reports:
    """What a reader has said, in order."""

    def __init__(self) -> None:
        self._queue: Queue[ReaderReport] = Queue()

    def take(self, report: ReaderReport) -> None:
        self._queue.put(report)

    def next(self, kind: type[Report]) -> Report:
        report = self._queue.get(timeout=REPORT_WAIT_S)
        assert isinstance(report, kind), report
        return report

    def skip_to(self, kind: type[Report]) -> Report:
        """Ignore what comes before: a busy machine may time a driver out once."""
        while not isinstance(report := self._queue.get(timeout=REPORT_WAIT_S), kind):
            pass
        return report

    def next_card(self) -> CardTapped | CardRefused:
        report = self._queue.get(timeout=REPORT_WAIT_S)
        assert isinstance(report, CardTapped | CardRefused), report
        return report

    def nothing_more(self) -> bool:
        """Give a report that must not come a moment in which to come."""
        try:
            report = self._queue.get(timeout=QUIET_S)
        except Empty:
            return True
        raise AssertionError(report)


def tap_of(report: CardTapped) -> object:
    """What the hub makes of a dynamic card that was reported."""
    message = ntag424.parse(str(report.card.url))
    assert message is not None
    return ntag424.verify(message, FLEET)
