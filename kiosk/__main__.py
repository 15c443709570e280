"""The kiosk's command line and composition root: `python -m kiosk --settings kiosk.toml`.

Parts are started in order and stopped in exact reverse.
"""

import re
import signal
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import structlog
import typer
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from devices.nfc import NfcReader
from devices.scanner import SerialScanner
from kiosk.clock import SystemClock, system_random, wall_time
from kiosk.conductor import NOBODY, Conductor, Stage
from kiosk.happenings import PictureCame
from kiosk.link.mqtt import connect
from kiosk.link.neighbours import LocalNetwork
from kiosk.link.peers import Credentials, Outside
from kiosk.loop import Loop
from kiosk.neighbourhood import neighbours_of
from kiosk.pictures import Pictures
from kiosk.ports import Signer
from kiosk.settings import SettingsError, Setup
from kiosk.store.disk import RealDisk
from kiosk.store.errors import StoreError
from kiosk.store.local import LocalStore
from kiosk.sync import Identity, Sync
from kiosk.ui.app import Callbacks, KioskApp
from kiosk.ui.options import WindowOptions
from kiosk.upkeep import Upkeep, room_bytes
from protocol import codec, topics
from protocol.topics import Channel
from provisioning import keys
from provisioning.logs import configure
from provisioning.mqtt import Message

log = structlog.get_logger()

app = typer.Typer(help="The touchscreen program of one kiosk.", add_completion=False)


@dataclass(frozen=True, slots=True)
class Display:
    """How the window is opened, apart from what the settings say."""

    offscreen: bool
    size: str | None
    remote: Path | None


def _checked_size(size: str | None) -> str | None:
    if size is not None and not re.fullmatch("[0-9]+x[0-9]+", size):
        raise typer.BadParameter("a size is WIDTHxHEIGHT in pixels, such as 1280x800")
    return size


@app.command()
def main(
    settings: Annotated[Path, typer.Option(help="The kiosk's settings file.", exists=True, dir_okay=False)],
    *,
    offscreen: Annotated[bool, typer.Option(help="Draw into memory, without any display.")] = False,
    size: Annotated[
        str | None,
        typer.Option(help="Window size, such as 1280x800, instead of the settings'.", callback=_checked_size),
    ] = None,
    remote: Annotated[
        Path | None, typer.Option(help="Let tours and tests look and tap through this socket. Never in a store.")
    ] = None,
) -> None:
    """Run one kiosk until it is told to stop."""
    configure()
    try:
        run(Setup(settings), Display(offscreen, size, remote))
    except (SettingsError, StoreError) as error:
        typer.echo(str(error), err=True)
        sys.exit(1)


def run(setup: Setup, display: Display) -> None:
    """Put the kiosk together and run it; returns when the window is closed."""
    settings, loop = setup.settings, Loop()
    address = None if settings.neighbours is None else settings.neighbours.listen
    identity = Identity(settings.kiosk, version("membertap"), _signer(setup.key), address)
    store = LocalStore(RealDisk(setup.store), system_random, wall_time())
    clock = SystemClock(lambda: store.chain.known_until)
    line = connect(settings.kiosk, setup.endpoint, loop.put, int(clock.now().timestamp()))
    sync = Sync(identity, store, line, clock=clock, random_bytes=system_random, hear_time=clock.hear)
    pictures = Pictures(setup.store / "pictures", settings.hub.url, setup.hub_ca, came=lambda: loop.put(PictureCame()))
    readers: list[NfcReader | SerialScanner] = [NfcReader(settings.reader, loop.put)]
    if settings.scanner is not None:
        readers.append(SerialScanner(settings.scanner, loop.put))
    opened = partial(log.info, "the kiosk is ready", version=identity.software)
    window = KioskApp(Callbacks(loop.put, opened), _options(setup, display), clock.monotonic, display.remote)
    stage = Stage(window.bridge.show, pictures.path, window.bridge.frame_age_ms, lambda: room_bytes(setup.store))
    neighbours = _neighbours(setup, Outside(loop.put, lambda: neighbours_of(store), clock.monotonic))
    conductor = Conductor(store, sync, stage, clock=clock, zone=setup.zone, neighbours=neighbours or NOBODY)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_arguments: window.stop())
    with ExitStack() as running:
        running.callback(store.close)
        for part in (Upkeep(store), pictures, *readers):
            part.start()
            running.callback(part.stop)
        line.start()
        running.callback(lambda: line.stop(_farewell(settings.kiosk, sync)))
        if neighbours is not None:
            neighbours.start()
            running.callback(neighbours.stop)
        loop.start(conductor, clock.monotonic)
        running.callback(loop.stop)
        window.run()


def _neighbours(setup: Setup, outside: Outside) -> LocalNetwork | None:
    neighbours, ca, own = setup.settings.neighbours, setup.devices_ca, setup.endpoint
    if neighbours is None or ca is None:
        return None
    return LocalNetwork(neighbours.listen, Credentials(ca, own.certificate, own.key), outside)


def _farewell(kiosk: str, sync: Sync) -> Message:
    return Message(topics.of_kiosk(kiosk, Channel.STATUS), codec.encode(sync.leave()), retain=True)


def _signer(path: Path) -> Signer:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except ValueError as error:
        raise SettingsError(f"{path.name} holds no key") from error
    if not isinstance(key, EllipticCurvePrivateKey):
        raise SettingsError(f"{path.name} holds no key on an elliptic curve")
    return lambda data: keys.sign(key, data)


def _options(setup: Setup, display: Display) -> WindowOptions:
    settings = setup.settings
    width, height = settings.width_px, settings.height_px
    if display.size is not None:
        width, height = (int(side) for side in display.size.split("x", 1))
    return WindowOptions(
        width_px=width,
        height_px=height,
        fullscreen=settings.fullscreen and not display.offscreen,
        offscreen=display.offscreen,
    )


if __name__ == "__main__":
    app()
