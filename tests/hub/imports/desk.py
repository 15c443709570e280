"""A desk at which files of members are brought in over the API, for the tests of imports."""

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select

from hub.jobs import import_worker
from hub.ledger.models import Account
from hub.members import profile
from hub.members.models import Member
from hub.points.service import POINTS
from tests.hub.api import Api
from tests.hub.world import STORE, World

CSV = "text/csv"
CLEAR = ("name", "phone", "email", "birthday")


class Desk(Api):
    """The API of one world, and the worker of its jobs process."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        hub = world.hub
        self.worker = import_worker(hub)

    def upload(self, data: bytes, *, request: str = "", key: str = "") -> Any:
        headers = {
            "Authorization": f"Bearer {key or self.world.till_key}",
            "Idempotency-Key": request or str(uuid4()),
            "Content-Type": CSV,
        }
        return self.client.post("/v1/imports", content=data, headers=headers)

    def uploaded(self, data: bytes) -> str:
        """Upload a file, and say under which id."""
        answer = self.upload(data)
        assert answer.status_code == 201, answer.text
        id_: str = answer.json()["id"]
        return id_

    def show(self, id_: str) -> Any:
        return self.call("GET", f"/v1/imports/{id_}").json()

    def check(self, id_: str, **plan: Any) -> Any:
        return self.call("POST", f"/v1/imports/{id_}/check", {"home_store": STORE, **plan})

    def checked(self, data: bytes, **plan: Any) -> str:
        """Upload a file and have it checked, and say under which id."""
        id_ = self.uploaded(data)
        answer = self.check(id_, **plan)
        assert answer.status_code == 202, answer.text
        self.worker.run()
        return id_

    def run(self, id_: str) -> Any:
        return self.call("POST", f"/v1/imports/{id_}/run")

    def done(self, data: bytes, **plan: Any) -> Any:
        """Bring a file in; what became of it."""
        id_ = self.checked(data, **plan)
        assert self.run(id_).status_code == 202
        self.worker.run()
        return self.show(id_)

    def faults(self, id_: str) -> list[tuple[int, int, str, str]]:
        """What is wrong: line, column, field, code."""
        items = self.call("GET", f"/v1/imports/{id_}/faults").json()["items"]
        return [(item["line"], item["column"], item["field"], item["code"]) for item in items]

    def count(self) -> int:
        with self.world.hub.database.read() as session:
            return session.execute(select(func.count()).select_from(Member)).scalar_one()

    def people(self) -> dict[str, dict[str, str]]:
        """Everybody's personal values, by phone number or name."""
        with self.world.hub.database.read() as session:
            members = list(session.execute(select(Member.id)).scalars())
            known = profile.read(session, self.world.hub.vault, members, CLEAR)
        return {values.get("phone") or values["name"]: values for values in known.values()}

    def points(self) -> dict[str, int]:
        """Everybody's points, by phone number."""
        with self.world.hub.database.read() as session:
            rows = session.execute(select(Account.owner, Account.balance).where(Account.book == POINTS)).all()
            known = profile.read(session, self.world.hub.vault, [row.owner for row in rows], ["phone"])
        return {known[row.owner]["phone"]: row.balance for row in rows}

    def member(self, phone: str) -> UUID:
        with self.world.hub.database.read() as session:
            return profile.by_field(session, self.world.hub.vault, "phone", [phone])[phone][0]
