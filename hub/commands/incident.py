"""What is done at once when something has gone wrong; docs/incidents.md says in which order."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal

import typer

from hub.commands.process import SettingsFile
from hub.composition import opened
from hub.incident import Scope, affected, doors, end
from hub.settings import read

app = typer.Typer()
incident = typer.Typer(help="End all that can get in from a part of the chain, and find out who was affected.")
app.add_typer(incident, name="incident")

ScopeKind = Literal["chain", "region", "store", "person"]


@incident.command("end")
def end_scope(
    settings: SettingsFile,
    scope: Annotated[ScopeKind, typer.Option(help="What to end: the chain, or a region, store or person.")],
    name: Annotated[str, typer.Option(help="Which region or store, or the person's id.")] = "",
    reason: Annotated[str, typer.Option(help="Why; it is written down.")] = "",
    *,
    do: Annotated[bool, typer.Option("--do", help="End them; without it they are only shown.")] = False,
) -> None:
    """End all sessions, keys and kiosks of a part of the chain at once."""
    wanted = Scope(scope, name)
    if (scope == "chain") == bool(name):
        raise typer.BadParameter("give --name, except for the chain")
    if do and not reason:
        raise typer.BadParameter("say why with --reason")
    with opened(read(settings)) as hub:
        if do:
            found = end(hub, wanted, reason)
        else:
            with hub.database.read() as session:
                found = doors(session, wanted, hub.clock())
    for kind, ids in (("person", found.people), ("key", found.keys), ("kiosk", found.kiosks)):
        _show(kind, ids)
    typer.echo("all of these were ended" if do else "nothing was ended yet: say --do")


@incident.command("affected")
def affected_members(
    settings: SettingsFile,
    actor: Annotated[str, typer.Option(help="Whose doing: `staff:ID` or `key:ID`, as the audit log says.")],
    since: Annotated[str, typer.Option("--from", help="From this moment on (2026-11-21T02:00+00:00).")],
    until: Annotated[str, typer.Option("--to", help="Up to this moment.")],
) -> None:
    """List the members whose data an actor has opened or changed, with how often."""
    span = _moment(since), _moment(until)
    with opened(read(settings)) as hub, hub.database.read() as session:
        found = affected(session, actor, *span)
    for member, times in sorted(found.items()):
        typer.echo(f"{member} {times}")
    typer.echo(f"{len(found)} members")


def _show(kind: str, ids: Iterable[object]) -> None:
    for one in ids:
        typer.echo(f"{kind} {one}")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("give the moment as 2026-11-21T02:00+00:00") from None
    if moment.tzinfo is None:
        raise typer.BadParameter("give the moment with its zone: 2026-11-21T02:00+00:00")
    return moment
