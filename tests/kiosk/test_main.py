"""The kiosk's command line, and the whole kiosk put together, as processes of their own."""

import datetime as dt
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from provisioning import pki
from provisioning.keys import new_key
from provisioning.pki import Authority

WAIT_S = 60
LOOK_S = 0.05
KIOSK = "k-00000000000000000000000000"
TOML = """
kiosk = "{kiosk}"
store = "store"
reader = "tty:NOWHERE:pn532"

[broker]
host = "127.0.0.1"
port = {port}
ca = "servers.pem"
certificate = "{kiosk}.pem"
key = "{kiosk}.key"

[hub]
url = "https://127.0.0.1:{port}"
ca = "servers.pem"
"""

Process = subprocess.Popen[str]


def start(*arguments: str) -> Process:
    command = [sys.executable, "-W", "error", "-m", "kiosk", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(*arguments: str) -> tuple[int, str, str]:
    process = start(*arguments)
    out, err = process.communicate(timeout=WAIT_S)
    return process.returncode, out, err


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Path]:
    """A kiosk's bundle, whose broker and hub are a port where nobody answers."""
    now, key = dt.datetime.now(dt.UTC), new_key()
    servers, devices = Authority.create("servers", now), Authority.create("devices", now)
    pki.save(tmp_path, "servers", servers.certificate, servers.key)
    pki.save(tmp_path, KIOSK, devices.issue_device(KIOSK, key, now), key)
    path = tmp_path / "kiosk.toml"
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        path.write_text(TOML.format(kiosk=KIOSK, port=nobody.getsockname()[1]), encoding="utf-8")
        yield path


@contextmanager
def kiosk(settings: Path) -> Iterator[Process]:
    process = start("--settings", str(settings), "--offscreen", "--size", "800x600", "--remote", str(remote(settings)))
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def remote(settings: Path) -> Path:
    return settings.with_name("remote")


def ask(settings: Path, process: Process, **request: object) -> dict[str, Any]:
    """Ask the kiosk about its screen, as soon as it can be asked."""
    while not remote(settings).exists():
        assert process.poll() is None, process.communicate()[1]
        time.sleep(LOOK_S)
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(WAIT_S)
        client.connect(str(remote(settings)))
        client.sendall(json.dumps(request).encode() + b"\n")
        answer: dict[str, Any] = json.loads(client.makefile("rb").readline())
        return answer


def hear(process: Process, words: str) -> str:
    """The next line of the log with these words in it."""
    assert process.stderr is not None
    return next(line for line in process.stderr if words in line)


def test_help_names_every_option() -> None:
    code, out, _err = run("--help")

    assert code == 0
    assert all(option in out for option in ("--settings", "--offscreen", "--size", "--remote"))


def test_settings_that_are_not_there_are_named(tmp_path: Path) -> None:
    code, _out, err = run("--settings", str(tmp_path / "missing.toml"))

    assert code == 2
    assert "does not exist" in err
    assert "Traceback" not in err


def test_settings_that_cannot_be_used_end_in_one_sentence(settings: Path) -> None:
    settings.write_text(settings.read_text(encoding="utf-8").replace("host", "hots"), encoding="utf-8")

    code, _out, err = run("--settings", str(settings))

    assert code == 1
    assert err == "kiosk.toml: Object contains unknown field `hots` - at `$.broker`\n"


def test_a_device_key_that_is_none_ends_in_one_sentence(settings: Path) -> None:
    settings.with_name(f"{KIOSK}.key").write_text("rubbish", encoding="utf-8")

    code, _out, err = run("--settings", str(settings))

    assert (code, err.splitlines()[-1]) == (1, f"{KIOSK}.key holds no key")


@pytest.mark.parametrize("size", ["large", "1280", "1280x", "-1x5"])
def test_a_size_that_is_none_is_refused(settings: Path, size: str) -> None:
    code, _out, err = run("--settings", str(settings), f"--size={size}")

    assert code == 2
    assert "WIDTHxHEIGHT" in err


def test_a_kiosk_without_reader_broker_or_hub_says_so_and_ends_in_order(settings: Path) -> None:
    with kiosk(settings) as process:
        sight = ask(settings, process, do="wait", screen="attract", timeout_s=WAIT_S)
        told = hear(process, "no connection to the broker")
        process.send_signal(signal.SIGTERM)
        _out, err = process.communicate(timeout=WAIT_S)

    assert "读卡器没有连接" in str(sight)
    assert json.loads(told)["level"] == "warning"
    assert process.returncode == 0
    assert "Traceback" not in err


def test_two_kiosks_cannot_share_a_store(settings: Path) -> None:
    with kiosk(settings) as process:
        ask(settings, process, do="screen")

        code, _out, err = run("--settings", str(settings), "--offscreen")

    assert code == 1
    assert len(err.splitlines()) == 1


def test_a_kiosk_that_was_killed_starts_again_with_its_store(settings: Path) -> None:
    with kiosk(settings) as process:
        ask(settings, process, do="screen")
    remote(settings).unlink()

    with kiosk(settings) as process:
        sight = ask(settings, process, do="wait", screen="attract", timeout_s=WAIT_S)

    assert sight["ok"]
