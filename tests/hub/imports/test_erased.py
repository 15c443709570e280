"""Members who were erased are not brought back by a file that still names them."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from hub.members import profile
from hub.members.models import Member
from hub.members.rules import PHONE_REGION, normal_phone
from hub.privacy.erasure import Wish
from hub.privacy.tombstones import TombstoneFile, known_of
from tests.hub.imports.desk import Desk

NAME, PHONE, EMAIL = "Quockerwodger", "13800000001", "zephyrine@quockerwodger.example"
FILE = f"name,phone\n{NAME},{PHONE}\n".encode()


def erase(desk: Desk, member: UUID) -> None:
    hub, wish = desk.world.hub, Wish(uuid4(), "staff:a", "staff:b", "asked for")
    assert hub.database.run(lambda session: hub.eraser.erase(session, member, wish, desk.world.clock.now)) is None


def erased(desk: Desk) -> UUID:
    """Somebody who was here, and wanted to be forgotten."""
    member = desk.world.add_member(NAME, normal_phone(PHONE, PHONE_REGION))
    hub = desk.world.hub
    hub.database.run(lambda session: profile.write(session, hub.vault, {member: {"email": EMAIL}}))
    erase(desk, member)
    return member


def living(desk: Desk) -> list[Member]:
    with desk.world.hub.database.read() as session:
        return list(session.execute(select(Member).where(Member.state == "active")).scalars())


def test_a_row_that_names_an_erased_member_is_refused_by_check_and_run(desk: Desk) -> None:
    erased(desk)

    id_ = desk.checked(FILE)
    checked = desk.show(id_)
    desk.run(id_)
    desk.worker.run()
    done = desk.show(id_)

    [fault] = desk.call("GET", f"/v1/imports/{id_}/faults").json()["items"]
    assert (checked["joined"], checked["faulty"], done["joined"], done["faulty"]) == (0, 1, 0, 1)
    assert (fault["line"], fault["column"], fault["code"]) == (2, 2, "member.erased")
    assert living(desk) == []


@pytest.mark.parametrize("phone", ["", "13800000009"])
def test_a_row_with_another_number_is_refused_by_its_address(desk: Desk, phone: str) -> None:
    erased(desk)

    id_ = desk.checked(f"name,phone,email\n{NAME},{phone},{EMAIL.upper()}\n".encode())

    [fault] = desk.call("GET", f"/v1/imports/{id_}/faults").json()["items"]
    assert (fault["column"], fault["field"], fault["code"]) == (3, "email", "member.erased")
    assert desk.show(id_)["joined"] == 0


def test_an_address_that_an_erased_member_had_does_not_stop_somebody_who_is_here(desk: Desk) -> None:
    erased(desk)
    desk.world.add_member("陈思远", normal_phone("13800000002", PHONE_REGION))

    id_ = desk.checked(f"name,phone,email\n陈思远,13800000002,{EMAIL}\n".encode(), duplicates="update")

    assert (desk.show(id_)["updated"], desk.show(id_)["faulty"]) == (1, 0)


def test_who_joins_again_by_their_own_wish_is_known_to_files_again(desk: Desk) -> None:
    erased(desk)
    body = {"name": NAME, "phone": PHONE, "home_store": "S01"}

    joined = desk.call("POST", "/v1/members", body)
    id_ = desk.checked(FILE, duplicates="update")

    assert joined.status_code == 201
    assert (desk.show(id_)["updated"], desk.show(id_)["faulty"]) == (1, 0)


def test_the_others_of_the_file_join(desk: Desk) -> None:
    erased(desk)

    id_ = desk.checked(FILE + "陈思远,13800000002\n".encode())
    desk.run(id_)
    desk.worker.run()

    assert (desk.show(id_)["joined"], desk.show(id_)["faulty"]) == (1, 1)


def test_the_list_does_not_say_the_number_and_reads_lines_from_before_it_had_one(desk: Desk, tmp_path: Path) -> None:
    erased(desk)
    file = TombstoneFile(tmp_path / "erased-members")
    file.path.write_text(f'{{"member":"{uuid4()}","at":"2026-01-01T00:00:00Z"}}\n')
    for stone in desk.world.hub.eraser.tombstones.all():
        file.add(stone)

    text = file.path.read_text()

    assert len(file.all()) == 2
    assert len(known_of(file)) == 2
    assert not any(said in text for said in (PHONE, EMAIL, "quockerwodger"))
    assert file.all()[1].at - desk.world.clock.now < timedelta(seconds=1)
