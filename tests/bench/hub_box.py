"""What benches of whole processes share: a box whose hub keeps its books in a PostgreSQL that loses nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from hub.composition import Hub, from_settings
from hub.fleet.models import Stream
from hub.settings import read
from provisioning.box import making
from provisioning.box.layout import Box, free_ports
from tests.services.postgresql import DURABLE, Server, free_port

DATABASE = "hub"

UNLIMITED = """
[limits]
key_per_minute = 1000000000
source_per_minute = 1000000000
"""
"""A bench sends more in a second than a till does in a week."""


@dataclass(frozen=True, slots=True)
class Rig:
    """A made box that is not started, its database's server, and the hub's parts for looking inside."""

    box: Box
    server: Server
    hub: Hub

    def booked(self) -> dict[str, int]:
        """How far each kiosk's journal is booked."""
        with self.hub.database.read() as session:
            return {row.kiosk: row.upto for row in session.execute(select(Stream.kiosk, Stream.upto))}


@contextmanager
def durable_rig(folder: Path) -> Iterator[Rig]:
    """Make a box with the demo chain on a PostgreSQL server of its own."""
    server = Server.start(free_port(), DURABLE)
    try:
        server.create(DATABASE)
        box = Box(folder, free_ports())
        making.make(box, server.url(DATABASE))
        with box.hub_settings.open("a", encoding="utf-8") as settings:
            settings.write(UNLIMITED)
        yield Rig(box, server, from_settings(read(box.hub_settings)))
    finally:
        server.stop()
