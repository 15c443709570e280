"""Copies of the database, and putting one back; on the hub's own machine."""

from pathlib import Path
from typing import Annotated

import typer

from hub.clock import utc_now
from hub.commands.process import SettingsFile
from hub.db import backup as copies
from hub.db.session import Database
from hub.settings import read

NO_ARCHIVE = "Nothing keeps what is booked after this backup outside the database's own machine: see docs/restore.md."

app = typer.Typer()


@app.command()
def backup(
    settings: SettingsFile,
    to: Annotated[Path, typer.Option(help="Folder for copies; on another disk, better on another machine.")],
    programs: Annotated[Path | None, typer.Option(help="Folder of PostgreSQL's programs, if not on the PATH.")] = None,
) -> None:
    """Copy the database while it is used, check the copy, and print where it is."""
    database = Database(read(settings).database)
    try:
        made = copies.back_up(database, to, utc_now(), programs=programs)
        has_archive = copies.has_archive(database)
    finally:
        database.close()
    typer.echo(made)
    if not has_archive:
        typer.echo(NO_ARCHIVE, err=True)


@app.command()
def restore(
    settings: SettingsFile,
    source: Annotated[Path, typer.Option("--from", help="A copy that `backup` has made.", exists=True, dir_okay=False)],
) -> None:
    """Put a copy of a SQLite database in its place, while the hub stands still. Then `migrate` and `restored`."""
    database = Database(read(settings).database)
    try:
        aside = copies.put_back(database, source, utc_now())
    finally:
        database.close()
    typer.echo(f"what was there before is now {aside}")
    typer.echo("run `migrate`, then `restored`, and only then start the hub")
