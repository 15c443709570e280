"""What is done to the database, on the hub's own machine."""

from uuid import UUID

import typer
from sqlalchemy.orm import Session

from hub import migrations
from hub.audit.anchoring import anchor_restored
from hub.audit.service import Act, audit
from hub.clock import system_random, utc_now
from hub.commands.process import SettingsFile
from hub.composition import Hub, opened
from hub.db.session import Database
from hub.fleet import service as fleet
from hub.fleet.models import HubState
from hub.jobs import erase_again
from hub.ledger import service as ledger
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

    Whoever was erased since the backup was made is erased again.
    """
    known = read(settings)
    with opened(known) as hub:
        epoch = hub.database.run(lambda session: _begin(session, hub))
        erase_again(hub, hub.clock())
        anchor_restored(hub.database, known.heads_file, hub.clock())
    typer.echo(f"this database is now {epoch}")


def _begin(session: Session, hub: Hub) -> UUID:
    epoch = fleet.begin_epoch(session, hub.clock(), hub.random_bytes)
    audit(session, Act("console", "database.restored", str(epoch), {}, {}), hub.clock(), hub.random_bytes)
    return epoch


@app.command()
def prove(settings: SettingsFile) -> None:
    """Compare all books now; ends with 1 if a single figure is wrong."""
    with opened(read(settings)) as hub, hub.database.snapshot() as session:
        proof = ledger.prove(session)
    typer.echo(f"{proof.accounts} accounts, {proof.transfers} transfers, {len(proof.faults)} faults")
    for fault in proof.faults:
        typer.echo(fault)
    raise typer.Exit(1 if proof.faults else 0)
