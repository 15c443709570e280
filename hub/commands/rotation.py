"""Rotating the key that wraps all others, and the one that members are found by, on the hub's own machine."""

import threading
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from hub import secrets
from hub.approvals import service as approvals
from hub.approvals.models import ApprovalRequest
from hub.audit.service import Act, audit
from hub.commands.process import SettingsFile
from hub.composition import Hub, opened
from hub.errors import SetupError
from hub.fleet.models import Kiosk
from hub.imports import exporting
from hub.imports import service as imports
from hub.imports.models import ExportPiece, Import, ImportPiece
from hub.messaging.requests import wrapping_key_place
from hub.people import service as people
from hub.privacy.rotation import Rotation, WrappedColumn, index_anew
from hub.sessions import factors
from hub.settings import read
from hub.staff.models import Invitation, Person
from hub.webhooks import service as webhooks
from hub.webhooks.models import WebhookEndpoint

WRAPPED = (
    WrappedColumn(ApprovalRequest.body, lambda row: approvals.place_of(row.id)),
    WrappedColumn(ExportPiece.sealed, lambda row: exporting.place_of(row.of)),
    WrappedColumn(Import.header, lambda row: imports.place_of(row.id, "header")),
    WrappedColumn(ImportPiece.sealed, lambda row: imports.place_of(row.of, row.number)),
    WrappedColumn(Invitation.totp_secret, lambda row: people.place_of(row.id)),
    WrappedColumn(Kiosk.wrapping_key, lambda row: wrapping_key_place(row.id)),
    WrappedColumn(Person.totp_secret, factors.place_of),
    WrappedColumn(WebhookEndpoint.old_secret, lambda row: webhooks.place_of(row.id)),
    WrappedColumn(WebhookEndpoint.secret, lambda row: webhooks.place_of(row.id)),
)
"""Every column that `Vault.wrap_secret` fills. What is missing here could not be opened after a rotation."""

SETTLE_S = 10.0
"""How long a transaction may take that wrapped something just before the key was changed."""

app = typer.Typer()


class RotationError(SetupError):
    """Something is still wrapped by an old key."""


@app.command("rotate-keys")
def rotate_keys(
    settings: SettingsFile,
    into: Annotated[
        str, typer.Option(help="Where the new key is kept: file, environment:VARIABLE or kms:SERVICE.")
    ] = "file",
    *,
    keep_old: Annotated[
        bool, typer.Option(help="Keep the old key; on several machines, until all have the new file.")
    ] = False,
    settle_s: Annotated[float, typer.Option(hidden=True)] = SETTLE_S,
) -> None:
    """Wrap everything by a new key, then drop the old one. Killed anywhere, it goes on the next time."""
    known = read(settings)
    current, old = secrets.names(known.secrets)
    with opened(known) as hub:
        if not old:
            old = [current]
            current = secrets.add_key(known.secrets, into, hub.random_bytes)
        typer.echo(f"everything is wrapped by key {current} from now on")
        rotation = Rotation(hub.database, hub.vault, WRAPPED)
        for table, count in rotation.pieces():
            typer.echo(f"{table}: {count} wrapped anew")
        threading.Event().wait(settle_s)
        for table, count in rotation.pieces():
            typer.echo(f"{table}: {count} wrapped anew")
        if not rotation.is_complete():
            raise RotationError("something is still being wrapped by the old key; run this command again")
        if not keep_old:
            secrets.drop_old_keys(known.secrets)
        hub.database.run(lambda session: _note(hub, session, (current, old), keep_old=keep_old))
    typer.echo("the old key is kept" if keep_old else f"key {', '.join(old)} is dropped: destroy its copies too")


@app.command("rotate-index-key")
def rotate_index_key(
    settings: SettingsFile,
    *,
    prepare: Annotated[
        bool, typer.Option(help="Only draw the new key; on several machines, until all have the new file.")
    ] = False,
    keep_old: Annotated[bool, typer.Option(help="Keep the old key, as long as another machine may use it.")] = False,
    settle_s: Annotated[float, typer.Option(hidden=True)] = SETTLE_S,
) -> None:
    """Make every keyed hash by which members are found anew, under a new key. They are found meanwhile, too.

    Killed anywhere, it goes on the next time.
    """
    known = read(settings)
    with opened(known) as hub:
        if secrets.index_step(known.secrets) == "resting":
            secrets.prepare_index_key(known.secrets, hub.random_bytes)
            typer.echo("another index key is there; hubs that run search by it too from now on")
        if prepare:
            return
        if secrets.index_step(known.secrets) == "prepared":
            secrets.take_index_key(known.secrets)
        typer.echo(f"{sum(index_anew(hub.database, hub.vault))} members indexed anew")
        threading.Event().wait(settle_s)
        while count := sum(index_anew(hub.database, hub.vault)):
            typer.echo(f"{count} members indexed anew")
        if not keep_old:
            secrets.drop_old_index_key(known.secrets)
        act = Act("console", "index_key.rotated", "", {}, {"kept": keep_old})
        hub.database.run(lambda session: audit(session, act, hub.clock(), hub.random_bytes))
    typer.echo("the old index key is kept" if keep_old else "the old index key is dropped: destroy its copies too")


def _note(hub: Hub, session: Session, change: tuple[str, list[str]], *, keep_old: bool) -> None:
    current, old = change
    act = Act("console", "keys.rotated", current, {"keys": old}, {"keys": [current], "kept": keep_old})
    audit(session, act, hub.clock(), hub.random_bytes)
