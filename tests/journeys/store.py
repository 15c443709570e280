"""A store of processes, with what journeys want to know of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import func, select

from hub.composition import Hub
from hub.fleet.models import Stream
from hub.leases.models import Lease
from hub.rewards.models import Voucher
from provisioning.box import running
from provisioning.box.layout import Box
from provisioning.box.making import run_hub
from provisioning.box.running import KIOSK
from provisioning.box.screen import Screen
from provisioning.box.shop import OFFLINE, Customer, Till
from provisioning.box.waiting import until
from provisioning.supervisor import Supervisor

SETTLE_S = 90.0
"""Back-off, and points that are given back, take their time on a busy machine."""


@dataclass
class StoreOfTests:
    """Runs in a box; the kiosk is started when somebody comes."""

    box: Box
    supervisor: Supervisor
    hub: Hub
    """The hub's parts, for looking into its database."""

    @cached_property
    def till(self) -> Till:
        """The store's till."""
        return Till(self.box)

    @contextmanager
    def customer(self) -> Iterator[Customer]:
        """Somebody before a kiosk that is on and online; it is killed when they leave."""
        self.start_kiosk()
        try:
            with Screen(self.box.remote) as screen:
                customer = Customer(self.box, screen)
                self.wait_until_served(customer)
                yield customer
        finally:
            self.kill_kiosk()

    def start_kiosk(self) -> None:
        """Switch the kiosk on."""
        options = ("--offscreen", "--size", "1280x800", "--remote", str(self.box.remote))
        running.start_kiosk(self.box, self.supervisor, *options)
        until(self.box.remote.exists, "the kiosk", SETTLE_S)
        self.wait_until_online()

    def kill_kiosk(self) -> None:
        """Cut the kiosk's power, if that has not happened yet."""
        if self.box.remote.exists():
            self.supervisor.kill(KIOSK)
            self.box.remote.unlink()

    def wait_until_online(self) -> None:
        """Wait until the hub knows the kiosk to be there."""
        until(lambda: bool(self.till.online_kiosks()), "the kiosk's connection", SETTLE_S)

    def wait_until_lent(self) -> None:
        """Wait until points lie at a kiosk ahead, and the kiosk has said that it has them."""
        until(self.till.has_lent, "points that lie at a kiosk", SETTLE_S)

    def wait_until_served(self, customer: Customer) -> None:
        """Wait until the kiosk itself says that it is online: the hub may still take its last connection for this."""
        until(lambda: not customer.reads(OFFLINE), "the kiosk's own view", SETTLE_S)

    def vouchers(self) -> dict[str, str]:
        """State of every voucher by its code."""
        with self.hub.database.read() as session:
            return {row.code: row.state for row in session.execute(select(Voucher.code, Voucher.state))}

    def booked(self) -> int:
        """How many events of the kiosk are booked."""
        with self.hub.database.read() as session:
            return int(session.execute(select(func.sum(Stream.upto))).scalar_one() or 0)

    def wait_until_settled(self) -> None:
        """Wait until no points are lent any more: every lease was spent or given back, and the hub was told."""
        until(lambda: self.open_leases() == 0, "the last lease's report", SETTLE_S)

    def prove(self) -> None:
        """Recount the books; fails if they do not balance to the point."""
        run_hub("prove", "--settings", str(self.box.hub_settings))

    def open_leases(self) -> int:
        """How many leases are neither spent nor given back."""
        with self.hub.database.read() as session:
            return session.execute(select(func.count()).where(Lease.state != "closed")).scalar_one()
