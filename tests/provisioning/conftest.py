from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from provisioning.mqtt import Endpoint
from tests.provisioning.brokers import Broker, Trust, make_trust
from tests.provisioning.lines import EVERYTHING, HUB, Party, make_role

Connect = Callable[..., Party]


@pytest.fixture(scope="session")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    return make_trust(tmp_path_factory.mktemp("trust"))


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    """Ends, in reverse order, whatever a test begins."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def silent_broker(tmp_path: Path, trust: Trust, opened: ExitStack) -> Broker:
    """A broker that is not started yet."""
    broker = Broker(tmp_path, trust)
    opened.callback(broker.stop)
    return broker


@pytest.fixture
def broker(silent_broker: Broker) -> Broker:
    silent_broker.start()
    return silent_broker


@pytest.fixture
def connect(silent_broker: Broker, opened: ExitStack) -> Connect:
    """Starts a line under a name; it is stopped with the test."""

    def connect(name: str, *, endpoint: Endpoint | None = None, **how: Any) -> Party:
        options = {option: how.pop(option) for option in ("ear", "first_connection") if option in how}
        role = make_role(name, **how)
        party = Party(endpoint or silent_broker.endpoint(name), role, **options)
        party.line.start()
        opened.callback(party.line.stop)
        return party

    return connect


@pytest.fixture
def hub(broker: Broker, connect: Connect) -> Party:
    """The hub, which hears everything, its own words too."""
    party = connect(HUB, endpoint=broker.endpoint(HUB), subscriptions=[EVERYTHING])
    party.settle()
    return party
