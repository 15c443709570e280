from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from hub.approvals import service
from hub.approvals.acts import Approved
from hub.approvals.answers import Answer, answer, carry_on
from hub.approvals.models import ApprovalRequest
from hub.approvals.service import Waiting
from hub.composition import Hub
from hub.problems import ProblemError
from hub.staff.service import hash_of, principals
from protocol.errors import ErrorCode
from tests.hub.approvals.office import Office
from tests.hub.wallet.purse import Purse
from tests.hub.world import World

KIND = "member.erased"


def test_one_of_a_yes_and_a_no_at_the_same_moment_counts(office: Office) -> None:
    """Ten pairs race; on PostgreSQL both are in the database at once."""
    together, requests = Barrier(2), [office.wait() for _ in range(10)]
    other = office.key_of(None)

    def race(request: str, act: Any, key: str) -> int:
        together.wait()
        return int(act(request, key=key).status_code)

    with ThreadPoolExecutor(2) as pool:
        for request in requests:
            yes = pool.submit(race, request, office.approve, office.answering)
            no = pool.submit(race, request, office.refuse, other)
            assert sorted((yes.result(), no.result())) == [200, 409]

    done = sum(office.row(request).state == "done" for request in requests)
    assert office.world.balance(office.member) == 500 * done
    office.world.assert_books_are_right()


def test_two_who_say_yes_at_the_same_moment_do_it_once(office: Office) -> None:
    together, request, other = Barrier(2), office.wait(), office.key_of(None)

    def race(key: str) -> int:
        together.wait()
        return int(office.approve(request, key=key).status_code)

    with ThreadPoolExecutor(2) as pool:
        statuses = sorted(pool.map(race, (office.answering, other)))

    assert statuses == [200, 409]
    assert office.world.balance(office.member) == 500


def test_what_was_approved_by_somebody_who_was_killed_is_done_later(office: Office) -> None:
    request = office.wait()
    with office.world.hub.database.write() as session:
        session.execute(update(ApprovalRequest).values(state="approved", decided_by="key:killed"))

    carry_on(office.world.hub, office.world.clock.now)
    carry_on(office.world.hub, office.world.clock.now)

    assert office.row(request).state == "done"
    assert office.world.balance(office.member) == 500


def test_what_nobody_answered_lapses_on_its_day_and_not_before(office: Office) -> None:
    request, states = office.wait(), []

    for days, seconds in ((6, 86_399), (0, 1)):
        office.world.clock.pass_(days=days, seconds=seconds)
        carry_on(office.world.hub, office.world.clock.now)
        states.append(office.row(request).state)

    assert states == ["waiting", "lapsed"]
    assert office.adjust(request=request).json()["code"] == "approval.lapsed"


@pytest.mark.parametrize(("amount", "waits"), [(50_000, False), (50_001, True)])
@pytest.mark.parametrize("act", ["payment", "top_up", "closing"])
def test_money_beyond_500_00_is_not_paid_out_alone(world: World, *, amount: int, act: str, waits: bool) -> None:
    purse = Purse(world)
    top_up = purse.topped_up(amount)
    match act:
        case "payment":
            outcome = purse.refund(purse.paid(amount), amount)
        case "top_up":
            outcome = purse.take_back(top_up)
        case _:
            outcome = purse.close()

    assert outcome.is_applied is not waits
    assert (outcome.result.get("state") == "waiting") is waits
    world.assert_books_are_right()


def test_the_programme_sets_how_much_money_a_role_pays_out_alone(small_world: World) -> None:
    purse = Purse(small_world)
    purse.term("approvals.payment.refunded", others=100)
    purse.topped_up(1_000)
    payment = purse.paid(1_000)

    outcomes = [purse.refund(payment, amount) for amount in (100, 101)]

    assert [outcome.is_applied for outcome in outcomes] == [True, False]


class Erasing:
    """An act that a function carries out; refuses as often as it is told to."""

    def __init__(self, refusal: ErrorCode | None = None) -> None:
        self.done: list[Approved] = []
        self.refusal = refusal

    def __call__(self, _session: Session, _hub: Hub, approved: Approved, _now: datetime) -> dict[str, Any]:
        if self.refusal is not None:
            raise ProblemError(self.refusal)
        self.done.append(approved)
        return {"erased": approved.subject}


def ask(office: Office, **overrides: Any) -> Waiting:
    asker = f"key:{key_id(office, office.asking)}"
    request = office.world.new_id()
    wish = Waiting(
        **{
            "id": request,
            "kind": KIND,
            "subject": str(office.member),
            "body": b'{"why":"asked by the member"}',
            "content": bytes(16),
            "asked_by": asker,
            **overrides,
        }
    )
    hub = office.world.hub
    told = hub.database.run(lambda session: service.ask(session, hub.vault, wish, hub.clock()))
    assert told == {"request": str(wish.id), "state": "waiting"}
    return wish


def key_id(office: Office, secret: str) -> UUID:
    with office.world.hub.database.read() as session:
        found = principals(session, [hash_of(secret)], office.world.clock.now)[hash_of(secret)]
    return UUID(found.actor.removeprefix("key:"))


def say_yes(office: Office, request: UUID, carry: Erasing) -> ApprovalRequest:
    hub = office.world.hub
    with hub.database.read() as session:
        found = principals(session, [hash_of(office.answering)], hub.clock())[hash_of(office.answering)]
    return answer(hub, found, Answer(request, "approved"), office.world.new_id(), carried={KIND: carry})


def test_what_is_no_booking_is_carried_out_by_its_domain_once(office: Office) -> None:
    wish, carry = ask(office), Erasing()

    rows = [say_yes(office, wish.id, carry) for _ in range(2)]

    [approved] = carry.done
    assert (approved.body, approved.asked_by, approved.store) == (wish.body, wish.asked_by, None)
    assert [(row.state, row.result) for row in rows] == [("done", {"erased": str(office.member)})] * 2


def test_what_its_domain_refuses_has_failed_for_good(office: Office) -> None:
    wish = ask(office)

    row = say_yes(office, wish.id, Erasing(ErrorCode.MEMBER_UNKNOWN))

    assert (row.state, row.code) == ("failed", "member.unknown")
    hub = office.world.hub
    with pytest.raises(ProblemError) as caught:
        hub.database.run(lambda session: service.ask(session, hub.vault, wish, hub.clock()))
    assert caught.value.code is ErrorCode.MEMBER_UNKNOWN


def test_what_is_the_chain_s_is_answered_only_by_who_acts_everywhere(small_office: Office) -> None:
    wish = ask(small_office)
    key = small_office.key_of(None, stores=["S01"])

    response = small_office.approve(str(wish.id), key=key)

    assert (response.status_code, response.json()["code"]) == (403, "store.out_of_scope")


def test_an_id_is_good_for_one_wish(small_office: Office) -> None:
    wish = ask(small_office)

    with pytest.raises(ProblemError) as caught:
        ask(small_office, id=wish.id, content=bytes(15) + b"1")

    assert caught.value.code is ErrorCode.REQUEST_CONFLICT
