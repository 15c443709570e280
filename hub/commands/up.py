"""All processes of the hub, supervised."""

import sys

import typer

from hub.commands.process import SettingsFile, on_stop
from provisioning.supervisor import Program, Supervisor

app = typer.Typer()


@app.command()
def up(settings: SettingsFile) -> None:
    """Run api, ingest and jobs together, and start again whichever falls."""
    with Supervisor() as supervisor:
        for name in ("api", "ingest", "jobs"):
            command = [sys.executable, "-m", "hub", name, "--settings", str(settings)]
            supervisor.start(Program(name, command))
        on_stop(supervisor.end)
        supervisor.watch()
