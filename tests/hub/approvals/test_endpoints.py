from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from hub.audit.models import AuditEntry
from hub.audit.service import Act, audit
from hub.ledger.models import Transfer
from hub.staff.models import ApiKey, Person
from hub.staff.permissions import Permission, Role
from hub.staff.service import hash_of, principals
from tests.hub.approvals.office import Office


def codes(*responses: Any) -> list[tuple[int, str | None]]:
    return [(response.status_code, response.json().get("code")) for response in responses]


def test_what_goes_beyond_a_limit_waits_and_changes_nothing(office: Office) -> None:
    request = str(uuid4())

    first, again = office.adjust(request=request), office.adjust(request=request)

    assert (first.status_code, first.json()) == (202, {"request": request, "state": "waiting"})
    assert again.json() == first.json()
    assert office.world.balance(office.member) == 0
    [item] = office.call("GET", "/v1/approvals", key=office.answering).json()["items"]
    told = {name: item[name] for name in ("request", "kind", "subject", "amount", "alone_max", "store", "reason")}
    assert told == {
        "request": request,
        "kind": "points.adjusted",
        "subject": str(office.member),
        "amount": 500,
        "alone_max": 100,
        "store": "S01",
        "reason": "a spoilt coffee",
    }


def test_a_yes_does_it_at_once_under_the_request_s_id_and_in_the_name_of_who_asked(office: Office) -> None:
    request = office.wait()
    asker = office.row(request).asked_by

    answered = office.approve(request)
    repeated = office.adjust(request=request)

    assert (answered.status_code, answered.json()["state"]) == (200, "done")
    assert (repeated.status_code, repeated.json()["balance"]) == (201, 500)
    with office.world.hub.database.read() as session:
        made = session.execute(select(Transfer)).scalar_one()
        told = {entry.action: entry for entry in session.execute(select(AuditEntry)).scalars()}
    assert (made.actor, made.cause["approved_by"]) == (asker, answered.json()["decided_by"])
    assert (told["points.adjusted"].actor, told["approval.given"].subject) == (asker, request)
    office.world.assert_books_are_right()


def test_the_same_yes_can_be_given_again(office: Office) -> None:
    request = office.wait()

    first, again = office.approve(request), office.approve(request)

    assert first.json() == again.json()
    assert office.world.balance(office.member) == 500


def test_an_answer_s_own_id_is_good_for_one_answer(small_office: Office) -> None:
    one, other, own = small_office.wait(), small_office.wait(), str(uuid4())

    answers = [
        small_office.call("POST", f"/v1/approvals/{request}/approve", {}, key=small_office.answering, request=own)
        for request in (one, one, other)
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 409]
    assert answers[0].json() == answers[1].json()
    assert answers[2].json()["code"] == "request.conflict"


def test_a_person_asks_and_another_answers(office: Office) -> None:
    world, request = office.world, str(uuid4())
    asker, other = world.add_person(Role.CUSTOMER_SERVICE), world.person(Role.FINANCE)
    office.asking = world.log_in(asker)
    assert office.adjust(request=request).status_code == 202

    answered = office.approve(request, key=other)

    assert (answered.status_code, answered.json()["asked_by"]) == (200, f"staff:{asker.id}")
    assert answered.json()["decided_by"].startswith("staff:")
    assert world.balance(office.member) == 500


def test_a_person_does_not_answer_in_another_session_or_with_an_own_key(small_office: Office) -> None:
    world, request = small_office.world, str(uuid4())
    admin = world.add_person(Role.ADMIN)
    asking, second = world.log_in(admin), world.log_in(admin)
    key = small_office.key_made_by(asking)
    assert small_office.adjust(10_000, key=asking, request=request).status_code == 202

    responses = [small_office.approve(request, key=own) for own in (asking, second, key)]

    assert codes(*responses) == [(403, "approval.own")] * 3


def test_what_a_person_asked_for_who_is_locked_out_since_is_not_done(small_office: Office) -> None:
    world, request = small_office.world, str(uuid4())
    asker = world.add_person(Role.CUSTOMER_SERVICE)
    assert small_office.adjust(key=world.log_in(asker), request=request).status_code == 202
    with world.hub.database.write() as session:
        session.execute(update(Person).where(Person.id == asker.id).values(state="disabled"))

    assert codes(small_office.approve(request)) == [(409, "approval.withdrawn")]


def test_a_no_is_final(office: Office) -> None:
    request = office.wait()

    refused = office.refuse(request)

    assert (refused.status_code, refused.json()["state"], refused.json()["note"]) == (200, "refused", "no")
    late, repeated = office.approve(request), office.adjust(request=request)
    assert codes(late, repeated) == [(409, "approval.decided"), (403, "approval.refused")]
    assert office.world.balance(office.member) == 0


def test_a_yes_is_final(office: Office) -> None:
    request = office.wait()
    office.approve(request)

    late = office.refuse(request)
    other = office.approve(request, key=office.key_of(None))

    assert codes(late, other) == [(409, "approval.decided")] * 2


def test_nobody_answers_the_own_request(small_office: Office) -> None:
    request = small_office.wait()

    responses = [act(request, key=small_office.asking) for act in (small_office.approve, small_office.refuse)]

    assert codes(*responses) == [(403, "approval.own")] * 2
    assert small_office.row(request).state == "waiting"


def test_nobody_answers_the_own_request_with_a_key_that_they_made(small_office: Office) -> None:
    body = {"name": "mine", "permissions": ["approvals:write"], "role": "cashier"}
    made = small_office.made(body, key=small_office.asking)
    asked, answered = small_office.wait(), small_office.wait()
    small_office.asking, maker = made, small_office.asking

    by_own_key = small_office.approve(asked, key=made)
    by_maker = small_office.approve(answered, key=maker)

    assert codes(by_own_key, by_maker) == [(403, "approval.own")] * 2


def test_two_keys_of_one_maker_do_not_answer_each_other(small_office: Office) -> None:
    one, other = (
        small_office.made({"name": name, "permissions": ["adjustments:write", "approvals:write"]})
        for name in ("one", "other")
    )
    request = str(uuid4())
    assert small_office.adjust(request=request, key=one).status_code == 202

    assert codes(small_office.approve(request, key=other)) == [(403, "approval.own")]


def test_who_has_rotated_a_key_holds_it_like_who_made_it(small_office: Office) -> None:
    world, request = small_office.world, small_office.wait()
    asker = small_office.row(request).asked_by
    key = small_office.key_made_by(world.person(Role.ADMIN))
    hash_ = hash_of(key)
    with world.hub.database.write() as session:
        name = principals(session, [hash_], world.clock.now)[hash_].actor.removeprefix("key:")
        audit(session, Act(asker, "key.rotated", name, {}, {}), world.clock.now, world.random.randbytes)

    assert codes(small_office.approve(request, key=key)) == [(403, "approval.own")]


def test_a_request_lapses_when_nobody_answers(small_office: Office) -> None:
    request = small_office.wait()
    small_office.world.clock.pass_(days=7)

    late = small_office.approve(request)

    assert codes(late) == [(403, "approval.lapsed")]


def test_what_somebody_asked_for_whose_key_was_revoked_is_not_done(small_office: Office) -> None:
    request = small_office.wait()
    asker = UUID(small_office.row(request).asked_by.removeprefix("key:"))
    with small_office.world.hub.database.write() as session:
        session.execute(update(ApiKey).where(ApiKey.id == asker).values(revoked_at=small_office.world.clock.now))

    assert codes(small_office.approve(request)) == [(409, "approval.withdrawn")]
    assert small_office.world.balance(small_office.member) == 0


def test_who_acts_in_one_store_sees_and_answers_what_is_asked_there(small_office: Office) -> None:
    here, elsewhere = (small_office.key_of(Role.STORE_MANAGER, stores=[store]) for store in ("S01", "S02"))
    request = small_office.wait()

    seen = [len(small_office.call("GET", "/v1/approvals", key=key).json()["items"]) for key in (here, elsewhere)]
    refused = [
        small_office.approve(request, key=elsewhere),
        small_office.call("GET", f"/v1/approvals/{request}", key=elsewhere),
    ]

    assert seen == [1, 0]
    assert codes(*refused) == [(403, "store.out_of_scope")] * 2
    assert small_office.approve(request, key=here).status_code == 200


def test_answering_is_a_right_of_its_own(small_office: Office) -> None:
    request = small_office.wait()
    key = small_office.key_of(Role.CASHIER, [Permission.ADJUSTMENTS_WRITE])

    assert codes(small_office.approve(request, key=key)) == [(403, "permission.denied")]


def test_a_request_that_nobody_made_is_unknown(small_office: Office) -> None:
    assert codes(small_office.approve(str(uuid4()))) == [(404, "approval.unknown")]


def test_what_cannot_be_done_though_approved_says_so_each_time(office: Office) -> None:
    request = office.wait(-500)

    first, again, asker = office.approve(request), office.approve(request), office.adjust(-500, request=request)

    assert codes(first, again, asker) == [(422, "points.short")] * 3
    assert office.row(request).state == "failed"


@pytest.mark.parametrize("change", [{"points": 501}, {"store": "S02"}])
def test_an_id_that_waits_is_good_for_the_very_content(small_office: Office, change: dict[str, Any]) -> None:
    request = small_office.wait()

    assert codes(small_office.adjust(**{"points": 500, **change}, request=request)) == [(409, "request.conflict")]


def test_what_is_asked_for_is_stored_sealed(small_office: Office) -> None:
    row = small_office.row(small_office.wait())

    assert b"coffee" not in row.body
    assert str(small_office.member).encode() not in row.body
