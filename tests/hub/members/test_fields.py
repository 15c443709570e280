from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, select

from hub.members import fields
from hub.members.definitions import FieldDefinition
from hub.members.models import MemberField, MemberKey
from hub.programme.service import Change, in_force, publish
from tests.hub.world import World

SECRET = "Quockerwodger"


@pytest.fixture
def defined(world: World) -> dict[str, FieldDefinition]:
    terms: dict[str, dict[str, Any]] = {
        "fields.locker": {"kind": "text", "names": {"zh": "储物柜"}, "searchable": True},
        "fields.allergy": {"kind": "text", "names": {"zh": "过敏"}, "roles": ["store_manager"]},
    }
    with world.hub.database.write() as session:
        for name, document in terms.items():
            publish(session, Change(name, document, "test"), world.clock.now)
    with world.hub.database.read() as session:
        return fields.definitions(in_force(session))


def write(world: World, defined: dict[str, FieldDefinition], changes: dict[UUID, dict[str, str | None]]) -> None:
    with world.hub.database.write() as session:
        fields.write(session, world.hub.vault, defined, changes)


def read(world: World, *members: UUID) -> dict[UUID, dict[str, str]]:
    with world.hub.database.read() as session:
        return fields.read(session, world.hub.vault, members, ["locker", "allergy"])


def test_values_come_back_as_they_were_written(world: World, defined: dict[str, FieldDefinition]) -> None:
    first, second = world.add_member(), world.add_member()

    write(world, defined, {first: {"locker": "A7", "allergy": "nuts"}, second: {"locker": "A8"}})
    write(world, defined, {first: {"allergy": None}, second: {"locker": "A9"}})

    assert read(world, first, second) == {first: {"locker": "A7"}, second: {"locker": "A9"}}


def test_a_value_is_found_exactly_where_the_field_is_searchable(
    world: World, defined: dict[str, FieldDefinition]
) -> None:
    member = world.add_member()
    write(world, defined, {member: {"locker": "A7", "allergy": "A7"}})

    with world.hub.database.read() as session:
        assert fields.having(session, world.hub.vault, "locker", "A7") == [member]
        assert fields.having(session, world.hub.vault, "locker", "A") == []
        assert fields.having(session, world.hub.vault, "allergy", "A7") == []


SIZES = {"l": {"zh": "大", "en": "Large"}, "s": {"zh": "小", "en": "Small"}}


@pytest.mark.parametrize(
    ("settings", "value", "read_as"),
    [
        ({"kind": "text"}, "A7", {"en": "A7"}),
        ({"kind": "text"}, "x" * 41, {"en": "x" * 39 + "…"}),
        ({"kind": "date"}, "2026-03-01", {"en": "2026-03-01"}),
        ({"kind": "yes_no"}, "no", {"en": "No", "zh": "否"}),
        ({"kind": "choice", "choices": SIZES}, "l", {"en": "Large", "zh": "大"}),
        ({"kind": "multi", "choices": SIZES}, "l;s", {"en": "Large, Small", "zh": "大, 小"}),
        ({"kind": "choice", "choices": SIZES}, "gone", {"en": "", "zh": ""}),
    ],
)
def test_a_value_is_legible_in_each_language(settings: dict[str, Any], value: str, read_as: dict[str, str]) -> None:
    definition = FieldDefinition(names={"zh": "某项"}, **settings)

    assert fields.legible(definition, value) == read_as


def test_values_lie_sealed(world: World, defined: dict[str, FieldDefinition]) -> None:
    write(world, defined, {world.add_member(): {"locker": SECRET}})

    with world.hub.database.read() as session:
        assert SECRET.encode() not in session.execute(select(MemberField.value)).scalar_one()


def test_values_die_with_the_members_key(world: World, defined: dict[str, FieldDefinition]) -> None:
    member = world.add_member()
    write(world, defined, {member: {"locker": SECRET}})
    with world.hub.database.write() as session:
        session.execute(delete(MemberKey))

    assert read(world, member) == {member: {}}
