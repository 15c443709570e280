from datetime import timedelta
from ipaddress import ip_address
from itertools import pairwise
from urllib.parse import urlsplit

import pytest

from hub.webhooks.rules import (
    DISABLED_AFTER,
    GONE,
    NOBODY_INSIDE,
    RETRY_AFTER,
    Guard,
    is_hopeless,
    is_public,
    next_attempt,
    wants,
)
from tests.hub.world import START

PRIVATE = [
    "0.0.0.0",  # noqa: S104 - an address to refuse
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.1",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b:1::7f00:1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2002:7f00:1::",
    "2001:db8::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_the_public_internets_is_not_reached(address: str) -> None:
    literal = f"[{address}]" if ":" in address else address

    assert not is_public(ip_address(address))
    assert not NOBODY_INSIDE.admits(f"https://{literal}/hook")
    assert NOBODY_INSIDE.refuses(urlsplit("https://shop.example/"), [address])


@pytest.mark.parametrize("address", ["8.8.8.8", "203.0.114.1", "2606:4700:4700::1111"])
def test_what_is_public_is_reached(address: str) -> None:
    assert is_public(ip_address(address))
    assert not NOBODY_INSIDE.refuses(urlsplit("https://shop.example/"), [address])


def test_a_name_with_one_private_address_is_refused_whole() -> None:
    assert NOBODY_INSIDE.refuses(urlsplit("https://shop.example/"), ["8.8.8.8", "10.0.0.1"])


def test_a_name_without_an_address_is_refused() -> None:
    assert NOBODY_INSIDE.refuses(urlsplit("https://shop.example/"), [])


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/",
        "ftp://shop.example/",
        "file:///etc/passwd",
        "gopher://shop.example/",
        "//shop.example/",
        "shop.example",
        "https://",
        "https://user@shop.example/",
        "https://user:secret@shop.example/",
        "https://shop.example/#top",
        "https://shop.example:0/",
        "https://shop.example:99999/",
        "https://[::1/",
    ],
)
def test_an_address_must_be_a_plain_one_over_tls(url: str) -> None:
    assert not NOBODY_INSIDE.admits(url)


@pytest.mark.parametrize("url", ["https://shop.example/hook?x=1", "https://shop.example:8443", "https://8.8.8.8/"])
def test_a_public_address_is_admitted(url: str) -> None:
    assert NOBODY_INSIDE.admits(url)


@pytest.mark.parametrize("address", ["10.0.0.1", "8.8.8.8", "fd00::1"])
def test_what_is_named_inside_is_plain_on_this_machine_alone(address: str) -> None:
    guard = Guard(frozenset({"erp.local:8443"}))

    assert guard.refuses(urlsplit("http://erp.local:8443/"), [address])
    assert guard.refuses(urlsplit("http://erp.local:8443/"), ["127.0.0.1", address])
    assert not guard.refuses(urlsplit("https://erp.local:8443/"), [address])


def test_what_is_named_inside_may_be_private_and_plain() -> None:
    guard = Guard(frozenset({"127.0.0.1:8080"}))

    assert guard.admits("http://127.0.0.1:8080/hook")
    assert not guard.refuses(urlsplit("http://127.0.0.1:8080/hook"), ["127.0.0.1"])
    assert not guard.admits("http://127.0.0.1:8081/hook")
    assert not guard.admits("https://127.0.0.1/hook")
    assert guard.refuses(urlsplit("https://rebound.example:8080/"), ["127.0.0.1"])


def test_a_delivery_is_tried_ten_times_over_three_days() -> None:
    at, moments = START, [START]
    for attempts in range(1, 12):
        again = next_attempt(attempts, at)
        if again is None:
            break
        moments.append(again)
        at = again

    assert len(moments) == 10
    assert [later - one for one, later in pairwise(moments)] == list(RETRY_AFTER)
    assert moments[-1] - START == timedelta(hours=75, minutes=35, seconds=5)


@pytest.mark.parametrize(
    ("failing", "status", "hopeless"),
    [
        (DISABLED_AFTER - timedelta(seconds=1), 500, False),
        (DISABLED_AFTER, 500, True),
        (DISABLED_AFTER, None, True),
        (timedelta(0), GONE, True),
    ],
)
def test_an_endpoint_is_given_up_after_days_or_when_it_says_so(
    failing: timedelta,
    status: int | None,
    *,
    hopeless: bool,
) -> None:
    assert is_hopeless(START, START + failing, status) is hopeless


def test_an_endpoint_without_subscriptions_wants_everything() -> None:
    assert wants([], "points.changed")
    assert wants(["points.changed"], "points.changed")
    assert not wants(["tier.changed"], "points.changed")
