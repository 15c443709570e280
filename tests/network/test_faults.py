"""Real lines over TLS through a spoiled network: traffic goes on or comes back by itself, and counts once."""

import pytest

from tests.network.chain import Network
from tests.network.proxy import FaultProxy, Faults

pytestmark = [
    pytest.mark.timeout(300),
    # paho leaves a socket to the garbage collector where the handshake fails; it is closed there and then.
    pytest.mark.filterwarnings("ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning"),
]

EVENTS = 40
BIG = 300
"""So many events take several envelopes, and more bytes than `limit_bytes` below lets pass."""

PLACES = ("near_kiosk", "near_hub")

BEARABLE = {
    "latency": Faults(latency_s=0.15, jitter_s=0.1),
    "bandwidth": Faults(bytes_per_s=40_000),
    "slicing": Faults(slice_bytes=7),
}
"""Traffic goes on while they last."""

UNBEARABLE = {
    "reset": Faults(resets=True),
    "limit": Faults(limit_bytes=9_000),
    "slow close": Faults(limit_bytes=9_000, close_delay_s=0.4),
}
"""Connections end again and again; what passes before that counts."""


@pytest.fixture(params=PLACES)
def proxy(request: pytest.FixtureRequest, network: Network) -> FaultProxy:
    found: FaultProxy = getattr(network, request.param)
    return found


@pytest.mark.parametrize("name", BEARABLE)
def test_traffic_goes_on_through(whole: Network, proxy: FaultProxy, name: str) -> None:
    connections = proxy.accepted
    proxy.spoil(BEARABLE[name], BEARABLE[name])

    whole.buy(EVENTS)
    whole.wait_until_booked()

    assert proxy.accepted == connections
    whole.insist_on_once()


@pytest.mark.parametrize("name", UNBEARABLE)
def test_traffic_comes_back_after(whole: Network, proxy: FaultProxy, name: str) -> None:
    connections = proxy.accepted
    proxy.spoil(UNBEARABLE[name], UNBEARABLE[name])

    whole.buy(BIG)
    proxy.wait_for_connection(connections + 1)
    proxy.spoil()
    whole.wait_until_booked()

    whole.insist_on_once()


@pytest.mark.parametrize("way", ["up", "down"])
def test_what_is_swallowed_before_a_connection_ends_is_sent_again(whole: Network, proxy: FaultProxy, way: str) -> None:
    swallowed, faults = proxy.swallowed_bytes, Faults(swallows=True)
    proxy.spoil(faults if way == "up" else None, faults if way == "down" else None)
    whole.buy(EVENTS)
    proxy.wait_until_swallowed(swallowed)

    proxy.reset()
    proxy.spoil()
    whole.wait_until_booked()

    whole.insist_on_once()


def test_half_open_connections_are_noticed_and_replaced(whole: Network, proxy: FaultProxy) -> None:
    connections = proxy.accepted
    proxy.cut()

    whole.buy(EVENTS)
    whole.wait_until_booked()

    assert proxy.accepted > connections
    whole.insist_on_once()


def test_faults_may_come_one_after_the_other_without_a_pause(whole: Network) -> None:
    for near_kiosk, near_hub in zip(BEARABLE.values(), UNBEARABLE.values(), strict=True):
        whole.near_kiosk.spoil(near_kiosk, near_kiosk)
        whole.near_hub.spoil(near_hub, near_hub)
        whole.buy(EVENTS)
    whole.near_kiosk.reset()
    whole.near_kiosk.spoil()
    whole.near_hub.spoil()

    whole.wait_until_booked()

    whole.insist_on_once()
