from uuid import UUID

import pytest
from msgspec import UNSET, UnsetType

from hub.fleet.models import MemberCopy
from hub.messaging.snapshots import snapshots
from hub.reconciliation.models import Rejection
from hub.reconciliation.rules import NOTICE_LASTS
from protocol.events import LeaseSpent, NoticeSeen
from protocol.state import Notice
from tests.hub.api import LATTE
from tests.hub.reconciliation.desk import PRICE, Desk
from tests.hub.world import World


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


def notices(desk: Desk, member: UUID | None = None) -> list[Notice] | UnsetType:
    whose = member or desk.member
    with desk.world.hub.database.read() as session:
        found = snapshots(session, desk.world.hub.vault, [whose], desk.world.clock.now)
    return found[whose].notices


def version(desk: Desk, member: UUID) -> int:
    with desk.world.hub.database.read() as session:
        return snapshots(session, desk.world.hub.vault, [member], desk.world.clock.now)[member].version


def test_a_member_is_told_of_what_was_rejected(desk: Desk) -> None:
    lost = desk.lose_redemption()

    told = notices(desk)

    expected = Notice(lost, "lease.written_off", desk.world.clock.now, {"kind": "lease.spent", "act_points": PRICE})
    assert told == [expected]


def test_a_member_without_losses_is_told_nothing(desk: Desk) -> None:
    assert notices(desk) is UNSET


def test_the_snapshot_grows_newer_even_where_the_booking_had_no_account_of_the_member(desk: Desk) -> None:
    other = desk.world.add_member()
    before = version(desk, other)
    with desk.world.hub.database.write() as session:
        session.add(MemberCopy(kiosk=desk.kiosk.id, member=other, wanted=before, held=before))

    desk.tell(LeaseSpent(4_711, desk.world.new_id(), other, LATTE, PRICE))

    assert version(desk, other) == before + 1
    with desk.world.hub.database.read() as session:
        assert session.get_one(MemberCopy, (desk.kiosk.id, other)).wanted == before + 1
    assert notices(desk, other)


def test_what_a_kiosk_has_shown_is_told_no_more(desk: Desk) -> None:
    lost = desk.lose_purchase()
    before = version(desk, desk.member)

    [outcome] = desk.world.book(desk.world.told(desk.kiosk, NoticeSeen(lost, desk.member)))

    assert outcome.is_applied
    assert notices(desk) is UNSET
    assert version(desk, desk.member) == before + 1


def test_another_member_cannot_have_seen_it(desk: Desk) -> None:
    lost, other = desk.lose_purchase(), desk.world.add_member()

    [outcome] = desk.world.book(desk.world.told(desk.kiosk, NoticeSeen(lost, other)))

    assert outcome.is_applied
    assert notices(desk)


def test_an_unknown_notice_holds_no_journal_up(desk: Desk) -> None:
    seen = NoticeSeen(desk.world.new_id(), desk.member)

    [outcome] = desk.world.book(desk.world.told(desk.kiosk, seen))

    assert outcome.is_applied


def test_who_had_it_made_good_is_not_told_of_a_loss(desk: Desk) -> None:
    desk.compensate(desk.lose_redemption())

    assert notices(desk) is UNSET


def test_who_was_dismissed_is_told_all_the_same(desk: Desk) -> None:
    lost = desk.lose_purchase()
    with desk.world.hub.database.write() as session:
        session.get_one(Rejection, lost).state = "dismissed"

    assert notices(desk)


def test_nobody_is_told_for_ever(desk: Desk) -> None:
    desk.lose_purchase()
    desk.world.clock.now += NOTICE_LASTS

    assert notices(desk) is UNSET


def test_what_the_member_has_no_part_in_is_not_told(desk: Desk) -> None:
    desk.world.book(desk.world.told(desk.kiosk, desk.world.purchase(desk.member, 100, receipt="R1")))
    desk.tell(desk.world.purchase(desk.member, 900, receipt="R1"))

    assert notices(desk) is UNSET
