"""A running desk: counters, antenna and page, opened in this order and closed in reverse."""

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import uvicorn

from devices.desk.cards import load
from devices.desk.counters import CounterFile
from devices.desk.desk import Desk
from devices.desk.page import create_app
from devices.stand_ins.field import Field
from devices.stand_ins.udp import UdpAntenna

SHUTDOWN_WAIT_S = 2


def serve(cards: Path, *, antenna_port: int, http_port: int, announce: Callable[[str], None]) -> None:
    """Serve a cards file until the process is asked to end. `announce` is told where page and antenna are.

    Raises:
        DeskError: the cards file or its counters cannot be used.
        OSError: a port is taken.
    """
    file = load(cards)
    field = Field()
    with (
        CounterFile(cards.with_suffix(".state.json")) as counters,
        UdpAntenna(field, port=antenna_port, now_s=time.monotonic) as antenna,
        socket.create_server(("127.0.0.1", http_port)) as line,
    ):
        desk = Desk(file, field, counters=counters, random_bytes=os.urandom)
        config = uvicorn.Config(
            create_app(desk, reader_idle_s=lambda: antenna.idle_s),
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=SHUTDOWN_WAIT_S,
        )
        page = f"http://127.0.0.1:{line.getsockname()[1]}"
        _Server(config, lambda: announce(f"Card desk  {page}\nAntenna    {antenna.path}")).run(sockets=[line])


class _Server(uvicorn.Server):
    """Says when it is there: not before, so that whoever was told can use it and end it."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        self._tell()
