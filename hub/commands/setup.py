"""What is done once, or rarely, when an installation is set up."""

from pathlib import Path
from typing import Annotated

import typer

from hub import enrolment, secrets
from hub.clock import system_random
from hub.commands.process import SettingsFile
from hub.composition import opened
from hub.settings import read
from hub.staff.keys import issue_key
from hub.staff.permissions import Permission

app = typer.Typer()


@app.command()
def new_secrets(path: Path) -> None:
    """Draw the hub's secrets into a new file that only you may read. Keep a copy where the database is not."""
    secrets.create(path, system_random)


@app.command()
def new_key(
    settings: SettingsFile,
    name: str,
    permission: Annotated[list[Permission] | None, typer.Option(help="Allow this; everything without it.")] = None,
    store: Annotated[list[str] | None, typer.Option(help="Only in this store; everywhere without it.")] = None,
) -> None:
    """Make an API key and print its secret, this once."""
    allowed, stores = permission or list(Permission), store or []
    with opened(read(settings)) as hub:
        _key, secret = hub.database.run(
            lambda session: issue_key(session, name, allowed, stores=stores, now=hub.clock(), random=hub.random_bytes)
        )
    typer.echo(secret)


@app.command()
def add_kiosk(
    settings: SettingsFile,
    kiosk: str,
    store: str,
    public_key: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
) -> None:
    """Take a kiosk into the fleet; PUBLIC_KEY is the file with its device key's public half (DER)."""
    with opened(read(settings)) as hub:
        enrolment.add_kiosk(hub, enrolment.NewKiosk(kiosk, store, public_key.read_bytes()), "console")
