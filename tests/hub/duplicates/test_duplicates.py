from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from hub.duplicates import service
from hub.duplicates.service import ALIKE_MAX_MEMBERS
from hub.members import service as members
from hub.members.service import Profile
from hub.merges.service import MembersMerged, MergeUndone
from hub.tiers import service as tiers
from tests.hub.api import NOBODY, Api
from tests.hub.world import STORE, World

MAY = date(1990, 5, 1)


class Desk(Api):
    """Customer service, looking through a list."""

    def join(self, name: str, birthday: date | None = None, email: str | None = None, phone: str | None = None) -> UUID:
        profile = Profile(name, phone, birthday, STORE, "zh", "till", {"email": email})
        hub, world = self.world.hub, self.world
        world.clock.pass_(seconds=1)
        with hub.database.write() as session:
            [member] = members.join_many(
                session, hub.vault, [profile], now=world.clock.now, random=world.random.randbytes
            )
            tiers.welcome(session, member, world.clock.now)
            return member

    def look(self) -> int:
        return service.look_through(self.world.hub.database, self.world.hub.vault, self.world.clock.now)

    def listed(self) -> list[Any]:
        items: list[Any] = self.call("GET", "/v1/member-duplicates").json()["items"]
        return items

    def pairs(self) -> list[tuple[str, str, list[str]]]:
        return [(pair["first"], pair["second"], pair["agrees"]) for pair in self.listed()]

    def dismiss(self, first: object, second: object, request: str = "") -> Any:
        body = {"first": str(first), "second": str(second)}
        return self.call("POST", "/v1/member-duplicates/dismiss", body, request=request)


@pytest.fixture
def desk(world: World) -> Iterator[Desk]:
    opened = Desk(world)
    with opened.client:
        yield opened


@pytest.fixture
def small_desk(small_world: World) -> Iterator[Desk]:
    opened = Desk(small_world)
    with opened.client:
        yield opened


def test_who_shares_an_address_or_a_name_and_birthday_is_listed_with_the_evidence(desk: Desk) -> None:
    first, second = desk.join("林晓雨", MAY, "lin@example.com"), desk.join("林晓雨", MAY)
    third = desk.join("Lin", None, "lin@example.com")
    desk.join("林晓雨", date(1991, 5, 1))
    desk.join("林晓", MAY)

    new = desk.look()

    assert new == 2
    assert sorted(desk.pairs()) == sorted(
        [(str(first), str(second), ["birthday", "name"]), (str(first), str(third), ["email"])]
    )
    assert desk.listed()[0]["names"][0] == "林*"


def test_case_accents_and_spaces_do_not_make_another_name(small_desk: Desk) -> None:
    small_desk.join("José  Lin", MAY)
    small_desk.join("jose lin", MAY)

    assert small_desk.look() == 1


def test_a_pair_is_listed_once_however_often_it_is_found(desk: Desk) -> None:
    desk.join("林晓雨", MAY)
    desk.join("林晓雨", MAY)

    assert [desk.look(), desk.look(), len(desk.listed())] == [1, 0, 1]


def test_a_dismissed_pair_never_comes_back(desk: Desk) -> None:
    first, second = desk.join("林晓雨", MAY), desk.join("林晓雨", MAY)
    desk.look()

    answer = desk.dismiss(second, first)

    assert (answer.status_code, desk.look(), desk.listed()) == (204, 0, [])


def test_a_repeated_dismissal_is_one_and_an_unknown_pair_is_told(small_desk: Desk) -> None:
    first, second, request = small_desk.join("林晓雨", MAY), small_desk.join("林晓雨", MAY), str(uuid4())
    small_desk.look()

    answers = [small_desk.dismiss(first, second, request).status_code for _ in range(2)]

    assert answers == [204, 204]
    assert small_desk.dismiss(first, NOBODY).json()["code"] == "member.unknown"


def test_a_pair_that_was_merged_leaves_the_list(desk: Desk) -> None:
    first, second = desk.join("林晓雨", MAY), desk.join("林晓雨", MAY)
    desk.look()
    merge = MembersMerged(first, second, "the same person")

    outcome = desk.world.book(desk.world.posted(merge, kind="member.merged", store=None))[0]

    assert outcome.is_applied
    assert (desk.look(), desk.listed()) == (0, [])


def test_a_surname_that_many_share_pairs_nobody_but_a_whole_name_does(small_desk: Desk) -> None:
    for number in range(250):
        small_desk.join(f"王{chr(0x4E00 + number)}", MAY)
    small_desk.join("王晓雨", MAY)
    small_desk.join("王晓雨", MAY)

    assert small_desk.look() == 1


def test_a_name_that_many_have_does_not_hide_who_was_born_on_the_same_day(small_desk: Desk) -> None:
    days = [date(1950 + number // 12, number % 12 + 1, 1) for number in range(250)]
    members = [small_desk.join("王伟", day) for day in days]
    again = small_desk.join("王伟", days[100])

    new = small_desk.look()

    assert new == 1
    assert small_desk.pairs() == [(str(members[100]), str(again), ["birthday", "name"])]


def test_a_number_that_was_written_in_another_way_is_the_same_persons(desk: Desk) -> None:
    first = desk.join("林晓雨", phone="+8613800000001")
    second = desk.join("林晓雨", phone="+85260000001")
    desk.join("陈思远", phone="+85370000001")

    desk.look()

    assert desk.pairs() == [(str(first), str(second), ["name", "phone"])]


def test_more_than_a_few_who_agree_are_not_all_paired_with_each_other(small_desk: Desk) -> None:
    for _ in range(ALIKE_MAX_MEMBERS + 3):
        small_desk.join("林晓雨", MAY)

    assert small_desk.look() == sum(min(number, ALIKE_MAX_MEMBERS) for number in range(ALIKE_MAX_MEMBERS + 3))


def test_others_in_between_do_not_hide_a_pair(small_desk: Desk) -> None:
    first = small_desk.join("林晓雨", MAY)
    for number in range(20):
        small_desk.join(f"{chr(0x5000 + number)}{chr(0x6000 + number)}", MAY)
    second = small_desk.join("林晓雨", MAY)

    small_desk.look()

    assert small_desk.pairs() == [(str(first), str(second), ["birthday", "name"])]


def test_a_merge_that_was_taken_back_does_not_raise_the_pair_again(small_desk: Desk) -> None:
    first, second = small_desk.join("林晓雨", MAY), small_desk.join("林晓雨", MAY)
    small_desk.look()
    world = small_desk.world
    merge = world.posted(MembersMerged(first, second, "the same"), kind="member.merged", store=None)
    world.book(merge)
    small_desk.look()
    undone = world.posted(MergeUndone(merge.id, "two people"), kind="member.unmerged", store=None)

    assert world.book(undone)[0].is_applied
    assert small_desk.look() == 0
