"""What is done to the database, on the hub's own machine."""

from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy.orm import Session

from hub import migrations
from hub.audit.anchoring import anchor_restored
from hub.audit.service import Act, audit
from hub.booking import queries as booking
from hub.clock import system_random, utc_now
from hub.commands.process import SettingsFile
from hub.composition import Hub, opened
from hub.db.session import Database
from hub.fleet import service as fleet
from hub.fleet.models import HubState
from hub.jobs import erase_again
from hub.ledger import service as ledger
from hub.messaging import versions
from hub.proof.service import JournalProver
from hub.restores import service as restores
from hub.settings import read

app = typer.Typer()


@app.command()
def migrate(settings: SettingsFile) -> None:
    """Bring the database to the newest revision; a new database is made ready."""
    known = read(settings)
    migrations.upgrade(known.database)
    database = Database(known.database)
    with database.write() as session:
        if session.get(HubState, 1) is None:
            fleet.begin_epoch(session, utc_now(), system_random)
    database.close()


@app.command()
def restored(settings: SettingsFile) -> None:
    """Say that the database was restored from a backup: every kiosk sends again what is missing.

    Until they all have, or a person has released those that cannot, nothing is lent and no points are spent. Whoever
    was erased since the backup was made is erased again.
    """
    known = read(settings)
    with opened(known) as hub:
        epoch = hub.database.run(lambda session: _begin(session, hub))
        erase_again(hub, hub.clock())
        anchor_restored(hub.database, known.heads_file, hub.clock())
    typer.echo(f"this database is now {epoch}")


def _begin(session: Session, hub: Hub) -> UUID:
    now, newest_at = hub.clock(), booking.newest_at(session)
    epoch = fleet.begin_epoch(session, now, hub.random_bytes)
    restores.begin(session, epoch, now, newest_at)
    versions.raise_all(session, now)
    told = {"newest_at": None if newest_at is None else newest_at.isoformat()}
    audit(session, Act("console", "database.restored", str(epoch), {}, told), now, hub.random_bytes)
    return epoch


@app.command()
def prove(
    settings: SettingsFile,
    full: Annotated[bool, typer.Option("--full", help="Every journal from its first event on.")] = False,  # noqa: FBT002 - a command line's
) -> None:
    """Compare all books and journals now; ends with 1 if a single figure is wrong.

    A journal is gone through from where it was last found right.
    """
    with opened(read(settings)) as hub:
        with hub.database.snapshot() as session:
            books = ledger.prove(session)
        journals = JournalProver(hub.database, hub.random_bytes).run(hub.clock(), is_full=full)
    typer.echo(f"{books.accounts} accounts, {books.transfers} transfers, {len(books.faults)} faults")
    typer.echo(f"{journals.journals} journals, {journals.facts} facts, {journals.faults} faults")
    for fault in (*books.faults, *journals.told):
        typer.echo(fault)
    raise typer.Exit(1 if books.faults or journals.faults else 0)
