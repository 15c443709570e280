"""Whole stores for journeys: the demo chain on each database, with the real broker, hub, kiosk and card desk."""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from hub.composition import opened
from hub.settings import read
from provisioning.box import making, running
from provisioning.box.layout import Box, free_ports
from provisioning.supervisor import Supervisor
from tests.conftest import POSTGRESQL
from tests.journeys.store import StoreOfTests
from tests.services.postgresql import Server


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreOfTests]:
    """A store that is open: everything runs but the kiosk, which each journey starts for itself."""
    folder = tmp_path_factory.mktemp("box")
    box = Box(folder, free_ports())
    making.make(box, None if request.param == "sqlite" else _new_database(folder))
    with Supervisor() as supervisor:
        running.start_services(box, supervisor)
        with opened(read(box.hub_settings)) as hub:
            yield StoreOfTests(box, supervisor, hub)


def _new_database(folder: Path) -> str:
    server, name = Server(folder, int(os.environ[POSTGRESQL])), f"journey_{uuid4().hex}"
    server.create(name)
    return server.url(name)
