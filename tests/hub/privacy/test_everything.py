from typing import Any

import pytest

from hub.holds.service import HoldPlaced
from hub.members import fields, profile
from hub.models import Base
from hub.privacy.everything import NOT_TOLD, TOLD, everything
from hub.programme.service import Change, in_force, publish
from tests.hub.world import World

NAMING = {"member", "owner", "kept", "merged"}
"""Columns by these names hold members."""


def tables_that_name_members() -> list[str]:
    def names_a_member(table: Any) -> bool:
        targets = {key.column.table.name for column in table.columns for key in column.foreign_keys}
        return "members" in targets or bool(NAMING & {column.name for column in table.columns})

    return sorted(table.name for table in Base.metadata.sorted_tables if names_a_member(table))


@pytest.mark.parametrize("table", tables_that_name_members())
def test_every_table_that_names_a_member_is_told_or_left_out_for_a_reason(table: str) -> None:
    told = {model.__tablename__ for model in TOLD}
    left_out = {model.__tablename__: reason for model, reason in NOT_TOLD.items()}

    assert (table in told) != (table in left_out), f"{table} names members: list it in hub.privacy.everything"


def test_a_member_is_told_everything_and_nothing_of_others(world: World) -> None:
    member, other = world.add_member("林晓雨", "+8614000000001"), world.add_member("陈思远", "+8614000000002")
    world.add_card(member)
    for buyer in (member, other):
        world.earn(buyer, 100)
    assert world.book(world.posted(HoldPlaced(member, "points", 5, 10), kind="hold.placed"))[0].is_applied
    with world.hub.database.write() as session:
        definition = {"kind": "text", "names": {"zh": "储物柜"}}
        publish(session, Change("fields.locker", definition, "test"), world.clock.now)
        own = fields.definitions(in_force(session))
        profile.write(session, world.hub.vault, {member: {"email": "x@example.com"}})
        fields.write(session, world.hub.vault, own, {member: {"locker": "A7"}})

    with world.hub.database.read() as session:
        told = everything(session, world.hub.vault, member)

    assert told["profile"]["name"] == "林晓雨"
    assert (told["profile"]["phone"], told["profile"]["email"]) == ("+8614000000001", "x@example.com")
    assert told["fields"] == {"locker": "A7"}
    filled = {name: len(rows) for name, rows in told["tables"].items() if rows}
    assert filled["purchases"] == filled["purchase_lines"] == filled["holds"] == filled["cards"] == 1
    assert filled["transfers"] >= 2
    assert str(other) not in str(told)
    assert "陈思远" not in str(told)
