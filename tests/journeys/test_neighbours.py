"""Two kiosks of one store as processes: what lies at one is redeemed at the other while broker and hub are away."""

import pytest

from provisioning.box import running
from provisioning.box.running import BROKER
from provisioning.box.shop import OFFLINE
from provisioning.box.waiting import until
from tests.journeys.second import customer_at, has_heard_of, make_second, move_cards
from tests.journeys.store import SETTLE_S, StoreOfTests

pytestmark = pytest.mark.timeout(420)

MEMBER = "lin"
GELATO, PRICE = "冰淇淋双球", 480
LENDING = {"share_percent": 100, "cap_points": 1_000, "min_points": 50}
ASKS = "点选好礼即向本店其他自助机查询"


def test_what_lies_at_one_kiosk_is_redeemed_at_the_other_and_booked_when_the_hub_is_back(store: StoreOfTests) -> None:
    reward, second = store.till.reward(GELATO), make_second(store.box)
    with store.customer() as customer:
        customer.visit(MEMBER)
        customer.leave()
    move_cards(store.supervisor, second)
    with customer_at(second, store) as there:
        there.visit(MEMBER)
        there.leave()
        store.till.call("PUT", "/v1/programme/terms/lending", {"document": LENDING})
        store.wait_until_lent()
        points = store.till.points()
        move_cards(store.supervisor, store.box)
        with store.customer() as here:
            until(lambda: has_heard_of(store.box, second), "the address of the second kiosk", SETTLE_S)
            until(lambda: has_heard_of(second, store.box), "the address of the first kiosk", SETTLE_S)
            store.supervisor.kill(BROKER)
            running.kill_hub(store.supervisor)
            until(lambda: here.reads(OFFLINE), "the banner", SETTLE_S)

            here.tap(MEMBER)
            here.screen.wait("member")
            is_offered = here.reads(ASKS)
            codes = {here.redeem(reward)}
            here.leave("done")
            here.tap(MEMBER)
            here.screen.wait("member")
            codes.add(here.redeem(reward))
            running.start_broker(store.box, store.supervisor)
            running.start_hub(store.box, store.supervisor)

            until(lambda: codes <= store.vouchers().keys(), "the vouchers", SETTLE_S)
            until(lambda: store.till.points() == points - 2 * PRICE, "the points", SETTLE_S)
            assert is_offered
            assert len(codes) == 2
    store.till.call("PUT", "/v1/programme/terms/lending", {"document": {"share_percent": 0}})
    store.prove()
