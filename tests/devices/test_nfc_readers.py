"""Readers that come late, go, or never were there, and their end."""

import os
import pty
import time
from contextlib import ExitStack
from pathlib import Path
from threading import Event

import pytest

from devices.cards.ntag424 import Tap
from devices.nfc import RETRY_MAX_S, NfcReader
from devices.reader import CardRemoved, CardTapped, ReaderMissing, ReaderReady
from devices.stand_ins.field import Field
from devices.stand_ins.pn532 import Pn532
from devices.stand_ins.udp import UdpAntenna
from tests.devices.builders import (
    DYNAMIC_UID,
    make_dynamic_card,
    make_static_card,
)
from tests.devices.reports import Reports, StartReader, tap_of


class ImpatientEvent(Event):
    """Remembers for how long it was to be waited for, and does not wait."""

    def __init__(self) -> None:
        super().__init__()
        self.waits_s: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits_s.append(timeout)
        return False


def test_a_reader_that_is_plugged_in_later_is_found(
    *, field: Field, reports: Reports, opened: ExitStack, start_reader: StartReader, tmp_path: Path
) -> None:
    line = tmp_path / "reader"

    start_reader(f"tty:{line}:pn532")
    missing = reports.next(ReaderMissing)
    line.symlink_to(opened.enter_context(Pn532(field)).port)

    assert "No such file" in missing.reason
    reports.next(ReaderReady)
    field.place(make_static_card())
    reports.next(CardTapped)


@pytest.mark.parametrize("card_lies_there", [False, True])
def test_a_reader_that_is_pulled_out_is_missed_once_and_found_again(
    *,
    field: Field,
    reports: Reports,
    opened: ExitStack,
    start_reader: StartReader,
    tmp_path: Path,
    card_lies_there: bool,
) -> None:
    line = tmp_path / "reader"
    first = opened.enter_context(Pn532(field))
    line.symlink_to(first.port)
    start_reader(f"tty:{line}:pn532")
    reports.next(ReaderReady)
    if card_lies_there:
        field.place(make_static_card())
        reports.next(CardTapped)

    first.unplug()
    line.unlink()
    if card_lies_there:
        reports.next(CardRemoved)
        field.remove()
    reports.next(ReaderMissing)
    assert reports.nothing_more()
    line.symlink_to(opened.enter_context(Pn532(field)).port)

    reports.next(ReaderReady)
    field.place(make_dynamic_card())
    reports.next(CardTapped)


def test_an_antenna_that_goes_takes_its_card_and_another_one_serves(
    field: Field, reports: Reports, opened: ExitStack, start_reader: StartReader
) -> None:
    with UdpAntenna(field, now_s=time.monotonic) as antenna:
        port = antenna.port
        start_reader(antenna.path)
        reports.next(ReaderReady)
        field.place(make_static_card())
        reports.next(CardTapped)
    reports.next(CardRemoved)
    field.remove()

    opened.enter_context(UdpAntenna(field, port=port, now_s=time.monotonic))
    field.place(make_dynamic_card())

    assert tap_of(reports.next(CardTapped)) == Tap(DYNAMIC_UID, 1)


@pytest.mark.parametrize("path", ["usb:ffff:ffff", "udp:no-such-host.invalid:1", "tty:/dev/null:pn532", "nonsense"])
def test_a_path_that_leads_nowhere_is_a_missing_reader(reports: Reports, start_reader: StartReader, path: str) -> None:
    reader = start_reader(path)

    assert reports.next(ReaderMissing).reason
    reader.stop()
    assert reports.nothing_more()


def test_a_serial_line_on_which_nobody_answers_is_a_missing_reader(reports: Reports, start_reader: StartReader) -> None:
    master, slave = pty.openpty()
    try:
        reader = start_reader(f"tty:{os.ttyname(slave)}:pn532")

        assert reports.next(ReaderMissing).reason
        reader.stop()
    finally:
        os.close(master)
        os.close(slave)


def test_stopping_while_nothing_happens_ends_the_thread_without_a_word(reader: NfcReader, reports: Reports) -> None:
    reader.stop()

    assert not reader._thread.is_alive()
    assert reports.nothing_more()


def test_stopping_while_a_card_lies_there_does_not_pretend_that_it_left(
    reader: NfcReader, field: Field, reports: Reports
) -> None:
    field.place(make_static_card())
    reports.next(CardTapped)

    reader.stop()

    assert not reader._thread.is_alive()
    assert reports.nothing_more()


def test_a_reader_that_worked_is_opened_again_before_it_is_missed(
    field: Field, reports: Reports, opened: ExitStack, start_reader: StartReader
) -> None:
    pn532 = opened.enter_context(Pn532(field))
    start_reader(f"tty:{pn532.port}:pn532")
    reports.next(ReaderReady)
    field.place(make_static_card())
    reports.next(CardTapped)

    pn532.garble_next()

    reports.next(CardRemoved)
    reports.next(CardTapped)
    assert reports.nothing_more()


def test_the_wait_for_a_missing_reader_grows_to_its_maximum(reports: Reports) -> None:
    reader = NfcReader("nonsense", reports.take)
    reader._stopping = stopping = ImpatientEvent()

    for _ in range(8):
        reader._lose(OSError())

    assert stopping.waits_s == [0.5, 1.0, 2.0, 4.0, 8.0, RETRY_MAX_S, RETRY_MAX_S, RETRY_MAX_S]
