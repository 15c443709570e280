import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from devices.cards import ntag424
from devices.cards.ntag424 import Tap
from devices.desk.cards import save
from devices.desk.cli import app
from devices.nfc import NfcReader
from devices.reader import CardRefused, CardRemoved, CardTapped, ReaderReady
from protocol.errors import ErrorCode
from tests.devices.builders import DYNAMIC_UID, FLEET, make_cards_file
from tests.devices.desks import Running, start, stop
from tests.devices.reports import Reports

StartReader = Callable[[str], NfcReader]


@pytest.fixture
def cards(tmp_path: Path) -> Path:
    save(make_cards_file(), tmp_path / "cards.json")
    return tmp_path / "cards.json"


@pytest.fixture
def running(cards: Path) -> Iterator[Running]:
    running = start(cards)
    yield running
    if running.process.returncode is None:
        stop(running)


def ask(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.output


def tap_of(report: CardTapped) -> object:
    message = ntag424.parse(str(report.card.url))
    assert message is not None
    return ntag424.verify(message, FLEET)


def test_a_kiosk_reads_what_is_tapped_on_the_command_line(
    running: Running, reports: Reports, start_reader: StartReader
) -> None:
    start_reader(running.antenna)
    reports.next(ReaderReady)

    asked = ask("tap", "lin", "--http-port", running.port)
    genuine = reports.next(CardTapped)
    reports.next(CardRemoved)
    ask("hold", "copied", "--http-port", running.port)
    copied = reports.next(CardTapped)
    listed = ask("list", "--http-port", running.port)[1]
    ask("remove", "--http-port", running.port)
    reports.next(CardRemoved)

    assert asked == (0, "Tapped lin.\n")
    assert tap_of(genuine) == Tap(DYNAMIC_UID, 1)
    assert (copied.card.url, copied.card.uid) == (genuine.card.url, genuine.card.uid)
    assert "* copied" in listed
    assert "A kiosk is listening." in listed


def test_a_torn_card_is_refused_by_a_kiosk(running: Running, reports: Reports, start_reader: StartReader) -> None:
    start_reader(running.antenna)
    reports.next(ReaderReady)

    ask("tap", "torn", "--http-port", running.port)

    assert reports.next(CardRefused).code is ErrorCode.CARD_TORN


def test_a_desk_that_was_killed_does_not_repeat_itself(
    cards: Path, reports: Reports, start_reader: StartReader
) -> None:
    counters = []
    for _ in range(2):
        running = start(cards)
        reader = start_reader(running.antenna)
        reports.next(ReaderReady)
        ask("hold", "lin", "--http-port", running.port)
        tap = tap_of(reports.next(CardTapped))
        assert isinstance(tap, Tap)
        counters.append(tap.counter)
        with running.process as process:
            process.kill()
        reader.stop()

    assert counters[0] < counters[1]


def test_the_list_says_when_no_kiosk_is_there(running: Running) -> None:
    code, listed = ask("list", "--http-port", running.port)

    assert code == 0
    assert "No kiosk is listening." in listed
    assert re.search(r"^  lin +ntag424 +林 / Lin$", listed, re.MULTILINE)


def test_a_card_that_is_not_there_ends_with_a_sentence(running: Running) -> None:
    code, said = ask("tap", "nobody", "--http-port", running.port)

    assert code == 1
    assert said == "There is no card named 'nobody' on this desk.\n"


def test_a_desk_ends_when_it_is_interrupted(running: Running) -> None:
    assert stop(running) == 0


def test_a_second_desk_for_the_same_cards_is_refused(running: Running, cards: Path) -> None:
    assert running.process.poll() is None

    code, said = ask("serve", str(cards), "--antenna-port", "0", "--http-port", "0")

    assert code == 1
    assert "Another desk is using" in said


def test_without_a_desk_the_command_line_says_how_to_start_one() -> None:
    code, said = ask("list", "--http-port", "1")

    assert code == 1
    assert "Start one with `serve`" in said


def test_a_cards_file_that_is_wrong_ends_with_a_sentence(tmp_path: Path) -> None:
    code, said = ask("serve", str(tmp_path / "missing.json"))

    assert code == 1
    assert "cannot be used" in said


def test_the_help_teaches_how_to_begin() -> None:
    code, said = ask("--help")

    assert code == 0
    assert "udp:127.0.0.1:54321" in said
    assert all(command in said for command in ("serve", "tap", "hold", "remove", "list"))
