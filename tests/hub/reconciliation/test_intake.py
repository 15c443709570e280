from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import select

from hub.audit.models import AuditEntry
from hub.intake import Verdict
from hub.programme.service import Change, publish
from hub.reconciliation.models import Rejection
from hub.rewards.models import Voucher
from protocol.errors import ErrorCode
from protocol.events import CardSeen, LeaseSpent
from protocol.ids import voucher_code
from tests.hub.api import LATTE
from tests.hub.reconciliation.desk import PRICE, Desk
from tests.hub.world import World


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


def rejection_of(desk: Desk, id_: UUID) -> Rejection:
    with desk.world.hub.database.read() as session:
        return session.get_one(Rejection, id_)


def test_a_rejected_redemption_is_an_open_item_with_what_it_would_have_moved(desk: Desk) -> None:
    lost = desk.lose_redemption()

    found = rejection_of(desk, lost)

    assert (found.kiosk, found.member, found.kind, found.code) == (
        desk.kiosk.id,
        desk.member,
        "lease.spent",
        "lease.written_off",
    )
    assert (found.state, found.points, found.amount, found.seen_at) == ("open", PRICE, 0, None)


def test_a_rejected_purchase_says_what_it_would_have_earned(desk: Desk) -> None:
    lost = desk.lose_purchase(5_000)

    found = rejection_of(desk, lost)

    assert (found.code, found.points, found.amount) == ("currency.unknown", 60, 5_000)


def test_what_was_applied_is_no_item(desk: Desk) -> None:
    desk.world.book(desk.world.told(desk.kiosk, desk.world.purchase(desk.member, 100)))

    with desk.world.hub.database.read() as session:
        kinds = session.execute(select(Rejection.kind)).scalars().all()

    assert kinds == ["lease.accepted"]


def test_a_redemption_is_made_good_by_the_voucher_that_was_shown(desk: Desk) -> None:
    lost = desk.lose_redemption()

    outcome = desk.compensate(lost)

    assert outcome.result["voucher"] == voucher_code(desk.spend)
    assert desk.world.balance(desk.member) == 1_000
    with desk.world.hub.database.read() as session:
        voucher = session.get_one(Voucher, desk.spend)
    assert (voucher.member, voucher.reward, voucher.points, voucher.state) == (desk.member, LATTE, PRICE, "open")
    assert rejection_of(desk, lost).state == "compensated"
    desk.world.assert_books_are_right()


def test_a_purchase_is_made_good_by_its_points(desk: Desk) -> None:
    lost = desk.lose_purchase(5_000)
    before = desk.world.balance(desk.member)

    outcome = desk.compensate(lost)

    assert (outcome.result["points"], outcome.result["voucher"]) == (60, None)
    assert desk.world.balance(desk.member) == before + 60
    desk.world.assert_books_are_right()


def test_the_same_click_twice_gives_once(desk: Desk) -> None:
    item = desk.compensating(desk.lose_purchase())

    first, again = desk.world.book(item)[0], desk.world.book(item)[0]

    assert first.is_applied
    assert again == first
    assert desk.world.balance(desk.member) == 400 + 60


def test_two_people_at_once_give_once(desk: Desk) -> None:
    lost = desk.lose_purchase()

    first, second = desk.world.book(desk.compensating(lost), desk.compensating(lost, "mine"))

    assert first.is_applied
    assert second.code is ErrorCode.REJECTION_SETTLED
    assert desk.compensate(lost).code is ErrorCode.REJECTION_SETTLED


def test_what_nobody_was_promised_is_not_made_good(desk: Desk) -> None:
    desk.world.book(desk.world.told(desk.kiosk, desk.world.purchase(desk.member, 100, receipt="R1")))
    contradicting = desk.tell(desk.world.purchase(desk.member, 900, receipt="R1"))
    with desk.world.hub.database.read() as session:
        fence = session.execute(select(Rejection.id).where(Rejection.kind == "lease.accepted")).scalar_one()

    outcomes = [desk.compensate(each).code for each in (contradicting, fence)]

    assert outcomes == [ErrorCode.REJECTION_NOTHING, ErrorCode.REJECTION_NOTHING]


def test_a_voucher_that_is_there_is_not_made_twice(desk: Desk) -> None:
    spent = LeaseSpent(desk.lease, desk.spend, desk.member, LATTE, PRICE)
    desk.world.book(desk.world.told(desk.kiosk, spent))
    overspent = desk.tell(spent)

    assert desk.compensate(overspent).code is ErrorCode.REJECTION_NOTHING


def test_an_unknown_item_is_refused(desk: Desk) -> None:
    assert desk.compensate(desk.world.new_id()).code is ErrorCode.REJECTION_UNKNOWN


def test_an_act_of_nobody_we_know_is_not_made_good(desk: Desk) -> None:
    bought = desk.world.purchase(desk.world.new_id(), 500)

    lost = desk.tell(bought)

    assert desk.compensate(lost).code in {ErrorCode.MEMBER_UNKNOWN, ErrorCode.REJECTION_NOTHING}


def test_beyond_the_limit_a_second_person_has_to_say_yes(desk: Desk) -> None:
    with desk.world.hub.database.write() as session:
        publish(session, Change("approvals.promise.compensated", {"others": 100}, "test"), desk.world.clock.now)
    lost = desk.lose_redemption()

    outcome = desk.compensate(lost)

    assert outcome.verdict is Verdict.WAITING
    assert rejection_of(desk, lost).state == "open"


def test_whoever_makes_good_is_written_down(desk: Desk) -> None:
    lost = desk.lose_purchase()

    desk.compensate(lost)

    with desk.world.hub.database.read() as session:
        entry = session.execute(select(AuditEntry).where(AuditEntry.action == "promise.compensated")).scalar_one()
    assert (entry.subject, entry.reason, entry.after["points"]) == (str(lost), "our fault", 60)


def test_an_event_that_comes_again_at_a_new_place_is_one_item(desk: Desk) -> None:
    item = desk.world.told(desk.kiosk, desk.world.purchase(desk.world.new_id(), 100))
    desk.world.book(item)
    again = replace(desk.world.told(desk.kiosk, item.body), id=item.id)

    [outcome] = desk.world.book(again)

    assert outcome.code is ErrorCode.MEMBER_UNKNOWN
    with desk.world.hub.database.read() as session:
        kinds = session.execute(select(Rejection.kind).where(Rejection.kind == "purchase.recorded")).scalars().all()
    assert kinds == ["purchase.recorded"]


def test_a_credential_is_never_kept_with_an_item(desk: Desk) -> None:
    tap = desk.world.tap(desk.world.add_card(desk.member))
    desk.world.book(desk.world.told(desk.kiosk, CardSeen(tap)))
    desk.world.book(desk.world.told(desk.kiosk, CardSeen(tap)))

    with desk.world.hub.database.read() as session:
        rows = session.execute(select(Rejection)).scalars().all()

    assert all("card" not in row.promise and "url" not in row.data for row in rows)
