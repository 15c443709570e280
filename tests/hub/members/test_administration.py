from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from hub.fleet.models import MemberCopy
from hub.members import profile
from hub.merges.service import MembersMerged
from protocol.errors import ErrorCode
from protocol.requests import PresentCard
from tests.hub.api import NOBODY, Api
from tests.hub.world import World

PHONE = "+8614000000001"


class Counter(Api):
    """Customer service, and one member: Lin."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.member = world.add_member("林晓雨", PHONE)

    def version(self) -> str:
        tag: str = self.call("GET", f"/v1/members/{self.member}").headers["etag"]
        return tag

    def edit(self, tag: str | None = None, **changes: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.world.till_key}", "If-Match": tag or self.version()}
        return self.client.patch(f"/v1/members/{self.member}", json=changes, headers=headers)

    def search(self, *page: str, **by: str) -> Any:
        more = "&".join(page)
        return self.call("POST", f"/v1/members/search?{more}", by)

    def found(self, **by: str) -> list[str]:
        return [item["id"] for item in self.search(**by).json()["items"]]

    def values(self) -> dict[str, str]:
        fields = ("name", "phone", "email", "birthday", "address")
        with self.world.hub.database.read() as session:
            return profile.read(session, self.world.hub.vault, [self.member], fields)[self.member]


@pytest.fixture
def counter(world: World) -> Iterator[Counter]:
    opened = Counter(world)
    with opened.client:
        yield opened


@pytest.fixture
def small_counter(small_world: World) -> Iterator[Counter]:
    opened = Counter(small_world)
    with opened.client:
        yield opened


def test_what_is_named_is_changed_and_the_rest_stays(counter: Counter) -> None:
    answer = counter.edit(name="林小雨", email="Lin@Example.com", home_store="S02")

    assert (answer.status_code, answer.json()["home_store"], answer.json()["display_name"]) == (200, "S02", "林*")
    assert counter.values() == {"name": "林小雨", "phone": PHONE, "email": "lin@example.com"}


def test_null_takes_a_value_away_but_never_the_name(small_counter: Counter) -> None:
    taken = small_counter.edit(phone=None)
    name = small_counter.edit(name=None)

    assert (taken.status_code, name.json()["code"]) == (200, "name.invalid")
    assert small_counter.values() == {"name": "林晓雨"}


def test_what_is_wrong_is_told_by_field_and_nothing_is_changed(counter: Counter) -> None:
    counter.world.add_member("陈思远", "+8614000000002")

    answer = counter.edit(name="Lin", phone="14000000002", birthday="2999-01-01", email="nowhere")

    fields = {each["field"]: each["problem"] for each in answer.json()["data"]["fields"]}
    assert fields == {"phone": "member.phone_taken", "birthday": "birthday.invalid", "email": "email.invalid"}
    assert counter.values()["name"] == "林晓雨"


def test_a_change_of_what_was_changed_meanwhile_is_refused(counter: Counter) -> None:
    seen = counter.version()
    first = counter.edit(seen, name="林小雨")

    second = counter.edit(seen, name="林大雨")
    third = counter.edit(first.headers["etag"], name="林大雨")

    assert (second.status_code, second.json()["code"]) == (412, "request.stale")
    assert third.status_code == 200


def test_who_does_not_say_what_was_seen_changes_nothing(small_counter: Counter) -> None:
    answer = small_counter.call("PATCH", f"/v1/members/{small_counter.member}", {"name": "X"})

    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")


@pytest.mark.parametrize("changes", [{}, {"home_store": None}, {"state": "active"}, {"home_store": "S99"}])
def test_what_cannot_be_changed_so_is_refused(small_counter: Counter, changes: dict[str, Any]) -> None:
    assert small_counter.edit(**changes).status_code == 422


def test_the_audit_log_names_fields_and_no_value(small_counter: Counter) -> None:
    small_counter.edit(name="林小雨", phone="14000000009")

    [act] = small_counter.acts()
    assert (act.action, act.subject) == ("member.changed", str(small_counter.member))
    assert (act.before, act.after) == ({}, {"fields": ["name", "phone"]})


def test_kiosks_that_know_the_member_are_told(small_counter: Counter) -> None:
    world, kiosk = small_counter.world, small_counter.world.add_kiosk()
    card = world.add_card(small_counter.member)
    world.book(world.asked(kiosk, PresentCard(world.tap(card))))

    small_counter.edit(name="林小雨")

    with world.hub.database.read() as session:
        copies = session.execute(select(MemberCopy.member).where(MemberCopy.wanted > MemberCopy.held)).scalars().all()
    assert copies == [small_counter.member]


def test_a_member_takes_part_no_more_until_reactivated(counter: Counter) -> None:
    path, why = f"/v1/members/{counter.member}", {"reason": "moved away"}
    off = counter.call("POST", f"{path}/deactivate", why)
    refused = counter.world.book(counter.world.posted(counter.world.purchase(counter.member, 100)))[0]
    on = counter.call("POST", f"{path}/reactivate", why)

    assert [off.json()["state"], on.json()["state"]] == ["inactive", "active"]
    assert refused.code is ErrorCode.MEMBER_BLOCKED
    assert [(act.action, act.reason) for act in counter.acts()] == [
        ("member.inactive", "moved away"),
        ("member.active", "moved away"),
    ]


def test_a_repeated_deactivation_is_one(small_counter: Counter) -> None:
    path, request = f"/v1/members/{small_counter.member}/deactivate", str(uuid4())

    answers = [small_counter.call("POST", path, {"reason": "moved"}, request=request) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert len(small_counter.acts()) == 1


def test_members_are_found_by_everything_they_are_known_by(counter: Counter) -> None:
    counter.edit(email="lin@example.com")
    card = counter.world.add_card(counter.member)
    number = counter.call("GET", f"/v1/members/{counter.member}").json()["number"]
    counter.world.add_member("陈思远", "+8614000000002")

    for by in (
        {"name": "晓雨"},
        {"number": number},
        {"phone": "140 0000 0001"},
        {"email": "LIN@example.com"},
        {"card": card},
    ):
        assert counter.found(**by) == [str(counter.member)]


def test_what_is_found_is_masked(small_counter: Counter) -> None:
    [item] = small_counter.search(name="林").json()["items"]

    assert (item["name"], item["phone"], item["email"]) == ("林*", "140****0001", "")


def test_nobody_is_found_where_there_is_nobody(small_counter: Counter) -> None:
    for by in (
        {"name": "王"},
        {"number": "M9"},
        {"phone": "1399"},
        {"email": "xyz"},
        {"email": "x@y.zz"},
        {"card": "04" * 4},
    ):
        assert small_counter.found(**by) == []


def test_names_are_listed_page_by_page(counter: Counter) -> None:
    others = []
    for number in range(4):
        counter.world.clock.pass_(seconds=1)
        others.append(str(counter.world.add_member(f"林{number}")))

    first = counter.search("limit=3", name="林").json()
    second = counter.search("limit=3", f"cursor={first['next']}", name="林").json()

    assert [item["id"] for item in first["items"] + second["items"]] == [str(counter.member), *others]
    assert second["next"] is None


@pytest.mark.parametrize("by", [{}, {"name": "林", "phone": "14000000001"}, {"name": ""}])
def test_a_search_is_by_one_thing(small_counter: Counter, by: dict[str, str]) -> None:
    assert small_counter.search(**by).json()["code"] == "request.invalid"


def test_a_made_up_cursor_is_refused(small_counter: Counter) -> None:
    assert small_counter.search("cursor=x", name="林").json()["code"] == "request.invalid"


def test_who_was_merged_is_found_as_the_other_and_not_changed(small_counter: Counter) -> None:
    counter, world = small_counter, small_counter.world
    kept = world.add_member("林晓雨")
    merge = MembersMerged(kept, counter.member, "the same person")
    assert world.book(world.posted(merge, kind="member.merged", store=None))[0].is_applied

    by_phone = counter.call("POST", "/v1/members/find", {"phone": PHONE}).json()["id"]
    merged = [(item["id"], item["merged_into"]) for item in counter.search(name="林").json()["items"]]

    assert by_phone == str(kept)
    assert sorted(merged) == sorted([(str(counter.member), str(kept)), (str(kept), None)])
    assert counter.edit(name="X").json()["code"] == "member.merged"


def test_an_unknown_member_is_not_found(small_counter: Counter) -> None:
    small_counter.member = UUID(NOBODY)

    assert small_counter.edit("*", name="X").json()["code"] == "member.unknown"
