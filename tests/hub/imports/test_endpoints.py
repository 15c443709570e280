from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from hub.imports import service
from hub.imports.files import CELL_MAX_CHARS
from hub.imports.models import ImportPiece
from hub.ledger.models import Lot, Transfer
from hub.staff.permissions import Permission
from tests.hub.api import NOBODY
from tests.hub.imports.desk import Desk
from tests.hub.imports.files import HEADER, csv_of, people, xlsx_of
from tests.hub.world import STORE

LIN = ("林晓雨", "13900000001", "lin@example.com", "1990-05-01", "120")
CHEN = ("陈思远", "13900000002", "", "", "")


@pytest.mark.parametrize("make", [csv_of, xlsx_of])
def test_a_file_is_uploaded_checked_and_brought_in(desk: Desk, make: Any) -> None:
    id_ = desk.checked(make(LIN, CHEN))
    checked, before = desk.show(id_), desk.count()

    desk.run(id_)
    desk.worker.run()

    done = desk.show(id_)
    assert (checked["state"], checked["joined"], before) == ("checked", 2, 0)
    assert (done["state"], done["rows_done"], done["joined"], done["faulty"]) == ("done", 2, 2, 0)
    assert desk.people()["+8613900000001"] == {
        "name": "林晓雨",
        "phone": "+8613900000001",
        "email": "lin@example.com",
        "birthday": "1990-05-01",
    }
    desk.world.assert_books_are_right()


def test_opening_balances_are_transfers_of_their_own(desk: Desk) -> None:
    done = desk.done(csv_of(LIN, CHEN))

    assert desk.points() == {"+8613900000001": 120, "+8613900000002": 0}
    with desk.world.hub.database.read() as session:
        [transfer] = session.execute(select(Transfer)).scalars()
        [lot] = session.execute(select(Lot)).scalars()
    assert (transfer.kind, transfer.cause) == ("points.imported", {"import": done["id"], "line": 2})
    assert (lot.source, lot.remaining) == ("import", 120)
    desk.world.assert_books_are_right()


def test_headers_in_both_languages_are_understood(small_desk: Desk) -> None:
    header = ("Full Name", "手机号码", "E-mail", "Date of birth", "所属门店", "Hobby")

    shown = small_desk.upload(csv_of(("Lin", "13900000001", "", "", "S02", "x"), header=header)).json()

    assert shown["header"] == list(header)
    assert shown["columns"] == ["name", "phone", "email", "birthday", "home_store", None]


def test_columns_can_be_chosen(small_desk: Desk) -> None:
    data = csv_of(("Lin", "13900000001"), header=("wer", "tel"))

    done = small_desk.done(data, mapping={"wer": "name", "tel": "phone"})

    assert done["columns"] == ["name", "phone"]
    assert small_desk.people()["+8613900000001"]["name"] == "Lin"


@pytest.mark.parametrize(
    ("mapping", "code"),
    [
        ({"姓名": "name", "nobody": "phone"}, "column.unknown"),
        ({"姓名": "name", "手机号": "shoe_size"}, "column.unknown"),
        ({"姓名": "name", "手机号": "name"}, "column.twice"),
        ({"手机号": "phone"}, "column.missing"),
    ],
)
def test_a_choice_that_cannot_be_is_refused(small_desk: Desk, mapping: dict[str, str], code: str) -> None:
    answer = small_desk.check(small_desk.uploaded(csv_of(LIN)), mapping=mapping)

    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_what_is_wrong_is_told_by_line_and_column_and_nothing_of_it_is_taken(desk: Desk) -> None:
    rows = [
        LIN,
        ("", "13900000003", "", "", ""),
        ("王", "1", "no address", "2990-01-01", "=5"),
        ("=1+1", "13900000004", "", "", ""),
        ("+cmd", "13900000005", "", "", ""),
        ("x" * (CELL_MAX_CHARS + 1), "13900000006", "", "", ""),
    ]

    done = desk.done(csv_of(*rows))

    assert (done["joined"], done["faulty"], done["faults"]) == (1, 5, 8)
    assert desk.faults(done["id"]) == [
        (3, 1, "name", "cell.missing"),
        (4, 5, "points", "cell.formula"),
        (4, 2, "phone", "phone.invalid"),
        (4, 3, "email", "email.invalid"),
        (4, 4, "birthday", "birthday.invalid"),
        (5, 1, "name", "cell.formula"),
        (6, 1, "name", "cell.formula"),
        (7, 1, "name", "cell.too_long"),
    ]


def test_faults_never_tell_what_stands_in_a_cell_and_come_as_a_file(small_desk: Desk) -> None:
    id_ = small_desk.checked(csv_of(("王", "98761234", "no address", "", "")))

    page = small_desk.call("GET", f"/v1/imports/{id_}/faults")
    file = small_desk.call("GET", f"/v1/imports/{id_}/faults.csv")

    assert "no address" not in page.text + file.text
    assert "98761234" not in page.text + file.text
    assert file.headers["content-type"].startswith("text/csv")
    assert "2,3,email,email.invalid" in file.text


@pytest.mark.parametrize(
    ("policy", "name", "counts"),
    [("skip", "林晓雨", (0, 0, 1, 0)), ("update", "林雨", (0, 1, 0, 0)), ("fail", "林晓雨", (0, 0, 0, 1))],
)
def test_who_is_there_already_is_treated_as_the_plan_says(
    desk: Desk, policy: str, name: str, counts: tuple[int, int, int, int]
) -> None:
    desk.done(csv_of(LIN))
    again = csv_of(("林雨", "139 0000 0001", "", "", ""))

    id_ = desk.checked(again, duplicates=policy)
    checked = desk.show(id_)
    desk.run(id_)
    desk.worker.run()

    figures = ("joined", "updated", "skipped", "faulty")
    assert tuple(checked[figure] for figure in figures) == counts
    assert tuple(desk.show(id_)[figure] for figure in figures) == counts
    person = desk.people()["+8613900000001"]
    assert (person["name"], person["email"]) == (name, "lin@example.com")


@pytest.mark.parametrize("policy", ["skip", "update", "fail"])
def test_a_check_finds_what_a_run_does_where_a_file_names_somebody_twice(desk: Desk, policy: str) -> None:
    rows = [*people(service.PIECE_ROWS), ("再来", "13900000000", "", "", ""), ("再来", "+8613900000000", "", "", "")]
    rows.insert(5, ("又来", "139-0000-0001", "", "", ""))

    id_ = desk.checked(csv_of(*rows), duplicates=policy)
    checked = desk.show(id_)
    desk.run(id_)
    desk.worker.run()

    done, figures = desk.show(id_), ("joined", "updated", "skipped", "faulty", "faults")
    assert [checked[figure] for figure in figures] == [done[figure] for figure in figures]
    assert done["joined"] == service.PIECE_ROWS
    assert desk.count() == service.PIECE_ROWS


def test_an_opening_balance_is_not_added_to_who_is_there(small_desk: Desk) -> None:
    small_desk.done(csv_of(LIN))

    again = small_desk.done(csv_of(LIN), duplicates="update")

    assert (again["updated"], again["faulty"]) == (0, 1)
    assert small_desk.faults(again["id"]) == [(2, 5, "points", "cell.invalid")]
    assert small_desk.points() == {"+8613900000001": 120}


def test_a_cancelled_import_keeps_who_has_joined_and_forgets_the_rest(desk: Desk) -> None:
    id_ = desk.checked(csv_of(*people(service.PIECE_ROWS + 5)))
    desk.run(id_)
    desk.worker.step()

    cancelled = desk.call("POST", f"/v1/imports/{id_}/cancel").json()
    desk.worker.run()

    assert (cancelled["state"], desk.show(id_)["rows_done"], desk.count()) == ("cancelled", 1_000, 1_000)
    with desk.world.hub.database.read() as session:
        assert session.execute(select(ImportPiece.number)).all() == []
    assert desk.call("POST", f"/v1/imports/{id_}/run").json()["code"] == "import.state"


def test_nothing_of_a_file_lies_open_in_the_database(small_desk: Desk) -> None:
    small_desk.uploaded(csv_of(LIN))

    database = small_desk.world.hub.database.url.database or ""
    text = b"".join(Path(database + end).read_bytes() for end in ("", "-wal"))
    assert "林晓雨".encode() not in text
    assert b"13900000001" not in text


def test_states_are_kept_to(small_desk: Desk) -> None:
    id_ = small_desk.uploaded(csv_of(LIN))
    too_early = small_desk.run(id_)
    small_desk.check(id_)
    checking = small_desk.check(id_)

    assert {answer.json()["code"] for answer in (too_early, checking)} == {"import.state"}
    assert checking.json()["data"] == {"state": "checking"}


def test_a_repeated_upload_is_one_import_and_other_content_is_refused(small_desk: Desk) -> None:
    request = str(uuid4())

    answers = [small_desk.upload(csv_of(LIN), request=request) for _ in range(2)]
    other = small_desk.upload(csv_of(CHEN), request=request)

    assert answers[0].json() == answers[1].json()
    assert other.json()["code"] == "request.conflict"
    assert len(small_desk.call("GET", "/v1/imports").json()["items"]) == 1


def test_what_cannot_be_read_is_refused_and_not_kept(small_desk: Desk) -> None:
    answers = [small_desk.upload(data) for data in (b"", b"PK\x03\x04rubbish", csv_of(header=HEADER))]

    assert [answer.json()["code"] for answer in answers] == ["import.empty", "import.unreadable", "import.empty"]
    assert small_desk.call("GET", "/v1/imports").json()["items"] == []


def test_a_file_that_is_too_large_is_refused(small_desk: Desk) -> None:
    answer = small_desk.upload(b"x" * (33 * 1024 * 1024))

    assert answer.json()["code"] in {"import.too_large", "request.too_large"}


def test_a_store_that_is_not_there_is_refused_in_plan_and_row(small_desk: Desk) -> None:
    header = ("name", "store")
    id_ = small_desk.uploaded(csv_of(("Lin", "S99"), header=header))

    plan = small_desk.check(id_, home_store="S99")
    done = small_desk.done(csv_of(("Lin", "S99"), header=header))

    assert plan.json()["code"] == "store.unknown"
    assert small_desk.faults(done["id"]) == [(2, 2, "home_store", "store.unknown")]


def test_imports_are_for_who_may_and_for_the_whole_chain(small_desk: Desk) -> None:
    keys = [small_desk.key(Permission.MEMBERS_WRITE), small_desk.key(Permission.MEMBERS_IMPORT, stores=(STORE,))]

    answers = [small_desk.upload(csv_of(LIN), key=key) for key in keys]

    assert [answer.json()["code"] for answer in answers] == ["permission.denied", "store.out_of_scope"]
    assert small_desk.call("GET", f"/v1/imports/{NOBODY}").json()["code"] == "import.unknown"
