"""The API of one world, for tests: called in the process, with everything behind it real."""

from typing import Any
from uuid import UUID, uuid4

from fastapi.testclient import TestClient

from hub.app import create_app
from hub.audit.models import AuditEntry
from hub.audit.service import Act, audit
from hub.staff.keys import issue_key
from hub.staff.permissions import Permission
from hub.staff.service import hash_of, principals
from protocol.ids import derived_id
from tests.hub.world import START, STORE, World

LATTE, TOTE = derived_id(UUID(int=7), "latte"), derived_id(UUID(int=7), "tote")
NOBODY = str(UUID(int=5 << 64))


class Api:
    """The API of one world, called with the till's key unless another is given."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.client = TestClient(create_app(world.hub), raise_server_exceptions=False)

    def call(self, method: str, path: str, body: Any = None, *, key: str | None = "", request: str = "") -> Any:
        headers = {"Idempotency-Key": request or str(uuid4())}
        if key is not None:
            headers["Authorization"] = f"Bearer {key or self.world.till_key}"
        return self.client.request(method, path, json=body, headers=headers)

    def key(self, *permissions: Permission, stores: tuple[str, ...] = ()) -> str:
        with self.world.hub.database.write() as session:
            return issue_key(
                session, "test", permissions, stores=stores, now=START, random=self.world.random.randbytes
            )[1]

    def key_made_by(self, credential: str, *permissions: Permission) -> str:
        """A key as if the holder of this session or key had made it and a second person had said yes."""
        hash_, world = hash_of(credential), self.world
        with world.hub.database.write() as session:
            actor = principals(session, [hash_], world.clock.now)[hash_].actor
            key, secret = issue_key(
                session, "test", permissions or Permission, stores=(), now=START, random=world.random.randbytes
            )
            audit(session, Act(actor, "key.made", str(key.id), {}, {}), world.clock.now, world.random.randbytes)
        return secret

    def acts(self, action: str | None = None) -> list[AuditEntry]:
        """What the audit says was done, or what was done of one kind, in order."""
        kind = {} if action is None else {"action": action}
        with self.world.hub.database.read() as session:
            return session.query(AuditEntry).filter_by(**kind).order_by(AuditEntry.number).all()

    def purchase(self, buyer: UUID | str, amount: int = 10_000, **overrides: Any) -> dict[str, Any]:
        """The body of a purchase of one line."""
        return purchase_of(buyer, amount, **overrides)


def code_of(response: Any) -> tuple[int, str]:
    """Status and code of a refusal."""
    return response.status_code, response.json()["code"]


def purchase_of(buyer: UUID | str, amount: int = 10_000, **overrides: Any) -> dict[str, Any]:
    """The body of a purchase of one line."""
    line = {"product": "p1", "category": "coffee", "quantity": 1, "amount": amount}
    return {
        "store": STORE,
        "receipt": f"R{uuid4()}",
        "member": str(buyer),
        "currency": "CNY",
        "purchased_at": "2026-11-21T10:00:00+08:00",
        "lines": [line],
        **overrides,
    }


_TILL = {"store": STORE, "receipt": "T1"}
_WHY = {"reason": "a test"}
BODIES: dict[str, dict[str, Any]] = {
    "/v1/purchases": purchase_of(NOBODY),
    "/v1/purchases/preview": purchase_of(NOBODY),
    "/v1/returns": {**_TILL, "purchase": NOBODY, "lines": [{"line": 1, "quantity": 1, "amount": 1}]},
    "/v1/kiosks/{kiosk}/leases/{number}/recall": _WHY,
    "/v1/kiosks/{kiosk}/leases/{number}/write-off": {"outcome": "spent", **_WHY},
    "/v1/top-ups": {**_TILL, "member": NOBODY, "currency": "CNY", "amount": 100},
    "/v1/top-ups/{top_up}/refund": {**_TILL, **_WHY},
    "/v1/payments": {**_TILL, "member": NOBODY, "currency": "CNY", "amount": 100},
    "/v1/payments/{payment}/refunds": {**_TILL, "amount": 1, **_WHY},
    "/v1/packages/{package}/sales": {**_TILL, "member": NOBODY, "currency": "CNY"},
    "/v1/package-sales/{sale}/refund": {**_TILL, **_WHY},
    "/v1/package-uses": {**_TILL, "member": NOBODY, "item": "wash", "count": 1},
    "/v1/package-uses/{use}/refunds": {**_TILL, "count": 1, **_WHY},
    "/v1/members/{member}/wallet/close": {**_TILL, **_WHY},
    "/v1/members/{member}/adjustments": {"points": 1, "store": STORE, **_WHY},
    "/v1/members/search": {"name": "x"},
    "/v1/members/{member}/deactivate": _WHY,
    "/v1/members/{member}/reactivate": _WHY,
    "/v1/imports/{import_id}/check": {"home_store": STORE},
    "/v1/member-exports": _WHY,
    "/v1/member-duplicates/dismiss": {"first": NOBODY, "second": str(UUID(int=6 << 64))},
    "/v1/member-merges": {"kept": NOBODY, "merged": str(UUID(int=6 << 64)), **_WHY},
    "/v1/member-merges/{merge}/undo": _WHY,
    "/v1/members/{member}/reveal": {"fields": ["phone"], **_WHY},
    "/v1/members/{member}/erasure": _WHY,
    "/v1/members/{member}/export": _WHY,
    "/v1/points-transfers": {"from": NOBODY, "to": NOBODY, "points": 1, "store": STORE},
    "/v1/holds": {"member": NOBODY, "store": STORE, "book": "points", "amount": 1, "minutes": 1},
    "/v1/holds/{hold}/capture": {**_TILL, "amount": 1},
    "/v1/holds/{hold}/release": {"store": STORE},
    "/v1/reconciliation/items/{fact}/compensate": _WHY,
    "/v1/reconciliation/items/{fact}/dismiss": _WHY,
    "/v1/restores/{restore}/kiosks/{kiosk}/release": _WHY,
}
"""By route: a body that it accepts, so that the key is what it judges."""


def body_for(route: str) -> dict[str, Any] | None:
    """A body that a route accepts; None where it takes none, or judges the key before the body."""
    return BODIES.get(route)
