"""A process that brings members in until it is killed: `python -m tests.hub.imports.victim URL`."""

import sys

from hub.composition import compose
from hub.db.session import Database
from hub.jobs import import_worker
from tests.hub.world import SECRETS

if __name__ == "__main__":
    hub = compose(Database(sys.argv[1]), SECRETS)
    worker = import_worker(hub)
    worker.run()
    sys.stdin.read()
