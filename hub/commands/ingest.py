"""The process that talks with the kiosks."""

import typer

from hub import migrations
from hub.commands.process import SettingsFile, on_stop, spare_the_collector
from hub.composition import from_settings
from hub.messaging.wakeup import Watcher
from hub.messaging.worker import Worker
from hub.settings import read

app = typer.Typer()


@app.command()
def ingest(settings: SettingsFile) -> None:
    """Take what kiosks send over MQTT, and send what they are to know."""
    known = read(settings)
    migrations.insist(known.database)
    hub = from_settings(known)
    worker = Worker(hub.ingest(), known.broker.endpoint, hub.clock)
    watcher = Watcher(hub.database, worker.wake)
    on_stop(worker.stop)
    spare_the_collector()
    watcher.start()
    worker.run()
    watcher.stop()
