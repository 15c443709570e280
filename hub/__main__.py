"""The hub's command line: `python -m hub COMMAND --settings hub.toml`."""

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated
from uuid import UUID

import structlog
import typer
import uvicorn
from sqlalchemy import update

from devices.desk.cards import save
from hub import enrolment, migrations, secrets
from hub.app import create_app
from hub.clock import system_random, utc_now
from hub.composition import from_settings
from hub.db.session import Database
from hub.demo.desk import cards_file
from hub.demo.people import FEATURED
from hub.demo.seed import seed
from hub.fleet.models import HubState
from hub.jobs import Scheduler, jobs
from hub.ledger import service as ledger
from hub.messaging.wakeup import Watcher
from hub.messaging.worker import Worker
from hub.settings import read
from hub.staff.permissions import Permission
from hub.staff.service import issue_key
from protocol.ids import event_id
from provisioning.logs import configure
from provisioning.supervisor import Program, Supervisor

BACKLOG_MAX_CONNECTIONS = 4096
SETTINGS_VARIABLE = "MEMBERTAP_SETTINGS_FILE"

SettingsFile = Annotated[Path, typer.Option("--settings", help="The hub's settings file.", exists=True, dir_okay=False)]

app = typer.Typer(help="The central hub: its processes, and what is done on its own machine.", no_args_is_help=True)
log = structlog.get_logger()


@app.callback()
def main() -> None:
    """Set the log up for whatever command follows."""
    configure()


@app.command()
def api(settings: SettingsFile) -> None:
    """Serve the HTTP API (uvicorn)."""
    listen = read(settings).api
    os.environ[SETTINGS_VARIABLE] = str(settings)
    uvicorn.run(
        "hub.__main__:application",
        factory=True,
        host=listen.host,
        port=listen.port,
        workers=listen.workers,
        ssl_certfile=listen.certificate,
        ssl_keyfile=str(listen.key),
        backlog=BACKLOG_MAX_CONNECTIONS,
        access_log=False,
        server_header=False,
        log_config=None,
    )


def application() -> object:
    """The application of one uvicorn worker."""
    configure()
    return create_app(from_settings(read(Path(os.environ[SETTINGS_VARIABLE]))))


@app.command()
def ingest(settings: SettingsFile) -> None:
    """Take what kiosks send over MQTT, and send what they are to know."""
    known = read(settings)
    hub = from_settings(known)
    worker = Worker(hub.ingest(), known.broker.endpoint, hub.clock)
    watcher = Watcher(hub.database, worker.wake)
    _on_stop(worker.stop)
    watcher.start()
    worker.run()
    watcher.stop()


@app.command(name="jobs")
def run_jobs(settings: SettingsFile) -> None:
    """Do what has to be done regularly, such as proving the books every night."""
    hub = from_settings(read(settings))
    scheduler = Scheduler(jobs(hub), hub.clock)
    _on_stop(scheduler.stop)
    scheduler.run()


@app.command()
def up(settings: SettingsFile) -> None:
    """Run api, ingest and jobs together, and start again whichever falls."""
    with Supervisor() as supervisor:
        for name in ("api", "ingest", "jobs"):
            command = [sys.executable, "-m", "hub", name, "--settings", str(settings)]
            supervisor.start(Program(name, command))
        _on_stop(supervisor.end)
        supervisor.watch()


@app.command()
def migrate(settings: SettingsFile) -> None:
    """Bring the database to the newest revision; a new database is made ready."""
    known = read(settings)
    migrations.upgrade(known.database)
    database = Database(known.database)
    prepare(database)
    database.close()


def prepare(database: Database) -> None:
    """Give a new database what every hub needs from the first day."""
    with database.write() as session:
        if session.get(HubState, 1) is None:
            session.add(HubState(id=1, epoch=event_id(int(utc_now().timestamp() * 1000), system_random(10))))


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
    hub = from_settings(read(settings))
    _key, secret = hub.database.run(
        lambda session: issue_key(
            session, name, permission or list(Permission), stores=store or [], now=hub.clock(), random=hub.random_bytes
        )
    )
    typer.echo(secret)


@app.command()
def add_kiosk(settings: SettingsFile, kiosk: str, store: str, public_key: Path) -> None:
    """Take a kiosk into the fleet; PUBLIC_KEY is the file with its device key's public half (DER)."""
    hub = from_settings(read(settings))
    enrolment.add_kiosk(hub, enrolment.NewKiosk(kiosk, store, public_key.read_bytes()), "console")


@app.command()
def seed_demo(settings: SettingsFile, out: Path, number: Annotated[int, typer.Option("--seed")] = 1) -> None:
    """Fill an empty hub with the demo chain; OUT becomes a folder with the desk's cards and the till's key."""
    hub = from_settings(read(settings))
    seeded = seed(hub, number)
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    save(cards_file(hub, seeded), out / "cards.json")
    members = [str(member.id) for member in seeded.members[: len(FEATURED)]]
    demo = {"till_key": seeded.till_key, "featured": members}
    descriptor = os.open(out / "demo.json", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(demo, file, indent=2)


@app.command()
def restored(settings: SettingsFile) -> None:
    """Say that the database was restored from a backup: every kiosk then sends again what is missing."""
    hub = from_settings(read(settings))
    epoch: UUID = event_id(int(hub.clock().timestamp() * 1000), hub.random_bytes(10))
    hub.database.run(lambda session: session.execute(update(HubState).values(epoch=epoch)))
    typer.echo(f"this database is now {epoch}")


@app.command()
def prove(settings: SettingsFile) -> None:
    """Compare all books now; ends with 1 if a single figure is wrong."""
    hub = from_settings(read(settings))
    with hub.database.read() as session:
        proof = ledger.prove(session)
    typer.echo(f"{proof.accounts} accounts, {proof.transfers} transfers, {len(proof.faults)} faults")
    for fault in proof.faults:
        typer.echo(fault)
    raise typer.Exit(1 if proof.faults else 0)


def _on_stop(stop: Callable[[], None]) -> None:
    # Handlers run between two bytecodes of the main thread, so they only set events.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_arguments: threading.Thread(target=stop).start())


if __name__ == "__main__":
    app()
