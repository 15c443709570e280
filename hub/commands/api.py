"""The process that serves the HTTP API."""

import os
import ssl
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

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

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2: keys that are drawn for each connection, and ciphers that authenticate (RFC 9325, section 4.2). Those of
TLS 1.3 are all of this kind."""

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
        uvicorn.run("hub.commands.api:application", factory=True, workers=listen.workers, **options(listen))


def options(listen: Listen) -> dict[str, Any]:
    """How uvicorn serves, for everybody who starts it.

    Of its two parsers h11 is not to step in: it takes messages that a proxy may divide elsewhere (lines that end in LF
    alone, a length beside chunks), which is how requests are smuggled.
    """
    return {
        "host": listen.host,
        "port": listen.port,
        "http": "httptools",
        "ssl_certfile": listen.certificate,
        "ssl_keyfile": str(listen.key),
        "ssl_context_factory": modern,
        "backlog": BACKLOG_MAX_CONNECTIONS,
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,
        "log_config": None,
    }


def modern(_config: uvicorn.Config, made: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """TLS 1.3, and 1.2 with the ciphers that are as good; the platform's defaults have CBC besides."""
    context = made()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE | ssl.OP_NO_RENEGOTIATION
    return context


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
