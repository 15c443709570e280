"""The process that serves the HTTP API."""

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

import typer
import uvicorn

from hub import migrations
from hub.app import create_app
from hub.clock import system_random
from hub.commands.process import SettingsFile, spare_the_collector
from hub.composition import from_settings
from hub.limits import Limits
from hub.proxies import Proxies
from hub.settings import Listen, read
from hub.tally import Tally, make
from provisioning.logs import configure

BACKLOG_MAX_CONNECTIONS = 4096
SETTINGS_VARIABLE = "MEMBERTAP_SETTINGS_FILE"
TALLY_VARIABLE = "MEMBERTAP_TALLY_FILE"
"""Where the worker processes of uvicorn find what they share."""

app = typer.Typer()


@app.command()
def api(settings: SettingsFile) -> None:
    """Serve the HTTP API (uvicorn)."""
    known = read(settings)
    migrations.insist(known.database)
    listen = known.api
    os.environ[SETTINGS_VARIABLE] = str(settings)
    with NamedTemporaryFile(prefix="membertap-tally-") as file:
        make(Path(file.name), system_random)
        os.environ[TALLY_VARIABLE] = file.name
        _serve(listen)


def _serve(listen: Listen) -> None:
    uvicorn.run(
        "hub.commands.api:application",
        factory=True,
        host=listen.host,
        port=listen.port,
        workers=listen.workers,
        ssl_certfile=listen.certificate,
        ssl_keyfile=str(listen.key),
        backlog=BACKLOG_MAX_CONNECTIONS,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        log_config=None,
    )


def application() -> object:
    """The application of one uvicorn worker."""
    configure()
    known = read(Path(os.environ[SETTINGS_VARIABLE]))
    limits = Limits(known.limits.key_per_minute, known.limits.source_per_minute)
    built = create_app(
        from_settings(known), limits, Tally.at(Path(os.environ[TALLY_VARIABLE])), Proxies(known.api.proxies)
    )
    spare_the_collector()
    return built
