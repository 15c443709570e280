"""How one kiosk is set up: the bundle that it was given, as a TOML file. Everything else comes from the hub."""

import tomllib
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Struct

from protocol.values import Address, Token
from provisioning.mqtt import Endpoint

EVERYWHERE = ("0.0.0.0:", "[::]:")
"""What stands for every address of a box, and is none that anybody could call."""


class SettingsError(Exception):
    """The settings cannot be used. Not retryable."""


class Broker(Struct, frozen=True, forbid_unknown_fields=True):
    """The broker, and the kiosk's certificate for it; file names are relative to the settings file."""

    host: str
    port: int
    ca: str
    certificate: str
    key: str


class Hub(Struct, frozen=True, forbid_unknown_fields=True):
    """Where pictures come from, and the authority that vouches for that server."""

    url: str
    ca: str


class Neighbours(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the store's other kiosks find this one over the local network, and the authority that vouches for them.

    `listen` is HOST:PORT as they call it, on an address of this box.
    """

    listen: Address
    ca: str


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """One kiosk. `reader` is nfcpy's path of the card reader; `store` is the folder for what the kiosk remembers.

    `scanner` is the device file of a scanner for the codes on receipts; without one, receipts are not scanned here.
    Without `neighbours` no points pass between this kiosk and the others of its store.
    """

    kiosk: Token
    store: str
    reader: str
    broker: Broker
    hub: Hub
    scanner: str | None = None
    neighbours: Neighbours | None = None
    zone: str = "Asia/Shanghai"
    fullscreen: bool = False
    width_px: int = 1080
    height_px: int = 1920


class Setup:
    """Settings with their files found."""

    def __init__(self, path: Path) -> None:
        """Read a settings file; `zone` is the time zone of the store.

        Raises:
            SettingsError: with what is wrong in it, or with the files that it names and that are not there.
        """
        self._folder = path.resolve().parent
        try:
            self.settings = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Settings)
            self.zone = ZoneInfo(self.settings.zone)
        # Text that is not UTF-8, bad TOML and a path in place of a zone are all ValueErrors.
        except (OSError, ValueError, msgspec.ValidationError, ZoneInfoNotFoundError) as error:
            raise SettingsError(f"{path.name}: {error}") from error
        broker, neighbours = self.settings.broker, self.settings.neighbours
        named = [broker.ca, broker.certificate, broker.key, self.settings.hub.ca]
        if neighbours is not None:
            named.append(neighbours.ca)
            if neighbours.listen.startswith(EVERYWHERE):
                raise SettingsError(f"{path.name}: {neighbours.listen} is no address that a neighbour could call")
        missing = [name for name in named if not (self._folder / name).is_file()]
        if missing:
            raise SettingsError(f"{path.name}: no such file: {', '.join(missing)}")

    @property
    def store(self) -> Path:
        """Folder for what the kiosk remembers; made if it is missing, for its owner only."""
        folder = self._folder / self.settings.store
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    @property
    def endpoint(self) -> Endpoint:
        """The broker as the line wants it."""
        broker = self.settings.broker
        files = [self._folder / name for name in (broker.ca, broker.certificate, broker.key)]
        return Endpoint(broker.host, broker.port, *files)

    @property
    def devices_ca(self) -> Path | None:
        """The authority that vouches for neighbours; None where there are none."""
        neighbours = self.settings.neighbours
        return None if neighbours is None else self._folder / neighbours.ca

    @property
    def hub_ca(self) -> Path:
        """The authority that vouches for the hub's server."""
        return self._folder / self.settings.hub.ca

    @property
    def key(self) -> Path:
        """The device key."""
        return self._folder / self.settings.broker.key
