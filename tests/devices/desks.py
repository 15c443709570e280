"""Desks that run as processes of their own."""

import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

STOP_WAIT_S = 20


@dataclass
class Running:
    process: subprocess.Popen[str]
    port: str
    antenna: str


def start(cards: Path) -> Running:
    """Start a desk as a user does, on ports of the system's choice."""
    process = subprocess.Popen(
        [sys.executable, "-m", "devices.desk", "serve", str(cards), "--antenna-port", "0", "--http-port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    page, antenna = process.stdout.readline(), process.stdout.readline()
    found = re.search(r":(\d+)\s*$", page)
    assert found, page
    return Running(process, found[1], antenna.split()[1])


def stop(running: Running) -> int:
    with running.process as process:
        process.send_signal(signal.SIGINT)
        try:
            return process.wait(STOP_WAIT_S)
        finally:
            process.kill()
