"""A second kiosk in a box's store, with an antenna and a desk of its own."""

import datetime as dt
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from kiosk.store.local import CACHE
from protocol.ids import kiosk_id
from provisioning import keys, pki
from provisioning.box import making, running
from provisioning.box.layout import HOST, Box, free_ports
from provisioning.box.making import STORE, run_hub
from provisioning.box.running import DESK
from provisioning.box.screen import Screen
from provisioning.box.shop import Customer
from provisioning.box.waiting import until
from provisioning.supervisor import Program, Supervisor
from tests.journeys.store import SETTLE_S, StoreOfTests

KIOSK = "kiosk-2"


class SecondBox(Box):
    """The same box, as the second kiosk lies in it."""

    @property
    def kiosk(self) -> Path:
        """The second kiosk's settings, certificate and store."""
        return self.folder / KIOSK

    @property
    def remote(self) -> Path:
        """Socket through which its screen is looked at."""
        return self.folder / f"{KIOSK}.sock"


def make_second(box: Box) -> SecondBox:
    """Enrol a second kiosk in the same store."""
    free = free_ports()
    ports = replace(box.ports, antenna=free.antenna, desk=free.desk, neighbours=free.neighbours)
    second, name, key = SecondBox(box.folder, ports), kiosk_id(os.urandom(16)), keys.new_key()
    second.kiosk.mkdir(mode=0o700)
    certificate = pki.load(box.pki, "devices").issue_device(name, key, dt.datetime.now(dt.UTC))
    pki.save(second.kiosk, "device", certificate, key)
    (second.kiosk / "device.der").write_bytes(keys.public_der(key))
    for authority in ("servers.pem", "devices.pem"):
        (second.kiosk / authority).write_bytes((box.pki / authority).read_bytes())
    making.configure_kiosk(second, name)
    run_hub("add-kiosk", "--settings", str(box.hub_settings), name, STORE, str(second.kiosk / "device.der"))
    return second


@contextmanager
def customer_at(second: SecondBox, store: StoreOfTests) -> Iterator[Customer]:
    """Somebody before the second kiosk, which is on and online; it is killed when they leave."""
    options = ("--offscreen", "--size", "1280x800", "--remote", str(second.remote))
    command = running.kiosk_command(second, *options)
    store.supervisor.start(Program(KIOSK, command, log_to=str(second.logs / f"{KIOSK}.log")))
    try:
        until(second.remote.exists, "the second kiosk", SETTLE_S)
        store.wait_until_online()
        with Screen(second.remote) as screen:
            customer = Customer(second, screen)
            store.wait_until_served(customer)
            yield customer
    finally:
        store.supervisor.kill(KIOSK)


def move_cards(supervisor: Supervisor, to: Box) -> None:
    """Take the cards to the other kiosk: one desk at a time knows how often each was read.

    A kiosk's reader finds its desk when the kiosk is switched on, and not again.
    """
    supervisor.kill(DESK)
    running.start_desk(to, supervisor)


def has_heard_of(box: Box, other: Box) -> bool:
    """Tell whether a kiosk has fetched, and kept on its disk, where the other one answers."""
    address = f'"{HOST}:{other.ports.neighbours}"'
    return address.encode() in (box.kiosk / "store" / CACHE).read_bytes()
