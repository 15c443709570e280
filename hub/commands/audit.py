"""The audit log, on the hub's own machine."""

import json
import sys

import typer

from hub import secrets
from hub.alerts.queries import witnesses
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
def audit_witnesses(settings: SettingsFile) -> None:
    """Write what kiosks remember of the audit log, as they said when they last came: heads for the verifier."""
    with opened(read(settings)) as hub, hub.database.read() as session:
        for one in witnesses(session):
            sys.stdout.write(json.dumps({"number": one.number, "hash": one.hash, "kiosk": one.kiosk}) + "\n")


@app.command()
def audit_keys(settings: SettingsFile) -> None:
    """Write the keys of the audit log to standard output, for the verifier. Whoever has them can forge entries."""
    key = secrets.read(read(settings).secrets).audit_key
    sys.stdout.write(json.dumps({key.name: key.key.hex()}) + "\n")
