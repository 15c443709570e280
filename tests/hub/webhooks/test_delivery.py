import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import select, text
from standardwebhooks import Webhook

from hub.audit.models import AuditEntry
from hub.privacy.retention import Retention
from hub.webhooks.models import WebhookMessage
from hub.webhooks.rules import RETRY_AFTER
from tests.hub.migrations import day
from tests.hub.routes import add_voucher
from tests.hub.webhooks.conftest import Post
from tests.hub.world import START, STORE

SOMEBODY = {"name": "林晓雨", "phone": "13800000001", "home_store": STORE}


def came(post: Post) -> list[dict[str, Any]]:
    return [json.loads(body) for _path, _headers, body in post.receiver.came]


def verifies(secret: str, message: tuple[str, dict[str, str], str]) -> bool:
    """Check a signature as a receiver does, without asking what time it is."""
    _path, headers, body = message
    at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    return Webhook(secret).sign(headers["webhook-id"], at, body) in headers["webhook-signature"].split(" ")


def test_the_published_vector_of_standard_webhooks() -> None:
    signed = Webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").sign(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", datetime.fromtimestamp(1614265330, UTC), '{"test": 2432232314}'
    )

    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_purchase_is_told_with_what_it_changed(post_on_each_database: Post) -> None:
    post, member = post_on_each_database, post_on_each_database.world.add_member()
    webhook = post.add()
    bought = post.call("POST", "/v1/purchases", post.purchase(member, 200_000)).json()

    assert post.deliver() == 3

    told = {one["type"]: one for one in came(post)}
    assert set(told) == {"purchase.recorded", "points.changed", "tier.changed"}
    assert told["purchase.recorded"]["data"]["purchase"] == bought["purchase"]
    assert told["purchase.recorded"]["data"]["member"] == str(member)
    assert told["points.changed"]["data"]["balance"] == 2_000
    assert told["tier.changed"]["data"] == {"member": str(member), "before": "classic", "after": "silver"}
    assert datetime.fromisoformat(told["points.changed"]["timestamp"]) == START
    assert all(verifies(webhook["secret"], message) for message in post.receiver.came)
    assert post.receiver.came[0][0] == "/hook?from=hub"
    assert {one["state"] for one in post.deliveries(webhook["id"])} == {"delivered"}
    assert post.deliver() == 0


def test_only_what_was_subscribed_is_told(post: Post) -> None:
    post.add("tier.changed")
    post.call("POST", "/v1/purchases", post.purchase(post.world.add_member(), 100))

    assert post.deliver() == 0
    with post.hub.database.read() as session:
        assert session.query(WebhookMessage).count() == 0


def test_nothing_is_written_while_nobody_listens(post: Post) -> None:
    post.call("POST", "/v1/purchases", post.purchase(post.world.add_member()))

    with post.hub.database.read() as session:
        assert session.query(WebhookMessage).count() == 0


def test_a_repeated_request_is_told_once(post: Post) -> None:
    post.add("purchase.recorded")
    body, request = post.purchase(post.world.add_member()), str(uuid4())
    for _ in range(2):
        post.call("POST", "/v1/purchases", body, request=request)

    assert post.deliver() == 1


def test_what_is_refused_is_not_told(post: Post) -> None:
    post.add()
    body = {"member": str(post.world.add_member()), "currency": "CNY", "amount": 1, "store": STORE, "receipt": "P1"}
    post.call("POST", "/v1/payments", body)

    assert post.deliver() == 0


def test_joining_and_handing_out_are_told_without_a_name(post: Post) -> None:
    post.add()
    joined = post.call("POST", "/v1/members", SOMEBODY).json()
    post.call("POST", f"/v1/vouchers/{add_voucher(post.world)}/hand-out")

    post.deliver()

    assert {one["type"] for one in came(post)} == {"member.joined", "voucher.handed_out"}
    text_of_all = str(post.receiver.came)
    assert joined["id"] in text_of_all
    assert not any(secret in text_of_all for secret in ("林", "13800000001", "display_name"))


def test_a_rolled_back_act_is_not_told(post: Post) -> None:
    post.add()
    with post.hub.database.write() as session:
        session.execute(text("ALTER TABLE facts RENAME TO facts_away"))
    post.call("POST", "/v1/members", SOMEBODY)
    with post.hub.database.write() as session:
        session.execute(text("ALTER TABLE facts_away RENAME TO facts"))

    assert post.deliver() == 0


def test_a_failed_delivery_is_tried_again_until_it_is_dead(post_on_each_database: Post) -> None:
    post = post_on_each_database
    webhook, clock = post.add(), post.world.clock
    post.receiver.status = 500
    post.call("POST", f"/v1/webhooks/{webhook['id']}/test")
    assert post.deliver() == 1

    for pause in RETRY_AFTER:
        clock.pass_(seconds=pause.total_seconds() - 1)
        assert post.deliver() == 0
        clock.pass_(seconds=1)
        assert post.deliver() == 1
    clock.pass_(days=1)

    assert post.deliver() == 0
    [delivery] = post.deliveries(webhook["id"])
    assert (delivery["state"], delivery["attempts"], delivery["status"]) == ("dead", 10, 500)
    assert {headers["webhook-id"] for _path, headers, _body in post.receiver.came} == {delivery["message"]}


def test_an_attempt_is_signed_anew_for_its_own_time(post: Post) -> None:
    webhook = post.add()
    post.receiver.status = 503
    post.call("POST", f"/v1/webhooks/{webhook['id']}/test")
    post.deliver()
    post.world.clock.pass_(seconds=5)
    post.receiver.status = 200
    post.deliver()

    stamps = [int(headers["webhook-timestamp"]) for _path, headers, _body in post.receiver.came]
    assert stamps[1] - stamps[0] == 5
    assert all(verifies(webhook["secret"], message) for message in post.receiver.came)


def test_an_endpoint_that_fails_for_days_is_disabled_and_that_is_written_down(post_on_each_database: Post) -> None:
    post = post_on_each_database
    webhook, path = post.add(), ""
    path = f"/v1/webhooks/{webhook['id']}"
    post.receiver.status = 404
    for number in range(6):
        post.call("POST", f"{path}/test")
        post.deliver()
        [shown] = post.call("GET", "/v1/webhooks").json()["items"]
        assert shown["state"] == ("active" if number < 5 else "disabled")
        post.world.clock.pass_(days=1)

    with post.hub.database.read() as session:
        acts = session.execute(select(AuditEntry).where(AuditEntry.action == "webhook.disabled")).scalars().all()
    assert [(act.actor, act.subject) for act in acts] == [("job:webhooks", webhook["id"])]
    assert post.deliver() == 0
    post.receiver.status = 200
    post.call("PATCH", path, {"state": "active"})
    assert post.deliver() > 0


def test_one_success_begins_the_days_anew(post: Post) -> None:
    webhook = post.add()
    for number in range(8):
        post.receiver.status = 200 if number == 3 else 500
        post.call("POST", f"/v1/webhooks/{webhook['id']}/test")
        post.deliver()
        post.world.clock.pass_(days=1)

    [shown] = post.call("GET", "/v1/webhooks").json()["items"]
    assert shown["state"] == "active"


def test_whoever_says_gone_is_told_nothing_more(post: Post) -> None:
    webhook = post.add()
    post.receiver.status = 410
    post.call("POST", f"/v1/webhooks/{webhook['id']}/test")
    post.deliver()

    [shown] = post.call("GET", "/v1/webhooks").json()["items"]
    assert shown["state"] == "disabled"


def test_both_secrets_sign_while_one_is_replaced(post: Post) -> None:
    first = post.add()
    path = f"/v1/webhooks/{first['id']}"
    second = post.call("POST", f"{path}/rotate", {"overlap_hours": 1}).json()
    post.call("POST", f"{path}/test")
    post.deliver()
    post.world.clock.pass_(hours=1)
    post.call("POST", f"{path}/test")
    post.deliver()

    during, after = post.receiver.came
    assert verifies(first["secret"], during)
    assert verifies(second["secret"], during)
    assert verifies(second["secret"], after)
    assert not verifies(first["secret"], after)


def test_a_message_is_sent_again(post: Post) -> None:
    webhook = post.add()
    post.call("POST", f"/v1/webhooks/{webhook['id']}/test")
    post.deliver()
    [delivery] = post.deliveries(webhook["id"])

    again = post.call("POST", f"/v1/webhooks/{webhook['id']}/replay", {"message": delivery["message"]})

    assert (again.status_code, again.json()) == (202, {"messages": 1})
    assert post.deliver() == 1
    assert len({headers["webhook-id"] for _path, headers, _body in post.receiver.came}) == 1


def test_a_span_of_time_is_sent_again_even_to_an_endpoint_that_came_later(post_on_each_database: Post) -> None:
    post = post_on_each_database
    first, member = post.add("purchase.recorded"), post.world.add_member()
    for _ in range(3):
        post.call("POST", "/v1/purchases", post.purchase(member))
        post.world.clock.pass_(hours=1)
    post.deliver()
    second = post.add()
    span = {"since": (START + timedelta(hours=1)).isoformat(), "until": (START + timedelta(hours=3)).isoformat()}

    answers = [post.call("POST", f"/v1/webhooks/{one['id']}/replay", span).json() for one in (first, second)]

    assert answers == [{"messages": 2}, {"messages": 2}]
    assert post.deliver() == 4


def test_messages_are_forgotten_after_a_month(post: Post) -> None:
    webhook = post.add()
    post.call("POST", f"/v1/webhooks/{webhook['id']}/test")
    post.deliver()
    post.world.clock.pass_(days=31)

    destroyed = Retention(post.hub.database, post.hub.eraser, post.hub.random_bytes).run(post.world.clock.now)

    assert destroyed["messages"] == 1
    assert post.deliveries(webhook["id"]) == []


def test_a_courier_that_was_killed_while_sending_leaves_the_message_to_the_next(post: Post) -> None:
    webhook = post.add()
    post.call("POST", f"/v1/webhooks/{webhook['id']}/test")
    letters = post.courier._take(post.world.clock.now)
    at_once = post.deliver()
    post.world.clock.pass_(hours=1)

    assert (len(letters), at_once, post.deliver()) == (1, 0, 1)


def test_a_voucher_from_a_kiosk_is_told(post: Post) -> None:
    post.add("voucher.issued")
    day.play(post.world)

    with post.hub.database.read() as session:
        [told] = session.execute(select(WebhookMessage).where(WebhookMessage.event == "voucher.issued")).scalars()
    assert (told.data["points"], told.data["kiosk"].startswith("k-")) == (600, True)


def test_the_secret_is_as_the_standard_writes_it(post: Post) -> None:
    secret = post.add()["secret"]

    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32


def test_no_secret_lies_open_in_the_database(post: Post) -> None:
    secret = base64.b64decode(post.add()["secret"].removeprefix("whsec_"))
    with post.hub.database.read() as session:
        rows = session.execute(text("SELECT secret FROM webhook_endpoints")).scalars().all()

    assert len(rows) == 1
    assert all(secret not in bytes(row) for row in rows)
