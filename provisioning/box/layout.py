"""Where everything of a box lies, and on which ports it listens. Loopback only."""

import socket
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
NAMES = ["localhost", HOST]


@dataclass(frozen=True, slots=True)
class Ports:
    """One port for each thing that listens."""

    broker: int = 58883
    api: int = 58443
    antenna: int = 54321
    desk: int = 54380
    neighbours: int = 57443


@dataclass(frozen=True, slots=True)
class Box:
    """A folder with everything in it."""

    folder: Path
    ports: Ports

    @property
    def pki(self) -> Path:
        """Authorities, certificates and keys."""
        return self.folder / "pki"

    @property
    def broker(self) -> Path:
        """The broker's configuration and state."""
        return self.folder / "broker"

    @property
    def hub(self) -> Path:
        """The hub's settings, secrets and, by default, its database."""
        return self.folder / "hub"

    @property
    def hub_settings(self) -> Path:
        """The hub's settings file."""
        return self.hub / "hub.toml"

    @property
    def demo(self) -> Path:
        """What seeding left for the desk and the till."""
        return self.folder / "demo"

    @property
    def kiosk(self) -> Path:
        """The kiosk's settings, certificate and store."""
        return self.folder / "kiosk"

    @property
    def kiosk_settings(self) -> Path:
        """The kiosk's settings file."""
        return self.kiosk / "kiosk.toml"

    @property
    def logs(self) -> Path:
        """What the processes say."""
        return self.folder / "logs"

    @property
    def remote(self) -> Path:
        """Socket through which a tour looks at the kiosk's screen."""
        return self.folder / "kiosk.sock"

    @property
    def api_url(self) -> str:
        """Where the hub's API answers."""
        return f"https://{NAMES[0]}:{self.ports.api}"

    @property
    def desk_url(self) -> str:
        """Where the card desk's page is."""
        return f"http://{HOST}:{self.ports.desk}"


def free_ports() -> Ports:
    """Ports that nobody listens on just now, for boxes that live beside others."""
    with (
        socket.socket() as broker,
        socket.socket() as api,
        socket.socket() as desk,
        socket.socket() as neighbours,
        socket.socket(type=socket.SOCK_DGRAM) as antenna,
    ):
        for opened in (broker, api, desk, neighbours, antenna):
            opened.bind((HOST, 0))
        return Ports(*(opened.getsockname()[1] for opened in (broker, api, antenna, desk, neighbours)))
