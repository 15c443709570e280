"""Starts a box's processes in order and waits until each of them answers."""

import json
import socket
import ssl
import sys
import time
import urllib.request
from collections.abc import Callable
from typing import Any

from provisioning.box.layout import HOST, Box
from provisioning.box.making import mosquitto
from provisioning.supervisor import Program, Supervisor

READY_TIMEOUT_S = 60.0
POLL_S = 0.05

BROKER, HUB, DESK, KIOSK = "broker", "hub", "desk", "kiosk"


class BoxError(Exception):
    """A box could not be started. Its logs say more."""


def start_services(box: Box, supervisor: Supervisor) -> None:
    """Start broker, hub and card desk.

    Raises:
        BoxError: one of them does not answer in time.
    """
    start_broker(box, supervisor)
    start_hub(box, supervisor)
    start_desk(box, supervisor)


def start_broker(box: Box, supervisor: Supervisor) -> None:
    """Start the broker."""
    program = mosquitto()
    if program is None:
        raise BoxError("mosquitto is not installed")
    command = [program, "-c", str(box.broker / "mosquitto.conf")]
    supervisor.start(Program(BROKER, command, log_to=_log(box, BROKER)))
    wait_for("the broker", lambda: _answers(box.ports.broker))


def start_hub(box: Box, supervisor: Supervisor) -> None:
    """Start the hub's processes."""
    command = [sys.executable, "-m", "hub", "up", "--settings", str(box.hub_settings)]
    supervisor.start(Program(HUB, command, log_to=_log(box, HUB)))
    wait_for("the hub", lambda: _is_healthy(box))


def start_desk(box: Box, supervisor: Supervisor) -> None:
    """Start the card desk."""
    command = [
        *(sys.executable, "-m", "devices.desk", "serve", str(box.demo / "cards.json")),
        *("--antenna-port", str(box.ports.antenna), "--http-port", str(box.ports.desk)),
    ]
    supervisor.start(Program(DESK, command, log_to=_log(box, DESK)))
    wait_for("the card desk", lambda: _answers(box.ports.desk))


def kiosk_command(box: Box, *options: str) -> list[str]:
    """How the kiosk is started."""
    return [sys.executable, "-m", "kiosk", "--settings", str(box.kiosk_settings), *options]


def start_kiosk(box: Box, supervisor: Supervisor, *options: str) -> None:
    """Start the kiosk."""
    supervisor.start(Program(KIOSK, kiosk_command(box, *options), log_to=_log(box, KIOSK)))


def wait_for(what: str, is_ready: Callable[[], bool], timeout_s: float = READY_TIMEOUT_S) -> None:
    """Wait until something holds.

    Raises:
        BoxError: it does not in time.
    """
    end = time.monotonic() + timeout_s
    while not is_ready():
        if time.monotonic() > end:
            raise BoxError(f"{what} did not answer within {timeout_s:.0f} s")
        time.sleep(POLL_S)


class Till:
    """A till of the box's store: posts to the hub's API with the demo's key."""

    def __init__(self, box: Box) -> None:
        demo = json.loads((box.demo / "demo.json").read_text(encoding="utf-8"))
        self.featured: list[str] = demo["featured"]
        self._key = demo["till_key"]
        self._url = box.api_url
        self._context = ssl.create_default_context(cafile=str(box.pki / "servers.pem"))

    def call(self, method: str, path: str, body: object = None, request_id: str | None = None) -> Any:
        """Call the API; returns the answer's body.

        Raises:
            urllib.error.HTTPError: the hub refuses.
        """
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        if request_id is not None:
            headers["Idempotency-Key"] = request_id
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._url}{path}", data, headers, method=method)  # noqa: S310
        with urllib.request.urlopen(request, timeout=15, context=self._context) as response:  # noqa: S310
            content = response.read()
        return json.loads(content) if content else None


def _answers(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def _is_healthy(box: Box) -> bool:
    context = ssl.create_default_context(cafile=str(box.pki / "servers.pem"))
    try:
        with urllib.request.urlopen(f"{box.api_url}/health", timeout=2, context=context) as response:  # noqa: S310
            return bool(response.status == 200)
    except OSError:
        return False


def _log(box: Box, name: str) -> str:
    return str(box.logs / f"{name}.log")
