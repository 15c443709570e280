"""Redeeming without any network, on real processes: points were lent ahead, a card proves itself, and all is booked."""

import pytest

from provisioning.box import running
from provisioning.box.running import BROKER
from provisioning.box.shop import OFFLINE
from provisioning.box.waiting import until
from tests.journeys.store import SETTLE_S, StoreOfTests

pytestmark = pytest.mark.timeout(300)

MEMBER = "lin"
GELATO, PRICE = "冰淇淋双球", 480
LENT_POINTS = 1_000


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_a_reward_is_redeemed_offline_from_what_was_lent_and_booked_when_the_line_is_back(store: StoreOfTests) -> None:
    reward = store.till.reward(GELATO)
    store.till.lend(LENT_POINTS)
    with store.customer() as customer:
        customer.visit(MEMBER)
        customer.leave()
        store.wait_until_lent()
        points = store.till.points()
        store.supervisor.kill(BROKER)
        until(lambda: customer.reads(OFFLINE), "the banner", SETTLE_S)

        customer.tap(MEMBER)
        customer.screen.wait("member")
        first = customer.redeem(reward)
        customer.leave("done")
        customer.tap(MEMBER)
        customer.screen.wait("member")
        is_shown = customer.reads(first)
        second = customer.redeem(reward)
        running.start_broker(store.box, store.supervisor)

        until(lambda: {first, second} <= store.vouchers().keys(), "the vouchers", SETTLE_S)
        until(lambda: store.till.points() == points - 2 * PRICE, "the points", SETTLE_S)
        until(lambda: customer.reads("总部已确认"), "the confirmation on the screen", SETTLE_S)
        assert is_shown
        assert first != second
    store.till.lend(0)
    store.prove()
