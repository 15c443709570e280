from uuid import UUID

import pytest
from sqlalchemy import delete, func, select

from hub.members import profile, search, tokens
from hub.members.models import MemberToken
from hub.members.tokens import folded, grams
from tests.hub.world import World


def found(world: World, text: str, limit: int = 10, after: UUID | None = None) -> list[UUID]:
    with world.hub.database.read() as session:
        return search.by_name(session, world.hub.vault, text, limit, after=after)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("林", {"林晓雨", "王林"}),
        ("晓雨", {"林晓雨", "欧阳晓雨"}),
        ("欧阳", {"欧阳晓雨"}),
        ("雨晓", set()),
        ("elodie", {"Élodie Durand"}),
        ("ÉLO", {"Élodie Durand"}),
        ("die du", {"Élodie Durand"}),
        ("d", set()),
        ("durand é", set()),
        ("élodie d", {"Élodie Durand"}),
        ("晓", {"林晓雨", "欧阳晓雨"}),
        ("", set()),
    ],
)
def test_a_name_is_found_by_any_part_of_it(world: World, text: str, names: set[str]) -> None:
    known = {world.add_member(name): name for name in ("林晓雨", "王林", "欧阳晓雨", "Élodie Durand")}

    assert {known[member] for member in found(world, text)} == names


def test_pieces_that_stand_apart_are_no_match(world: World) -> None:
    world.add_member("anban ana")

    assert found(world, "banana") == []


def test_answers_come_in_order_and_go_on_where_they_ended(world: World) -> None:
    members = sorted(world.add_member("林晓雨") for _ in range(5))

    first = found(world, "晓雨", limit=2)
    rest = found(world, "晓雨", after=first[-1])

    assert first + rest == members


def test_who_is_renamed_is_found_by_the_new_name_only(world: World) -> None:
    member = world.add_member("林晓雨")
    with world.hub.database.write() as session:
        profile.write(session, world.hub.vault, {member: {"name": "陈思远"}})

    assert found(world, "晓雨") == []
    assert found(world, "思远") == [member]


def test_who_is_forgotten_is_found_no_more(world: World) -> None:
    member = world.add_member("林晓雨")
    with world.hub.database.write() as session:
        tokens.forget(session, [member])

    assert found(world, "晓雨") == []


def test_members_from_before_the_search_are_indexed(world: World) -> None:
    members = [world.add_member("林晓雨"), world.add_member("陈思远")]
    with world.hub.database.write() as session:
        session.execute(delete(MemberToken))

    with world.hub.database.write() as session:
        assert search.index_missing(session, world.hub.vault) == 2
        assert search.index_missing(session, world.hub.vault) == 0

    assert found(world, "晓雨") == members[:1]


def test_tokens_do_not_tell_the_characters(world: World) -> None:
    world.add_member("林晓雨")

    with world.hub.database.read() as session:
        kept = list(session.execute(select(MemberToken.token)).scalars())
        count = session.execute(select(func.count()).select_from(MemberToken)).scalar_one()
    assert count == 5
    assert all(gram.encode() not in bytes(token) for token in kept for gram in grams("林晓雨"))


@pytest.mark.parametrize(
    ("text", "plain"), [("ÉLODIE", "elodie"), ("Straße", "strasse"), ("ＡＢ", "ab"), ("林  晓雨", "林 晓雨")]
)
def test_names_are_compared_without_case_accents_and_width(text: str, plain: str) -> None:
    assert folded(text) == plain
