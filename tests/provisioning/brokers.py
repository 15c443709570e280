"""A real mosquitto on a loopback port, and certificates of every kind to knock at it with."""

import datetime as dt
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from provisioning import broker, keys, pki
from provisioning.box.layout import HOST, NAMES, Box, free_ports
from provisioning.box.running import BROKER, start_broker
from provisioning.mqtt import Endpoint
from provisioning.pki import Authority
from provisioning.supervisor import Supervisor


@dataclass(frozen=True, slots=True)
class Trust:
    """The two authorities of a chain, and where their certificates lie."""

    folder: Path
    devices: Authority
    servers: Authority
    now: dt.datetime

    @property
    def devices_ca(self) -> Path:
        return self.folder / "devices.pem"

    @property
    def servers_ca(self) -> Path:
        return self.folder / "servers.pem"


def make_trust(folder: Path) -> Trust:
    now = dt.datetime.now(dt.UTC)
    trust = Trust(folder, Authority.create("devices", now), Authority.create("servers", now), now)
    pki.save(folder, "devices", trust.devices.certificate, trust.devices.key)
    pki.save(folder, "servers", trust.servers.certificate, trust.servers.key)
    return trust


class Broker:
    """A broker that can be killed and started again on the same port."""

    def __init__(self, folder: Path, trust: Trust) -> None:
        self.trust = trust
        self.box = Box(folder, free_ports())
        self.supervisor = Supervisor()
        for made in (self.box.pki, self.box.logs):
            made.mkdir()
        self.present(NAMES)

    @property
    def port(self) -> int:
        return self.box.ports.broker

    def present(self, hosts: list[str], issuer: Authority | None = None) -> None:
        """Have the broker say, from its next start, that it is these hosts."""
        key = keys.new_key()
        certificate = (issuer or self.trust.servers).issue_server(hosts, key, self.trust.now)
        pki.save(self.box.pki, "broker", certificate, key)

    def start(self) -> None:
        files = broker.BrokerFiles(
            folder=self.box.broker,
            host=HOST,
            port=self.port,
            clients_ca=self.trust.devices_ca,
            certificate=self.box.pki / "broker.pem",
            key=self.box.pki / "broker.key",
        )
        broker.write(files)
        start_broker(self.box, self.supervisor)

    def pid(self) -> int:
        return self.supervisor.pid_of(BROKER)

    def kill(self) -> None:
        """Kill the broker without warning: what it has not saved is lost."""
        self.supervisor.kill(BROKER)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Have the broker do nothing, while the system goes on taking connections for it."""
        os.kill(self.pid(), signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid(), signal.SIGCONT)

    def stop(self) -> None:
        """Stop the broker in order: it saves what it holds."""
        self.supervisor.stop()

    def endpoint(self, name: str, issuer: Authority | None = None) -> Endpoint:
        """How a client of this name connects, its certificate made by the devices' authority or by another."""
        key = keys.new_key()
        certificate = (issuer or self.trust.devices).issue_client(name, key, self.trust.now)
        pki.save(self.box.pki, name, certificate, key)
        return self.endpoint_of(name)

    def endpoint_of(self, name: str) -> Endpoint:
        """How a client connects whose certificate and key lie under this name already."""
        folder = self.box.pki
        return Endpoint(NAMES[0], self.port, self.trust.servers_ca, folder / f"{name}.pem", folder / f"{name}.key")
