"""The audit log, on the hub's own machine."""

import sys

import typer

from hub.audit.queries import export
from hub.commands.process import SettingsFile
from hub.composition import opened
from hub.settings import read

app = typer.Typer()


@app.command()
def audit_export(settings: SettingsFile) -> None:
    """Write the whole audit log to standard output, as `python -m hub.audit.verify` reads it."""
    with opened(read(settings)) as hub:
        for piece in export(hub.database):
            sys.stdout.write(piece)
