"""The end of a day, by hand."""

from datetime import date
from typing import Annotated

import typer

from hub import migrations
from hub.commands.process import SettingsFile
from hub.composition import opened
from hub.day_end.run import DayEnds
from hub.settings import read

app = typer.Typer()


@app.command()
def day_end(
    settings: SettingsFile,
    day: Annotated[str, typer.Option(help="End this day (2026-11-21) and those before it, without their grace.")] = "",
) -> None:
    """End every day that is over: what has expired goes, notices are written, the books are proved."""
    known = read(settings)
    migrations.insist(known.database)
    upto = _read_day(day) if day else None
    with opened(known) as hub:
        ended = DayEnds(hub.database, hub.book, hub.clock, _show).run(upto)
    typer.echo(f"{len(ended)} days were ended")


def _read_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("give the day as 2026-11-21") from None


def _show(day: date, step: str, cursor: str) -> None:
    typer.echo(f"{day} {step} {cursor}".rstrip())
