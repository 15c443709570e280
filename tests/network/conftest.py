"""One hub, broker and kiosk for a module: connecting takes seconds, and every test leaves the network whole."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from hub import migrations
from hub.clock import utc_now
from hub.db.session import Database
from hub.messaging.worker import CLIENT_ID, Worker
from hub.stores.models import Store
from provisioning import keys, pki
from provisioning.box.waiting import until
from provisioning.mqtt import Endpoint
from tests.hub.world import World
from tests.journeys.headless import HeadlessKiosk
from tests.network.chain import SETTLE_S, Network
from tests.network.proxy import FaultProxy
from tests.provisioning.brokers import Broker, make_trust

MEMBERS = 3


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    folder = tmp_path_factory.mktemp("network")
    with ExitStack() as running:
        broker = _broker(folder, running)
        near_kiosk, near_hub = (running.enter_context(FaultProxy(broker.port)) for _ in range(2))
        world = _world(folder, running)
        _start_hub(world, replace(broker.endpoint(CLIENT_ID), port=near_hub.port), running)
        kiosk = _kiosk(world, broker, near_kiosk.port, running)
        network = Network(world, kiosk, [world.add_member() for _ in range(MEMBERS)], near_kiosk, near_hub)
        until(lambda: kiosk.sync.online, "the first connection", SETTLE_S)
        yield network


@pytest.fixture
def whole(network: Network) -> Iterator[Network]:
    """The network as it should be, before a test and after it."""
    until(lambda: network.kiosk.sync.online, "the connection", SETTLE_S)
    yield network
    for proxy in (network.near_kiosk, network.near_hub):
        proxy.spoil()


def _broker(folder: Path, running: ExitStack) -> Broker:
    trust = folder / "trust"
    trust.mkdir()
    broker = Broker(folder, make_trust(trust))
    running.callback(broker.stop)
    broker.start()
    return broker


def _world(folder: Path, running: ExitStack) -> World:
    url = f"sqlite:///{folder / 'hub.db'}"
    migrations.upgrade(url)
    database = Database(url)
    running.callback(database.close)
    world = World.found(database)
    with database.write() as session:
        session.execute(update(Store).values(kiosks_record_purchases=True))
    return world


def _start_hub(world: World, endpoint: Endpoint, running: ExitStack) -> None:
    worker = Worker(world.hub.ingest(), endpoint, utc_now)
    thread = threading.Thread(target=worker.run, name="ingest")
    thread.start()
    running.callback(thread.join)
    running.callback(worker.stop)


def _kiosk(world: World, broker: Broker, port: int, running: ExitStack) -> HeadlessKiosk:
    enrolled = world.add_kiosk()
    certificate = broker.trust.devices.issue_device(enrolled.id, enrolled.key, broker.trust.now)
    pki.save(broker.box.pki, enrolled.id, certificate, enrolled.key)
    endpoint = replace(broker.endpoint_of(enrolled.id), port=port)
    kiosk = HeadlessKiosk(
        enrolled.id, lambda data: keys.sign(enrolled.key, data), broker.box.folder / "kiosk", endpoint
    )
    kiosk.start()
    running.callback(kiosk.stop)
    return kiosk
