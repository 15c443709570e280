import csv
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from hub.audit.models import AuditEntry
from hub.imports import exporting
from hub.imports.exporting import HEADER, PIECE_MEMBERS, Exporter
from hub.imports.models import ExportPiece
from hub.imports.reading import table_of
from hub.imports.writing import csv_text, harmless, workbook
from hub.members.models import Member
from hub.staff.keys import issue_key
from hub.staff.permissions import Permission, Role
from tests.hub.api import NOBODY, Api
from tests.hub.imports.desk import Desk
from tests.hub.imports.files import csv_of, people
from tests.hub.world import START, STORE, World

WHY = {"reason": "for the printer"}


class Office(Api):
    """Two people who may have members written into files, and the exporter of a jobs process."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        hub = world.hub
        self.exporter = Exporter(hub.database, hub.vault, hub.clock)
        self.first, self.second = self.key_of(Role.MARKETING), self.key_of(Role.ADMIN)
        self.member = world.add_member("林晓雨", "+8614000000001")

    def key_of(self, role: Role) -> str:
        world = self.world
        with world.hub.database.write() as session:
            made = issue_key(session, "x", Permission, stores=[], role=role, now=START, random=world.random.randbytes)
        return made[1]

    def ask(self, request: str = "", **body: Any) -> Any:
        return self.call("POST", "/v1/member-exports", {**WHY, **body}, key=self.first, request=request)

    def file(self, request: str, key: str = "") -> Any:
        return self.call("GET", f"/v1/member-exports/{request}/file", key=key or self.first)

    def rows(self, **body: Any) -> list[list[str]]:
        """The rows of a file that was asked for and put together."""
        request = self.ask(**body).json()["request"]
        self.exporter.run()
        return list(csv.reader(StringIO(self.file(request).text.removeprefix("\ufeff"))))


@pytest.fixture
def office(world: World) -> Iterator[Office]:
    opened = Office(world)
    with opened.client:
        yield opened


@pytest.fixture
def small_office(small_world: World) -> Iterator[Office]:
    opened = Office(small_world)
    with opened.client:
        yield opened


def test_members_come_masked_with_what_they_have(office: Office) -> None:
    office.world.earn(office.member, 120)

    header, row = office.rows()

    assert header == list(HEADER)
    told = dict(zip(header, row, strict=True))
    assert (told["name"], told["phone"], told["points"], told["home_store"]) == ("林*", "140****0001", "120", STORE)


def test_in_clear_it_takes_a_second_person(office: Office) -> None:
    asked = office.ask(masked=False)
    request = asked.json()["request"]
    too_early = office.call("GET", f"/v1/member-exports/{request}", key=office.first)
    own = office.call("POST", f"/v1/approvals/{request}/approve", {}, key=office.first)

    yes = office.call("POST", f"/v1/approvals/{request}/approve", {}, key=office.second)
    office.exporter.run()

    assert (asked.status_code, asked.json()["state"]) == (202, "waiting")
    assert (too_early.status_code, own.json()["code"]) == (404, "approval.own")
    assert yes.json()["state"] == "done"
    text = office.file(request).text
    assert "林晓雨" in text
    assert "+8614000000001" in text
    assert office.file(request, office.second).json()["code"] == "import.unknown"


def test_members_are_chosen_by_store_state_and_source(office: Office) -> None:
    other = office.world.add_member("陈思远")
    with office.world.hub.database.write() as session:
        session.execute(update(Member).where(Member.id == other).values(home_store="S02", state="blocked"))

    chosen = [office.rows(**by)[1:] for by in ({"store": "S02"}, {"state": "blocked"}, {"source": "kiosk"}, {})]

    assert [[row[1] for row in rows] for rows in chosen] == [["陈*"], ["陈*"], [], ["林*", "陈*"]]


def test_many_members_come_in_pieces_each_once_and_the_progress_is_told(office: Office) -> None:
    desk = Desk(office.world)
    desk.done(csv_of(*people(PIECE_MEMBERS + 200)))
    request = office.ask().json()["request"]

    office.world.hub.database.run(office.exporter._step)
    half = office.call("GET", f"/v1/member-exports/{request}", key=office.first).json()
    Exporter(office.world.hub.database, office.world.hub.vault, office.world.clock).run()
    done = office.call("GET", f"/v1/member-exports/{request}", key=office.first).json()

    assert (half["state"], half["members"], half["members_done"]) == ("running", 1_201, PIECE_MEMBERS)
    assert (done["state"], done["members_done"]) == ("done", 1_201)
    numbers = [row[0] for row in csv.reader(StringIO(office.file(request).text))][1:]
    assert len(numbers) == len(set(numbers)) == 1_201


def test_a_workbook_can_be_read_back(small_office: Office) -> None:
    request = small_office.ask(format="xlsx").json()["request"]
    small_office.exporter.run()

    header, rows = table_of(small_office.file(request).content)

    assert header.cells == HEADER
    assert [row.cells[1] for row in rows] == ["林*"]


def test_a_file_is_not_there_before_it_is_done_nor_after_its_time(small_office: Office) -> None:
    request = small_office.ask().json()["request"]
    early = small_office.file(request)
    small_office.exporter.run()
    small_office.world.clock.pass_(hours=exporting.KEPT_H)
    small_office.exporter.run()
    late = small_office.file(request)

    assert [(answer.status_code, answer.json()["data"]) for answer in (early, late)] == [
        (409, {"state": "running"}),
        (409, {"state": "gone"}),
    ]
    with small_office.world.hub.database.read() as session:
        assert session.execute(select(ExportPiece.number)).all() == []


def test_a_repeated_request_is_one_export_and_is_written_down_once(small_office: Office) -> None:
    request = str(uuid4())

    answers = [small_office.ask(request).json() for _ in range(2)]

    assert answers[0] == answers[1]
    with small_office.world.hub.database.read() as session:
        query = select(AuditEntry.reason).where(AuditEntry.action == exporting.EXPORTED)
        assert session.execute(query).scalars().all() == [WHY["reason"]]


def test_nothing_in_clear_lies_in_the_database(small_office: Office) -> None:
    request = small_office.ask(masked=False).json()["request"]
    small_office.call("POST", f"/v1/approvals/{request}/approve", {}, key=small_office.second)
    small_office.exporter.run()

    database = small_office.world.hub.database.url.database or ""
    stored = b"".join(Path(database + end).read_bytes() for end in ("", "-wal"))
    assert "林晓雨".encode() not in stored
    assert b"14000000001" not in stored


def test_an_export_of_nobody_is_unknown(small_office: Office) -> None:
    assert small_office.file(NOBODY).json()["code"] == "import.unknown"


@pytest.mark.parametrize("cell", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\tx", "\rx"])
def test_what_a_spreadsheet_would_run_is_written_as_text(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"
    assert csv_text([["x", cell]]).startswith("x,")
    assert table_of(workbook([[cell, "x"]]))[0].cells[1] == "x"


@pytest.mark.parametrize("cell", ["", "林", "+8614000000001", "a=b", "12"])
def test_what_nobody_runs_is_written_as_it_is(cell: str) -> None:
    assert harmless(cell) == cell


def test_markup_in_a_name_stays_text_in_a_workbook() -> None:
    assert table_of(workbook([["<b>&amp;</b>", "x"]]))[0].cells == ("<b>&amp;</b>", "x")


def numbers(office: Office, **body: Any) -> list[str]:
    return [row[0] for row in office.rows(**body)[1:]]


def test_members_are_chosen_by_tier_joining_and_consent(office: Office) -> None:
    world, start = office.world, office.world.clock.now
    world.clock.pass_(days=1)
    later = world.add_member("陈思远")
    office.call("PUT", f"/v1/members/{later}/tier", {"tier": "gold", "reason": "a guest"})
    office.call("PUT", "/v1/programme/terms/consents.sms", {"document": {"texts": {"zh": "同意"}}})
    said = {"purpose": "sms", "version": 1, "language": "zh", "channel": "till"}
    for member, words in ((office.member, (True, False)), (later, (False, True))):
        for given in words:
            world.clock.pass_(seconds=1)
            answer = office.call("POST", f"/v1/members/{member}/consents", {**said, "given": given})
            assert answer.status_code == 201, answer.text
    between = (start + timedelta(hours=12)).isoformat()

    chosen = [
        numbers(office, **body)
        for body in (
            {"tier": "gold"},
            {"tier": "classic"},
            {"joined_from": between},
            {"joined_to": between},
            {"consent": "sms"},
            {"consent": "mail"},
            {"consent": "sms", "tier": "classic"},
        )
    ]

    assert chosen == [["M000000002"], ["M000000001"], ["M000000002"], ["M000000001"], ["M000000002"], [], []]
