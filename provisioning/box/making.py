"""Makes a box ready: authorities, certificates, configuration, a seeded hub and an enrolled kiosk."""

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path

import structlog

from protocol.ids import KioskId, kiosk_id
from provisioning import broker, keys, pki
from provisioning.box.layout import HOST, NAMES, Box
from provisioning.pki import Authority

STORE = "S01"
SEED_TIMEOUT_S = 300
MADE = "made.txt"
"""Written last; a box without it was never finished, and is made anew."""

log = structlog.get_logger()


def is_made(box: Box) -> bool:
    """Tell whether a box is complete."""
    return (box.folder / MADE).exists()


def make(box: Box, database: str | None = None) -> KioskId:
    """Make a box; `database` is a URL where SQLite in the box is not wanted. Returns the kiosk's id."""
    for folder in (box.folder, box.pki, box.broker, box.hub, box.demo, box.kiosk, box.logs):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    kiosk = kiosk_id(os.urandom(16))
    _certify(box, kiosk)
    _configure_broker(box)
    _configure_hub(box, database or f"sqlite:///{box.hub / 'hub.db'}")
    configure_kiosk(box, kiosk)
    settings = ("--settings", str(box.hub_settings))
    run_hub("new-secrets", str(box.hub / "secrets.json"))
    run_hub("migrate", *settings)
    run_hub("seed-demo", *settings, str(box.demo))
    run_hub("add-kiosk", *settings, kiosk, STORE, str(box.kiosk / "device.der"))
    (box.folder / MADE).write_text(kiosk, encoding="utf-8")
    return kiosk


def run_hub(*arguments: str) -> str:
    """Run one command of the hub; returns what it prints.

    Raises:
        subprocess.CalledProcessError: it failed; its words are on standard error.
    """
    command = [sys.executable, "-m", "hub", *arguments]
    return subprocess.run(  # noqa: S603
        command, check=True, stdout=subprocess.PIPE, text=True, timeout=SEED_TIMEOUT_S
    ).stdout.strip()


def _certify(box: Box, kiosk: str) -> None:
    now = dt.datetime.now(dt.UTC)
    devices, servers = Authority.create("membertap devices", now), Authority.create("membertap servers", now)
    pki.save(box.pki, "devices", devices.certificate, devices.key)
    pki.save(box.pki, "servers", servers.certificate, servers.key)
    for name in ("broker", "api"):
        key = keys.new_key()
        pki.save(box.pki, name, servers.issue_server(NAMES, key, now), key)
    key = keys.new_key()
    pki.save(box.pki, "hub", devices.issue_client("hub", key, now), key)
    key = keys.new_key()
    pki.save(box.kiosk, "device", devices.issue_device(kiosk, key, now), key)
    (box.kiosk / "device.der").write_bytes(keys.public_der(key))
    for authority in ("servers.pem", "devices.pem"):
        (box.kiosk / authority).write_bytes((box.pki / authority).read_bytes())


def _configure_broker(box: Box) -> None:
    files = broker.BrokerFiles(
        folder=box.broker,
        host=HOST,
        port=box.ports.broker,
        clients_ca=box.pki / "devices.pem",
        certificate=box.pki / "broker.pem",
        key=box.pki / "broker.key",
    )
    broker.write(files)


def _configure_hub(box: Box, database: str) -> None:
    box.hub_settings.write_text(
        f"""\
database = "{database}"
secrets = "{box.hub / "secrets.json"}"

[api]
host = "{HOST}"
port = {box.ports.api}
certificate = "{box.pki / "api.pem"}"
key = "{box.pki / "api.key"}"

[broker]
host = "{NAMES[0]}"
port = {box.ports.broker}
ca = "{box.pki / "servers.pem"}"
certificate = "{box.pki / "hub.pem"}"
key = "{box.pki / "hub.key"}"
""",
        encoding="utf-8",
    )
    box.hub_settings.chmod(0o600)


def configure_kiosk(box: Box, kiosk: str) -> None:
    """Write the kiosk's bundle: who it is, where broker and hub are, what it reads cards with."""
    box.kiosk_settings.write_text(
        f"""\
kiosk = "{kiosk}"
store = "store"
reader = "udp:{HOST}:{box.ports.antenna}"
width_px = 1280
height_px = 800

[broker]
host = "{NAMES[0]}"
port = {box.ports.broker}
ca = "servers.pem"
certificate = "device.pem"
key = "device.key"

[hub]
url = "{box.api_url}"
ca = "servers.pem"

[neighbours]
listen = "{HOST}:{box.ports.neighbours}"
ca = "devices.pem"
""",
        encoding="utf-8",
    )


def mosquitto() -> str | None:
    """Where the broker's program is; None where it is not installed."""
    candidates = (Path("/usr/sbin/mosquitto"), Path("/usr/local/sbin/mosquitto"), Path("/usr/bin/mosquitto"))
    return next((str(path) for path in candidates if path.exists()), None)
