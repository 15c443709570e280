"""The process that does what has to be done regularly."""

import typer

from hub import migrations
from hub.commands.process import SettingsFile, on_stop
from hub.composition import from_settings
from hub.jobs import Scheduler
from hub.jobs import jobs as jobs_of
from hub.settings import read

app = typer.Typer()


@app.command()
def jobs(settings: SettingsFile) -> None:
    """Do what has to be done regularly, such as proving the books every night."""
    known = read(settings)
    migrations.insist(known.database)
    hub = from_settings(known)
    scheduler = Scheduler(jobs_of(hub), hub.clock)
    on_stop(scheduler.stop)
    scheduler.run()
