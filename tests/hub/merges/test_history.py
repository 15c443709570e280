from collections.abc import Iterator
from uuid import UUID

import pytest

from tests.hub.api import Api
from tests.hub.world import World

WHY = {"reason": "the same person"}


@pytest.fixture
def api(world: World) -> Iterator[Api]:
    opened = Api(world)
    with opened.client:
        yield opened


def merge(api: Api, kept: UUID, merged: UUID) -> str:
    answer = api.call("POST", "/v1/member-merges", {"kept": str(kept), "merged": str(merged), **WHY})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["merge"])


def test_the_history_of_everybody_who_was_merged_is_found_from_the_one_that_was_kept(api: Api) -> None:
    first, second, third = (api.world.add_member() for _ in range(3))
    api.world.earn(first, 100)
    merge(api, second, first)
    merge(api, third, second)

    merged_from = api.call("GET", f"/v1/members/{third}").json()["merged_from"]

    assert merged_from == sorted(map(str, (first, second)))
    kinds = [
        movement["kind"]
        for member in merged_from
        for movement in api.call("GET", f"/v1/members/{member}/statement").json()["movements"]
    ]
    assert "member.merged" in kinds
    assert len(kinds) > 2
    acts = [api.call("GET", f"/v1/audit?subject={member}").json()["items"] for member in (second, third)]
    assert [[act["action"] for act in found] for found in acts] == [["member.merged"], ["member.merged"]]


def test_a_merge_that_was_taken_back_is_no_history(api: Api) -> None:
    kept, merged = api.world.add_member(), api.world.add_member()
    made = merge(api, kept, merged)
    api.call("POST", f"/v1/member-merges/{made}/undo", WHY)

    assert api.call("GET", f"/v1/members/{kept}").json()["merged_from"] == []
