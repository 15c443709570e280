import os
import pty
import tty
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue

import pytest

from devices.scanner import CodeScanned, ScannerMissing, ScannerReady, ScannerReport, SerialScanner
from protocol.limits import RECEIPT_CODE_MAX_CHARS

HEARD_TIMEOUT_S = 10.0
QUIET_S = 0.6


class Bench:
    """A scanner's own end of a serial line, and what the driver reports of it."""

    def __init__(self) -> None:
        self.end, ours = pty.openpty()
        tty.setraw(self.end)
        self.path = os.ttyname(ours)
        os.close(ours)
        self.heard: Queue[ScannerReport] = Queue()
        self.scanner = SerialScanner(self.path, self.heard.put)

    def type(self, data: bytes) -> None:
        while data:
            data = data[os.write(self.end, data) :]

    def next_code(self) -> str:
        report = self.heard.get(timeout=HEARD_TIMEOUT_S)
        assert isinstance(report, CodeScanned)
        return report.text

    def is_quiet(self) -> bool:
        try:
            self.heard.get(timeout=QUIET_S)
        except Empty:
            return True
        return False


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    made.scanner.start()
    # Whatever came before the line was open is thrown away by its driver.
    assert made.heard.get(timeout=HEARD_TIMEOUT_S) == ScannerReady()
    yield made
    made.scanner.stop()
    os.close(made.end)


def test_a_line_is_a_code(bench: Bench) -> None:
    bench.type(b"membertap:receipt:AB.CD\r\n")

    assert bench.next_code() == "membertap:receipt:AB.CD"


def test_a_code_that_comes_in_pieces_is_one_code(bench: Bench) -> None:
    bench.type(b"member")
    bench.type(b"tap:x\r")

    assert bench.next_code() == "membertap:x"


def test_what_is_longer_than_any_code_is_left_out_to_its_end(bench: Bench) -> None:
    bench.type(b"A" * (RECEIPT_CODE_MAX_CHARS + 2_000) + b"\nB\n")

    assert bench.next_code() == "B"


@pytest.mark.parametrize("rubbish", [b"\n\r\n", b"\xff\xfe\n", b"a\x00b\n"])
def test_rubbish_is_no_code(bench: Bench, rubbish: bytes) -> None:
    bench.type(rubbish + b"good\n")

    assert bench.next_code() == "good"


def test_a_code_that_is_not_ended_is_waited_for(bench: Bench) -> None:
    bench.type(b"half")

    assert bench.is_quiet()


def test_a_scan_that_is_printed_keeps_the_code_to_itself() -> None:
    assert "secret" not in repr(CodeScanned("secret"))


def test_a_scanner_that_is_not_there_is_told_once_and_can_be_stopped(tmp_path: Path) -> None:
    heard: Queue[ScannerReport] = Queue()
    scanner = SerialScanner(str(tmp_path / "nothing"), heard.put)
    scanner.start()

    report = heard.get(timeout=HEARD_TIMEOUT_S)
    scanner.stop()

    assert isinstance(report, ScannerMissing)
    assert heard.empty()
