import os
import signal
import time
from collections.abc import Callable

import pytest

from provisioning.box import running
from provisioning.box.running import BROKER, KIOSK
from provisioning.box.screen import ScreenError
from provisioning.box.shop import OFFLINE, Customer
from provisioning.box.waiting import until
from tests.journeys.store import SETTLE_S, StoreOfTests

pytestmark = pytest.mark.timeout(300)

MEMBER = "lin"
GELATO, PRICE = "冰淇淋双球", 480
VICTIMS = ("broker", "hub", "kiosk")
MOMENTS_S = (0.0, 0.3)
"""How long after the touch on `confirm` the blow falls: before the question is out, on its way, after the voucher."""


def kill(store: StoreOfTests, victim: str) -> None:
    """Kill a process without warning."""
    blows: dict[str, Callable[[], None]] = {
        "broker": lambda: store.supervisor.kill(BROKER),
        "hub": lambda: running.kill_hub(store.supervisor),
        "kiosk": store.kill_kiosk,
    }
    blows[victim]()


def revive(store: StoreOfTests, victim: str) -> None:
    """Start it again."""
    revivals: dict[str, Callable[[], None]] = {
        "broker": lambda: running.start_broker(store.box, store.supervisor),
        "hub": lambda: running.start_hub(store.box, store.supervisor),
        "kiosk": store.start_kiosk,
    }
    revivals[victim]()


def shown_voucher(customer: Customer) -> str | None:
    """The code on the screen, if the kiosk still lives and shows one."""
    try:
        return customer.voucher_code() if customer.screen.look()["screen"] == "voucher" else None
    except (ScreenError, OSError, StopIteration):
        return None


def is_even(store: StoreOfTests, points: int, vouchers: dict[str, str]) -> bool:
    """Tell whether every point that is gone has become a voucher, and none is lent any more."""
    new = store.vouchers().keys() - vouchers.keys()
    return store.open_leases() == 0 and store.till.points() == points - PRICE * len(new)


def test_a_purchase_earns_points_and_a_reward_costs_them(store: StoreOfTests) -> None:
    with store.customer() as customer:
        before = store.till.points()
        store.till.buy(10_000)
        earned = store.till.points() - before
        customer.visit(MEMBER)

        code = customer.redeem(store.till.reward(GELATO))
        until(lambda: store.vouchers().get(code) == "open", "the voucher", SETTLE_S)

        assert earned == 150
        assert store.till.points() == before + earned - PRICE
    store.prove()


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize("moment_s", MOMENTS_S)
def test_a_blow_in_the_middle_of_a_redemption_loses_and_doubles_nothing(
    store: StoreOfTests, victim: str, moment_s: float
) -> None:
    with store.customer() as customer:
        store.wait_until_settled()
        points, vouchers = store.till.points(), store.vouchers()
        customer.visit(MEMBER)
        customer.choose(store.till.reward(GELATO))
        customer.screen.tap("confirm")
        time.sleep(moment_s)
        shown = shown_voucher(customer)
        kill(store, victim)
        revive(store, victim)
        store.wait_until_online()
        if victim != "kiosk":
            until(lambda: customer.screen.look()["modal"] != "confirm", "an answer for the customer", SETTLE_S)

        until(lambda: is_even(store, points, vouchers), "books that agree with the customer's purse", SETTLE_S)
        new = store.vouchers().keys() - vouchers.keys()
        assert len(new) <= 1
        assert shown is None or new == {shown}
    store.prove()


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_what_a_dead_hub_missed_is_caught_up(store: StoreOfTests) -> None:
    with store.customer() as customer:
        customer.visit(MEMBER)
        customer.leave()
        booked = store.booked()
        running.kill_hub(store.supervisor)
        until(lambda: customer.reads(OFFLINE), "the banner", SETTLE_S)
        for _ in range(3):
            customer.tap(MEMBER)
            customer.screen.wait("member")
            customer.leave()
        running.start_hub(store.box, store.supervisor)

        until(lambda: store.booked() >= booked + 3, "the taps that were queued", SETTLE_S)
        assert store.booked() == booked + 3
    store.prove()


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_kiosk_that_is_told_to_stop_says_goodbye(store: StoreOfTests) -> None:
    store.start_kiosk()

    os.kill(store.supervisor.pid_of(KIOSK), signal.SIGTERM)

    until(lambda: not store.supervisor.is_running(KIOSK), "the end", SETTLE_S)
    until(lambda: not store.till.online_kiosks(), "the goodbye", SETTLE_S)
    assert [kiosk["connection"] for kiosk in store.till.items("/v1/kiosks")] == ["offline"]
    store.supervisor.kill(KIOSK)
