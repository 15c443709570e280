from sqlalchemy import delete, select

from hub.members import service
from hub.members.models import Member, MemberKey
from tests.hub.world import World

PHONE = "+8614000000001"


def test_a_member_is_found_by_phone(world: World) -> None:
    member = world.add_member("林晓雨", PHONE)
    world.add_member("陈思远", "+8614000000002")

    with world.hub.database.read() as session:
        found = service.by_phone(session, world.hub.vault, PHONE)

    assert found is not None
    assert found.id == member


def test_no_personal_data_stands_in_the_database_in_clear(world: World) -> None:
    world.add_member("林晓雨", PHONE)

    with world.hub.database.read() as session:
        member = session.execute(select(Member)).scalar_one()
    stored = repr({column.name: getattr(member, column.name) for column in Member.__table__.columns})
    for secret in ("林晓雨", "14000000001", "林晓雨".encode().hex()):
        assert secret not in stored


def test_members_are_numbered_in_order(world: World) -> None:
    ids = [world.add_member() for _ in range(3)]

    with world.hub.database.read() as session:
        numbers = [session.get_one(Member, member).number for member in ids]
    assert numbers == ["M000000001", "M000000002", "M000000003"]


def test_names_are_shown_masked(world: World) -> None:
    member = world.add_member("林晓雨")

    with world.hub.database.read() as session:
        assert service.display_names(session, world.hub.vault, [member]) == {member: "林*"}


def test_destroying_the_key_destroys_the_name(world: World) -> None:
    member = world.add_member("林晓雨")
    with world.hub.database.write() as session:
        session.execute(delete(MemberKey))

    with world.hub.database.read() as session:
        assert service.display_names(session, world.hub.vault, [member]) == {member: ""}
