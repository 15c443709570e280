from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from hub.alerts.models import Alert
from hub.approvals import service as approvals
from hub.approvals.models import ApprovalRequest
from hub.db.base import Base
from hub.imports import service as imports
from hub.imports.models import Import, ImportFault, ImportPiece
from hub.jobs import import_worker
from hub.members.models import Member
from hub.privacy.models import Destruction
from hub.privacy.retention import Retention, digest_of
from hub.privacy.rotation import Rotation, WrappedColumn
from tests.hub.api import Api
from tests.hub.world import STORE, World

FILE = b"name,phone\nQuockerwodger,+8614099887766\nNobody,5\n"
WHY = {"reason": "asked for at the counter"}


class Office(Api):
    """The API, and what destroys what is old."""

    def destroy(self, days: float) -> dict[str, int]:
        hub = self.world.hub
        at = self.world.clock.now + timedelta(days=days)
        return Retention(hub.database, hub.eraser, hub.random_bytes).run(at)

    def count(self, model: type[Base], *where: Any) -> int:
        with self.world.hub.database.read() as session:
            return session.execute(select(func.count()).select_from(model).where(*where)).scalar_one()

    def proofs(self, kind: str) -> list[bytes]:
        with self.world.hub.database.read() as session:
            return list(session.execute(select(Destruction.digest).where(Destruction.kind == kind)).scalars())

    def uploaded(self) -> UUID:
        hub, id_ = self.world.hub, uuid4()
        taken = imports.take_in(hub.vault, id_, FILE)
        with hub.database.write() as session:
            imports.add(session, id_, taken, actor="test", now=self.world.clock.now)
        return id_


@pytest.fixture
def office(world: World) -> Iterator[Office]:
    opened = Office(world)
    with opened.client:
        yield opened


def test_a_file_that_nobody_runs_is_destroyed(office: Office) -> None:
    id_ = office.uploaded()

    early, late, again = office.destroy(6.9), office.destroy(7.1), office.destroy(8)

    assert (early["uploads"], late["uploads"], again["uploads"]) == (0, 1, 0)
    assert office.count(ImportPiece) == 0
    assert office.call("GET", f"/v1/imports/{id_}").json()["state"] == "cancelled"
    assert office.proofs("uploads") == [digest_of([id_])]


def test_an_import_that_has_ended_leaves_nothing_of_its_file_and_is_forgotten_in_time(office: Office) -> None:
    id_ = office.uploaded()
    office.call("POST", f"/v1/imports/{id_}/check", {"home_store": STORE})
    import_worker(office.world.hub).run()
    office.call("POST", f"/v1/imports/{id_}/run")
    import_worker(office.world.hub).run()
    assert (office.count(ImportPiece), office.count(ImportFault)) == (0, 1)

    early, late = office.destroy(89), office.destroy(91)

    assert (early["imports"], late["imports"]) == (0, 1)
    assert (office.count(Import), office.count(ImportFault)) == (0, 0)
    assert office.count(Member) == 1
    assert office.proofs("imports") == [digest_of([id_])]


def test_an_alert_is_forgotten_some_time_after_it_was_closed_and_never_before(office: Office) -> None:
    now, ids = office.world.clock.now, [uuid4(), uuid4()]
    with office.world.hub.database.write() as session:
        for id_, state in zip(ids, ("closed", "open"), strict=True):
            session.add(
                Alert(
                    id=id_,
                    kind="test",
                    severity="low",
                    subject="x",
                    store=STORE,
                    evidence={},
                    found_at=now,
                    state=state,
                    answered_by="test" if state == "closed" else "",
                    answered_at=now if state == "closed" else None,
                    note="",
                )
            )

    early, late = office.destroy(364), office.destroy(3_000)

    assert (early["alerts"], late["alerts"]) == (0, 1)
    assert office.count(Alert, Alert.id == ids[1]) == 1
    assert office.proofs("alerts") == [digest_of(ids[:1])]


def test_what_was_to_be_done_goes_and_that_it_was_asked_stays(office: Office) -> None:
    member = office.world.add_member()
    waiting = office.call("POST", f"/v1/members/{member}/erasure", WHY).json()
    request = UUID(waiting["request"])
    with office.world.hub.database.write() as session:
        session.get_one(ApprovalRequest, request).state = "lapsed"
        lapses_at = session.get_one(ApprovalRequest, request).lapses_at
    days = (lapses_at - office.world.clock.now).total_seconds() / 86_400

    early, late = office.destroy(days + 29.9), office.destroy(days + 30.1)

    assert (early["approvals"], late["approvals"]) == (0, 1)
    with office.world.hub.database.read() as session:
        row = session.get_one(ApprovalRequest, request)
    assert (row.body, row.subject, row.reason) == (b"", str(member), WHY["reason"])
    assert office.proofs("approvals") == [digest_of([request])]


def test_what_waits_for_an_answer_is_never_emptied(office: Office) -> None:
    office.call("POST", f"/v1/members/{office.world.add_member()}/erasure", WHY)

    assert office.destroy(4_000)["approvals"] == 0


def test_a_rotation_of_keys_passes_by_what_was_emptied(office: Office) -> None:
    office.call("POST", f"/v1/members/{office.world.add_member()}/erasure", WHY)
    with office.world.hub.database.write() as session:
        session.execute(select(ApprovalRequest)).scalar_one().state = "lapsed"
    office.destroy(400)
    column = WrappedColumn(ApprovalRequest.body, lambda row: approvals.place_of(row.id))

    rotation = Rotation(office.world.hub.database, office.world.hub.vault, [column])

    assert list(rotation.pieces()) == []
    assert rotation.is_complete()
