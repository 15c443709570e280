"""The audit log, on the hub's own machine."""

import json
import sys

import typer

from hub import secrets
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


@app.command()
def audit_keys(settings: SettingsFile) -> None:
    """Write the keys of the audit log to standard output, for the verifier. Whoever has them can forge entries."""
    key = secrets.read(read(settings).secrets).audit_key
    sys.stdout.write(json.dumps({key.name: key.key.hex()}) + "\n")
