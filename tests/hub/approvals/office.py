"""What tests of second persons need: somebody who asks, somebody who answers, and members with points and money."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from hub.approvals.models import ApprovalRequest
from hub.staff.keys import issue_key
from hub.staff.permissions import Permission, Role
from tests.hub.api import Api
from tests.hub.points.acts import LIMITS, put
from tests.hub.world import STORE, World


class Office(Api):
    """The API, with a cashier's key that asks and a manager's that answers."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        put(world, "adjustments", LIMITS)
        self.member = world.add_member()
        self.asking = self.key_of(Role.CASHIER)
        self.answering = self.key_of(Role.STORE_MANAGER)

    def key_of(
        self, role: Role | None, permissions: Iterable[Permission] = Permission, stores: Iterable[str] = ()
    ) -> str:
        """The secret of a key that nobody made over the API."""
        with self.world.hub.database.write() as session:
            return issue_key(
                session,
                "x",
                permissions,
                stores=stores,
                role=role,
                now=self.world.clock.now,
                random=self.world.random.randbytes,
            )[1]

    def made(self, body: dict[str, Any], *, key: str = "") -> str:
        """The secret of a key that was made over the API: somebody else agrees, and its maker rotates it."""
        request = self.call("POST", "/v1/keys", body, key=key).json()["request"]
        other = self.key_of(Role.ADMIN)
        made = self.call("POST", f"/v1/approvals/{request}/approve", {}, key=other).json()["result"]["key"]
        secret: str = self.call("POST", f"/v1/keys/{made}/rotate", {"overlap_hours": 0}, key=key).json()["secret"]
        return secret

    def adjust(self, points: int = 500, *, key: str = "", request: str = "", store: str = STORE) -> Any:
        """Ask for an adjustment; 500 is beyond a cashier's limit."""
        body = {"points": points, "reason": "a spoilt coffee", "store": store}
        return self.call(
            "POST", f"/v1/members/{self.member}/adjustments", body, key=key or self.asking, request=request
        )

    def wait(self, points: int = 500) -> str:
        """Have an adjustment wait; its request."""
        response = self.adjust(points, request=str(uuid4()))
        assert response.status_code == 202, response.text
        return str(response.json()["request"])

    def approve(self, request: str, *, key: str = "") -> Any:
        """Say yes."""
        return self.call("POST", f"/v1/approvals/{request}/approve", {}, key=key or self.answering)

    def refuse(self, request: str, *, key: str = "") -> Any:
        """Say no."""
        return self.call("POST", f"/v1/approvals/{request}/refuse", {"note": "no"}, key=key or self.answering)

    def row(self, request: str) -> ApprovalRequest:
        """A request as it is stored."""
        with self.world.hub.database.read() as session:
            return session.execute(select(ApprovalRequest).where(ApprovalRequest.id == UUID(request))).scalar_one()
