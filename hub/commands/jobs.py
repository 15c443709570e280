"""The process that does what has to be done regularly."""

import threading
from datetime import timedelta

import typer

from hub import migrations
from hub.audit.anchoring import anchor
from hub.commands.process import SettingsFile, on_stop, spare_the_collector
from hub.composition import from_settings
from hub.jobs import Job, Scheduler, courier_jobs, long_jobs
from hub.jobs import jobs as jobs_of
from hub.settings import read

app = typer.Typer()


@app.command()
def jobs(settings: SettingsFile) -> None:
    """Do what has to be done regularly, such as ending every day."""
    known = read(settings)
    migrations.insist(known.database)
    hub = from_settings(known)
    # Imports make a million objects that all die at once.
    spare_the_collector()
    anchoring = Job("anchor the audit log", timedelta(hours=1), lambda now: anchor(hub.database, known.heads_file, now))
    quick, slow = Scheduler([anchoring, *jobs_of(hub)], hub.clock), Scheduler(long_jobs(hub), hub.clock)
    on_stop(quick.stop)
    courier = Scheduler(courier_jobs(hub), hub.clock)
    # They end with the process, wherever they are then: what they do can be cut off at any statement.
    threading.Thread(target=slow.run, name="long-jobs", daemon=True).start()
    threading.Thread(target=courier.run, name="courier", daemon=True).start()
    quick.run()
