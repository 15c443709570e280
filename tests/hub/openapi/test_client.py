"""A client is generated from the description by a tool that we did not write, and buys something over TLS."""

import fcntl
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvicorn

from hub.app import create_app
from provisioning import pki
from provisioning.keys import new_key
from tests.architecture.source import ROOT
from tests.hub.world import World

HOST = "127.0.0.1"
TOOL, VERSION = "openapi-python-client", "0.29.1"
BUY = Path(__file__).with_name("buy.py")


def environment() -> Path:
    """The generator's own environment, made once on a machine: its dependencies do not go together with ours."""
    folder = ROOT / ".run" / TOOL
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "turn").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
            python = folder / "venv" / "bin" / "python"
            subprocess.run(
                [python, "-m", "pip", "install", "--quiet", f"{TOOL}=={VERSION}"], check=True, capture_output=True
            )
            (folder / "ready").touch()
    return folder / "venv" / "bin"


@contextmanager
def serving(app: object, folder: Path) -> Iterator[str]:
    """The application behind a real server with TLS; its address."""
    now, key = datetime.now(UTC), new_key()
    authority = pki.Authority.create("servers", now)
    pki.save(folder, "server", authority.issue_server([HOST], key, now), key)
    pki.save(folder, "ca", authority.certificate, authority.key)
    config = uvicorn.Config(
        app,  # type: ignore[arg-type] # FastAPI is an ASGI application
        host=HOST,
        port=0,
        ssl_certfile=folder / "server.pem",
        ssl_keyfile=str(folder / "server.key"),
        log_config=None,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"https://{HOST}:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@pytest.mark.timeout(300)
def test_a_generated_client_buys_something(small_world: World, tmp_path: Path) -> None:
    tools, app = environment(), create_app(small_world.hub)
    described, settings = tmp_path / "openapi.json", tmp_path / "settings.yaml"
    described.write_text(json.dumps(app.openapi()), encoding="utf-8")
    settings.write_text("package_name_override: hub_client\npost_hooks: []\n", encoding="utf-8")
    made = subprocess.run(
        [
            *(tools / TOOL, "generate", "--path", described, "--config", settings, "--meta", "none"),
            *("--output-path", tmp_path / "hub_client"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    # It leaves out the routes of files, which it cannot do.
    assert made.returncode == 0, made.stdout
    assert "has resulted in the removal" not in made.stdout + made.stderr

    member = small_world.add_member()
    with serving(app, tmp_path) as url:
        bought = subprocess.run(
            [tools / "python", BUY, url, tmp_path / "ca.pem", small_world.till_key, str(member)],
            env={"PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )

    assert (bought.stdout, bought.returncode) == ("201 100\n", 0), bought.stderr
    assert small_world.balance(member) == 100
