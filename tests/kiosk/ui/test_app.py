"""The window as the kiosk runs it, in a process of its own, driven through its remote socket."""

import json
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).with_name("kiosk_process.py")
ANSWER_S = 60


class Kiosk:
    """The process, its lines, and a client of its socket."""

    def __init__(self, folder: Path, *, remote: bool = True) -> None:
        self.path = folder / "remote"
        command = [sys.executable, "-W", "error", str(PROGRAM), "1280", "800", str(self.path) if remote else ""]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=folder)
        self.hear("ready")

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def hear(self, beginning: str) -> str:
        """The next line that begins so."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(beginning):
                return line.strip()
        raise AssertionError(f"the kiosk ended without {beginning!r}: {self.process.communicate()[1]}")

    def ask(self, **request: object) -> dict[str, Any]:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(ANSWER_S)
            client.connect(str(self.path))
            client.sendall(json.dumps(request).encode() + b"\n")
            with client.makefile("rb") as answers:
                answer: dict[str, Any] = json.loads(answers.readline())
        return answer

    def show(self, name: str, screen: str, language: str = "zh") -> dict[str, Any]:
        self.say(f"show {name} {language}")
        return self.ask(do="wait", screen=screen, timeout_s=ANSWER_S)

    def end(self) -> str:
        """Stop it if it still runs; what it complained about."""
        if self.process.poll() is None:
            self.say("stop")
        return self.process.communicate(timeout=ANSWER_S)[1]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Kiosk]]:
    started: list[Kiosk] = []

    def start_one(**options: bool) -> Kiosk:
        started.append(Kiosk(tmp_path, **options))
        return started[-1]

    yield start_one
    for kiosk in started:
        kiosk.end()


@pytest.fixture(scope="module")
def kiosk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kiosk]:
    """One for all tests that leave it running; each shows its own frame first and hears all it caused."""
    shared = Kiosk(tmp_path_factory.mktemp("kiosk"))
    yield shared
    shared.end()


def test_frames_from_another_thread_are_drawn(kiosk: Kiosk) -> None:
    attract = kiosk.show("attract", "attract")
    member = kiosk.show("member_gold", "member")

    assert "请轻触会员卡" in attract["texts"]
    assert "林*，下午好" in member["texts"]
    assert "end" in member["targets"]


def test_tap_goes_through_the_input_pipeline(kiosk: Kiosk) -> None:
    kiosk.show("member_gold", "member")

    answer = kiosk.ask(do="tap", target="end")

    assert answer == {"ok": True}
    assert kiosk.hear("intent") == "intent Touched()"
    assert kiosk.hear("intent") == "intent VisitEnded()"


def test_tap_scrolls_to_what_lies_below(kiosk: Kiosk) -> None:
    targets = kiosk.show("member_gold", "member")["targets"]
    last = [target for target in targets if target.startswith("reward:")][-1]

    answer = kiosk.ask(do="tap", target=last)

    assert answer == {"ok": True}
    assert last.removeprefix("reward:") in kiosk.hear("intent RewardChosen")


def test_covered_target_is_out_of_reach(kiosk: Kiosk) -> None:
    kiosk.show("confirm", "confirm")

    covered = kiosk.ask(do="tap", target="end")
    missing = kiosk.ask(do="tap", target="nothing")

    assert covered == {"ok": False, "error": "end is covered by confirm"}
    assert missing == {"ok": False, "error": "nothing is not on the screen"}


def test_shot_shows_the_window(kiosk: Kiosk, tmp_path: Path) -> None:
    kiosk.show("attract", "attract")
    path = tmp_path / "shot.png"

    answer = kiosk.ask(do="shot", path=str(path))

    assert answer == {"ok": True}
    assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert path.stat().st_size > 20_000


def test_waiting_for_what_does_not_come_ends(kiosk: Kiosk) -> None:
    kiosk.show("attract", "attract")

    answer = kiosk.ask(do="wait", screen="voucher", timeout_s=0.1)

    assert not answer["ok"]
    assert "attract is on the screen" in answer["error"]


@pytest.mark.parametrize("line", [b"nonsense", b"[]", b"{}", b'{"do": "dance"}', b'{"do": "wait", "screen": "x"}'])
def test_remote_survives_what_it_does_not_understand(kiosk: Kiosk, line: bytes) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(ANSWER_S)
        client.connect(str(kiosk.path))
        client.sendall(line + b"\n")
        answer = json.loads(client.recv(4096))

    assert not answer["ok"]
    assert kiosk.ask(do="screen")["ok"]


def test_socket_is_for_its_owner_only_and_goes_with_the_kiosk(start: Callable[..., Kiosk]) -> None:
    kiosk = start()
    mode = stat.S_IMODE(kiosk.path.stat().st_mode)

    kiosk.end()

    assert mode == 0o600
    assert not kiosk.path.exists()


def test_without_a_path_there_is_no_socket(start: Callable[..., Kiosk], tmp_path: Path) -> None:
    start(remote=False)

    assert list(tmp_path.iterdir()) == []


def test_kiosk_outlives_a_fault_and_does_not_log_what_it_said(start: Callable[..., Kiosk]) -> None:
    kiosk = start()
    kiosk.show("member_gold", "member")
    kiosk.say("trouble")
    kiosk.say("age")
    kiosk.hear("age")

    kiosk.ask(do="tap", target="end")
    still_there = kiosk.ask(do="screen")
    complaints = kiosk.end()

    assert still_there["screen"] == "member"
    assert "ValueError in take" in complaints
    assert "the name of somebody" not in complaints


def test_frame_age_stays_small_while_the_window_lives(kiosk: Kiosk) -> None:
    kiosk.show("member_gold", "member")

    kiosk.say("age")

    assert 0 <= int(kiosk.hear("age").split()[1]) < ANSWER_S * 1000


def test_stopping_ends_the_process_cleanly(start: Callable[..., Kiosk]) -> None:
    kiosk = start()
    kiosk.show("attract", "attract")

    complaints = kiosk.end()

    assert kiosk.process.returncode == 0
    assert "Traceback" not in complaints
