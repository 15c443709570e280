from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import delete, func, select

from hub.members import profile, service
from hub.members.models import Member, MemberKey, MemberToken
from hub.members.profile import Given
from hub.members.rules import PERSONAL, Fault
from protocol.errors import ErrorCode
from tests.hub.world import STORE, World

TODAY = date(2026, 11, 21)
EVERYTHING: dict[str, str | None] = {
    "name": "欧阳晓雨",
    "phone": "+8614000000001",
    "email": "xiaoyu@example.com",
    "birthday": "1990-05-01",
    "gender": "female",
    "address": "上海市某路1号",
    "identity_number": "11010519491231002X",
    "bank_account": "6222000000001234",
}


def read(world: World, member: UUID) -> dict[str, str]:
    with world.hub.database.read() as session:
        return profile.read(session, world.hub.vault, [member], list(PERSONAL))[member]


def write(world: World, changes: dict[UUID, profile.Values]) -> None:
    with world.hub.database.write() as session:
        profile.write(session, world.hub.vault, changes)


def judge(world: World, *given: Given) -> list[profile.Judged]:
    with world.hub.database.read() as session:
        return profile.judge(session, world.hub.vault, given, TODAY)


def test_every_field_comes_back_as_it_was_written(world: World) -> None:
    member, other = world.add_member(), world.add_member()

    write(world, {member: EVERYTHING, other: {"email": "x@example.com"}})

    assert read(world, member) == EVERYTHING
    assert read(world, other) == {"name": "林晓雨", "email": "x@example.com"}


def test_nothing_that_was_written_stands_in_the_row_in_clear(world: World) -> None:
    member = world.add_member()

    write(world, {member: EVERYTHING})

    with world.hub.database.read() as session:
        row = session.get_one(Member, member)
        stored = b"\n".join(getattr(row, column) or b"" for column in profile.COLUMNS)
    assert [value for value in EVERYTHING.values() if value and value.encode() in stored] == []


def test_a_value_that_is_taken_away_is_gone_and_finds_nobody(world: World) -> None:
    member = world.add_member(phone="+8614000000001")

    write(world, {member: {"phone": None}})

    assert read(world, member) == {"name": "林晓雨"}
    with world.hub.database.read() as session:
        assert service.by_phone(session, world.hub.vault, "+8614000000001") is None


def test_members_are_found_by_phone_and_by_a_shared_e_mail_address(world: World) -> None:
    first, second = world.add_member(phone="+8614000000001"), world.add_member()
    write(world, {first: {"email": "home@example.com"}, second: {"email": "home@example.com"}})

    with world.hub.database.read() as session:
        by_email = profile.by_field(session, world.hub.vault, "email", ["home@example.com", "no@example.com"])
        by_phone = profile.by_field(session, world.hub.vault, "phone", ["+8614000000001"])

    assert by_email == {"home@example.com": sorted([first, second])}
    assert by_phone == {"+8614000000001": [first]}


def test_a_number_of_somebody_else_is_refused_and_told_whose_it_is(world: World) -> None:
    owner, other = world.add_member(phone="+8614000000001"), world.add_member()

    [own, taken, free] = judge(
        world,
        Given({"phone": "140 0000 0001"}, owner),
        Given({"phone": "+8614000000009"}, other),
        Given({"phone": "+8614000000008", "name": "陈思远"}),
    )
    [refused] = judge(world, Given({"phone": "140 0000 0001"}, other))

    assert own.faults == taken.faults == free.faults == ()
    assert refused.faults == (Fault("phone", ErrorCode.MEMBER_PHONE_TAKEN),)
    assert refused.owner == owner


def test_a_number_that_two_give_at_once_is_the_first_ones(world: World) -> None:
    first, second = judge(world, Given({"phone": "14000000001"}), Given({"phone": "+86 140 0000 0001"}))

    assert first.faults == ()
    assert second.faults == (Fault("phone", ErrorCode.MEMBER_PHONE_TAKEN),)
    assert second.owner is None


def test_masked_values_tell_nothing_more_than_the_mask(world: World) -> None:
    member = world.add_member()
    write(world, {member: EVERYTHING})

    with world.hub.database.read() as session:
        shown = profile.read_masked(session, world.hub.vault, [member], ["name", "phone", "email"])

    assert shown == {member: {"name": "欧*", "phone": "140****0001", "email": "x***@..."}}


def test_a_member_without_a_key_has_no_values_and_gets_none(world: World) -> None:
    member = world.add_member(phone="+8614000000001")
    with world.hub.database.write() as session:
        session.execute(delete(MemberKey))

    write(world, {member: {"email": "x@example.com"}})

    assert read(world, member) == {}


def test_a_ciphertext_that_was_moved_to_another_field_does_not_open(world: World) -> None:
    member = world.add_member(phone="+8614000000001")
    with world.hub.database.write() as session:
        row = session.get_one(Member, member)
        row.email = row.phone

    assert "email" not in read(world, member)


def test_many_join_at_once_each_with_a_number_a_key_and_tokens(world: World) -> None:
    profiles = [
        service.Profile(f"会员{number}", f"+861400000{number:04d}", None, STORE, "zh", "import", {"gender": "female"})
        for number in range(30)
    ]

    with world.hub.database.write() as session:
        ids = service.join_many(session, world.hub.vault, profiles, now=world.clock.now, random=world.hub.random_bytes)

    with world.hub.database.read() as session:
        numbers = session.execute(select(Member.number).order_by(Member.number)).scalars().all()
        tokens = session.execute(select(func.count(func.distinct(MemberToken.member)))).scalar_one()
        known = profile.read(session, world.hub.vault, ids, ["name", "phone", "gender"])
    assert numbers == [f"M{number:09d}" for number in range(1, 31)]
    assert tokens == 30
    assert [known[member] for member in ids] == [
        {"name": each.name, "phone": each.phone, "gender": "female"} for each in profiles
    ]


@pytest.mark.parametrize("field", PERSONAL)
def test_every_personal_field_has_a_column_of_its_own(field: str) -> None:
    assert field in profile.COLUMNS
    assert hasattr(Member, field)
