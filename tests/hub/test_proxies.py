from ipaddress import ip_network

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from hub.app import create_app
from hub.audit.models import AuditEntry
from hub.limits import Limits
from hub.proxies import HOPS_MAX, NO_PROXIES, Proxies
from tests.hub.world import World

OURS = Proxies((ip_network("10.0.0.0/8"), ip_network("fd00::/8")))
FAILED = {"login": "nobody", "password": "wrong horse battery"}


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("10.0.0.1", [b"198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", [b"203.0.113.5, 198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", [b"203.0.113.5", b"198.51.100.7, 10.0.0.2"], "198.51.100.7"),
        ("10.0.0.1", [b"2001:db8::7"], "2001:db8::7"),
        ("fd00::1", [b"198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [b""], "10.0.0.1"),
        ("10.0.0.1", [b"198.51.100.7, not an address"], "10.0.0.1"),
        ("10.0.0.1", [b"10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("198.51.100.9", [b"203.0.113.5"], "198.51.100.9"),
        ("testclient", [b"203.0.113.5"], "testclient"),
        ("10.0.0.1", [b",".join([b"203.0.113.5"] + [b"10.0.0.2"] * HOPS_MAX)], "10.0.0.2"),
    ],
)
def test_the_last_address_that_a_proxy_vouches_for_is_the_clients(
    peer: str, forwarded: list[bytes], client: str
) -> None:
    assert OURS.client(peer, forwarded) == client


def test_nobody_is_believed_where_no_proxy_is_named() -> None:
    assert NO_PROXIES.client("10.0.0.1", [b"203.0.113.5"]) == "10.0.0.1"


def entered_from(world: World, peer: str, *forwarded: str) -> list[str]:
    """Where failed log-ins came from, by the audit log."""
    application = create_app(world.hub, Limits(source_per_minute=2), None, OURS)
    with TestClient(application, client=(peer, 50_000)) as client:
        for address in forwarded:
            client.post("/v1/sessions", json=FAILED, headers={"X-Forwarded-For": address})
    with world.hub.database.read() as session:
        query = select(AuditEntry.source).where(AuditEntry.action == "staff.login_failed").order_by(AuditEntry.number)
        return list(session.execute(query).scalars())


def test_the_audit_log_and_the_limits_see_the_client_behind_the_proxy(small_world: World) -> None:
    sources = entered_from(small_world, "10.0.0.1", *["198.51.100.7"] * 3, "198.51.100.8")

    assert sources == ["198.51.100.7", "198.51.100.7", "198.51.100.8"]


def test_who_comes_by_no_proxy_cannot_pretend(small_world: World) -> None:
    assert entered_from(small_world, "198.51.100.9", "203.0.113.5") == ["198.51.100.9"]
