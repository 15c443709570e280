"""A worker that is at work, without a broker: what it does with its messages does not depend on one."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.messaging.ingest import Ingest
from hub.messaging.worker import Worker
from provisioning.mqtt import Endpoint
from tests.hub.world import TestClock

WAIT_S = 30.0
NOWHERE = Endpoint("127.0.0.1", 9, Path("no-ca.pem"), Path("no-certificate.pem"), Path("no-key.pem"))
"""A broker that cannot be reached."""


@contextmanager
def running(ingest: Ingest, clock: TestClock) -> Iterator[Worker]:
    """A worker on a thread of its own; it must end when it is told to."""
    worker = Worker(ingest, NOWHERE, clock)
    thread = threading.Thread(target=worker.run)
    thread.start()
    yield worker
    worker.stop()
    thread.join(WAIT_S)
    assert not thread.is_alive()
