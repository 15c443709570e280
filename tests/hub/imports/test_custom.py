"""Columns of a file that are fields which the chain has defined itself."""

import tracemalloc
from typing import Any

import pytest
from sqlalchemy import select

from hub.imports.writing import workbook
from hub.members import fields
from hub.members.models import Member
from hub.programme.service import Change, publish
from tests.hub.imports.desk import Desk

TERMS: dict[str, dict[str, Any]] = {
    "fields.colour": {"kind": "text", "names": {"zh": "颜色"}, "searchable": True},
    "fields.size": {"kind": "number", "names": {"zh": "尺码"}, "max": 60},
}
MAPPING = {"姓名": "name", "手机": "phone", "颜色": "fields.colour", "尺码": "fields.size"}
HEADER = "姓名,手机,颜色,尺码\n"


@pytest.fixture
def chain(desk: Desk) -> Desk:
    with desk.world.hub.database.write() as session:
        for name, document in TERMS.items():
            publish(session, Change(name, document, "test"), desk.world.clock.now)
    return desk


def run(desk: Desk, rows: str, **plan: Any) -> dict[str, Any]:
    id_ = desk.checked((HEADER + rows).encode(), mapping=MAPPING, **plan)
    desk.run(id_)
    desk.worker.run()
    told: dict[str, Any] = desk.show(id_)
    return told | {"items": desk.call("GET", f"/v1/imports/{id_}/faults").json()["items"]}


def values(desk: Desk) -> list[dict[str, str]]:
    with desk.world.hub.database.read() as session:
        members = list(session.execute(select(Member.id).order_by(Member.number)).scalars())
        known = fields.read(session, desk.world.hub.vault, members, ["colour", "size"])
    return [known[member] for member in members]


def test_own_fields_are_brought_in_and_found(chain: Desk) -> None:
    told = run(chain, "林晓雨,13800000001,blue,38\n陈思远,13800000002,,\n")

    assert (told["joined"], told["faulty"]) == (2, 0)
    assert values(chain) == [{"colour": "blue", "size": "38"}, {}]
    with chain.world.hub.database.read() as session:
        assert len(fields.having(session, chain.world.hub.vault, "colour", "blue")) == 1


def test_a_wrong_value_is_told_by_line_column_and_field_and_the_others_join(chain: Desk) -> None:
    told = run(chain, "林晓雨,13800000001,blue,huge\n陈思远,13800000002,red,39\n")

    [fault] = told["items"]
    assert (fault["line"], fault["column"], fault["field"]) == (2, 4, "fields.size")
    assert (told["joined"], told["faulty"]) == (1, 1)
    assert values(chain) == [{"colour": "red", "size": "39"}]


def test_a_row_that_updates_writes_what_it_says_and_leaves_the_rest(chain: Desk) -> None:
    run(chain, "林晓雨,13800000001,blue,38\n")

    told = run(chain, "林晓雨,13800000001,green,\n", duplicates="update")

    assert (told["updated"], values(chain)) == (1, [{"colour": "green", "size": "38"}])


def test_a_field_that_nobody_defined_is_no_column(chain: Desk) -> None:
    answer = chain.check(chain.uploaded(HEADER.encode() + b"x,,,\n"), mapping={"姓名": "name", "颜色": "fields.taste"})

    assert answer.json()["code"] == "column.unknown"


def test_a_workbook_is_written_without_holding_its_rows() -> None:
    rows = ([f"M{number:09d}", "林*", "138****0001", "Some Street"] for number in range(20_000))

    tracemalloc.start()
    made = workbook(rows)
    _now, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak_bytes < 3 * len(made) + 1_000_000
