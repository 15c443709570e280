from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from hub.jobs import import_worker
from hub.privacy.erasure import Wish
from hub.programme.service import Change, publish
from hub.webhooks.models import WebhookMessage
from tests.hub.webhooks.conftest import Post
from tests.hub.world import STORE

WHY = {"reason": "asked for at the counter"}
PERSONAL = ("Quockerwodger", "14099887766")
FILE = b"name,phone\nQuockerwodger,+8614099887766\n"


def told(post: Post, event: str) -> list[dict[str, Any]]:
    with post.hub.database.read() as session:
        query = select(WebhookMessage).where(WebhookMessage.event == event).order_by(WebhookMessage.at)
        return [dict(row.data) for row in session.execute(query).scalars()]


def edit(post: Post, member: UUID, **changes: str) -> Any:
    headers = {"Authorization": f"Bearer {post.world.till_key}", "If-Match": "*"}
    return post.client.patch(f"/v1/members/{member}", json=changes, headers=headers)


def test_an_edited_profile_is_told_by_the_names_of_its_fields(post_on_each_database: Post) -> None:
    post, member = post_on_each_database, post_on_each_database.world.add_member()
    post.add("member.changed")

    answer = edit(post, member, name="Quockerwodger", phone="+8614099887766")

    assert answer.status_code == 200, answer.text
    assert told(post, "member.changed") == [{"member": str(member), "changed": ["name", "phone"]}]


def test_a_refused_edit_is_not_told(post: Post) -> None:
    member = post.world.add_member()
    post.add("member.changed")

    assert edit(post, member, phone="5").status_code == 422

    assert told(post, "member.changed") == []


def test_a_member_that_takes_part_no_more_is_told_once(post: Post) -> None:
    member, request = post.world.add_member(), str(uuid4())
    post.add("member.changed")

    for _ in range(2):
        post.call("POST", f"/v1/members/{member}/deactivate", WHY, request=request)

    assert told(post, "member.changed") == [{"member": str(member), "changed": ["state"]}]


def test_own_fields_are_told_by_name(post: Post) -> None:
    member = post.world.add_member()
    with post.hub.database.write() as session:
        publish(
            session, Change("fields.colour", {"kind": "text", "names": {"zh": "颜色"}}, "test"), post.world.clock.now
        )
    post.add("member.changed")

    answer = post.call("PUT", f"/v1/members/{member}/fields", {"values": {"colour": "blue"}})

    assert answer.status_code == 200, answer.text
    assert told(post, "member.changed") == [{"member": str(member), "changed": ["fields.colour"]}]


def test_proof_of_identity_is_told_the_first_time(post: Post) -> None:
    member = post.world.add_member()
    post.add("member.changed")

    for _ in range(2):
        post.call("PUT", f"/v1/members/{member}/identified", {"reason": "passport seen"})

    assert told(post, "member.changed") == [{"member": str(member), "changed": ["identified"]}]


def test_a_tier_given_by_hand_is_told_once(post: Post) -> None:
    member, request = post.world.add_member(), str(uuid4())
    post.add("tier.changed")

    for _ in range(2):
        post.call("PUT", f"/v1/members/{member}/tier", {"tier": "gold", "reason": "a guest"}, request=request)

    assert told(post, "tier.changed") == [{"member": str(member), "before": "classic", "after": "gold"}]


def test_merging_and_taking_it_back_are_told(post: Post) -> None:
    kept, merged = post.world.add_member(), post.world.add_member()
    post.add("member.merged", "member.unmerged")

    made = post.call("POST", "/v1/member-merges", {"kept": str(kept), "merged": str(merged), **WHY}).json()
    post.call("POST", f"/v1/member-merges/{made['merge']}/undo", WHY)

    [together], [apart] = told(post, "member.merged"), told(post, "member.unmerged")
    for message in (together, apart):
        assert (message["kept"], message["merged"]) == (str(kept), str(merged))


def test_an_erased_member_is_told_and_so_is_who_was_merged_into_it(post: Post) -> None:
    kept, merged = post.world.add_member(), post.world.add_member()
    post.call("POST", "/v1/member-merges", {"kept": str(kept), "merged": str(merged), **WHY})
    post.add("member.erased")

    wish = Wish(uuid4(), "test", "test", "test")
    refusal = post.hub.database.run(lambda session: post.hub.eraser.erase(session, kept, wish, post.world.clock.now))

    assert refusal is None
    assert {message["member"] for message in told(post, "member.erased")} == {str(kept), str(merged)}


@pytest.mark.parametrize("has_run", [True, False])
def test_an_import_is_told_by_its_counts_when_it_has_run(post: Post, *, has_run: bool) -> None:
    post.add("import.finished", "member.joined")
    worker = import_worker(post.hub)
    headers = {"Authorization": f"Bearer {post.world.till_key}", "Idempotency-Key": str(uuid4())}
    id_ = post.client.post("/v1/imports", content=FILE, headers={**headers, "Content-Type": "text/csv"}).json()["id"]
    post.call("POST", f"/v1/imports/{id_}/check", {"home_store": STORE})
    worker.run()

    post.call("POST", f"/v1/imports/{id_}/{'run' if has_run else 'cancel'}")
    worker.run()

    finished = told(post, "import.finished")
    assert [(one["id"], one["state"], one["joined"]) for one in finished] == [(id_, "done", 1)] * has_run
    assert told(post, "member.joined") == []
    assert not any(secret in str(finished) for secret in PERSONAL)
