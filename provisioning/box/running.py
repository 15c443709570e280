"""Starts a box's processes in order and waits until each of them answers."""

import socket
import ssl
import sys
import urllib.request

from provisioning.box.layout import HOST, Box
from provisioning.box.making import mosquitto
from provisioning.box.waiting import BoxError, until
from provisioning.supervisor import Program, Supervisor

READY_TIMEOUT_S = 60.0

BROKER, DESK, KIOSK = "broker", "desk", "kiosk"
HUB = ("api", "ingest", "jobs")


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
    until(lambda: _answers(box.ports.broker), "the broker", READY_TIMEOUT_S)


def start_hub(box: Box, supervisor: Supervisor) -> None:
    """Start the hub's processes, each by itself, so that each can be killed by itself."""
    for name in HUB:
        command = [sys.executable, "-m", "hub", name, "--settings", str(box.hub_settings)]
        supervisor.start(Program(name, command, log_to=_log(box, name)))
    until(lambda: _is_healthy(box), "the hub", READY_TIMEOUT_S)


def kill_hub(supervisor: Supervisor) -> None:
    """Kill the hub's processes without warning."""
    for name in HUB:
        supervisor.kill(name)


def start_desk(box: Box, supervisor: Supervisor) -> None:
    """Start the card desk."""
    command = [
        *(sys.executable, "-m", "devices.desk", "serve", str(box.demo / "cards.json")),
        *("--antenna-port", str(box.ports.antenna), "--http-port", str(box.ports.desk)),
    ]
    supervisor.start(Program(DESK, command, log_to=_log(box, DESK)))
    until(lambda: _answers(box.ports.desk), "the card desk", READY_TIMEOUT_S)


def kiosk_command(box: Box, *options: str) -> list[str]:
    """How the kiosk is started."""
    return [sys.executable, "-m", "kiosk", "--settings", str(box.kiosk_settings), *options]


def start_kiosk(box: Box, supervisor: Supervisor, *options: str) -> None:
    """Start the kiosk."""
    supervisor.start(Program(KIOSK, kiosk_command(box, *options), log_to=_log(box, KIOSK)))


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
