from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from hub.audit.models import AuditEntry
from hub.finance.liability import liability
from hub.finance.models import Period
from hub.fleet import births
from hub.ledger.models import Account
from hub.ledger.queries import SETTLED_AFTER
from hub.points.service import points_account
from hub.wallet.intake import TopUpRecorded
from protocol.ids import derived_id
from protocol.requests import AskLease, PresentCard
from protocol.state import KioskStatus
from tests.hub.day_end.evening import Evening
from tests.hub.finance.conftest import Office
from tests.hub.finance.test_statement import spend
from tests.hub.wallet.purse import Purse
from tests.hub.world import START, World


def told(world: World, at: datetime | None = None) -> dict[str, Any]:
    with world.hub.database.snapshot() as session:
        return liability(session, at or world.clock.now)


def test_an_empty_chain_owes_nothing(world: World) -> None:
    figures = told(world)

    assert (figures["points"]["outstanding"], figures["points"]["liability"]) == (0, 0)
    assert (figures["stored_value"], figures["counts"], figures["difference"]) == ([], [], {})


def test_points_are_told_by_state_age_and_month_of_expiry(world: World) -> None:
    evening, member = Evening(world), world.add_member()
    world.earn(member, 100)
    world.clock.pass_(days=120)
    evening.term("expiry", kind="calendar", months=12, rounding="year", pending_days=14)
    world.earn(member, 30)
    world.clock.pass_(days=250)

    points = told(world)["points"]

    assert (points["outstanding"], points["spendable"], points["pending"], points["expired_not_booked"]) == (
        130,
        30,
        0,
        100,
    )
    assert points["by_age_months"] == {"6-12": 30, "12-24": 100}
    assert points["by_expiry_month"] == {"2027-11": 100, "2028-12": 30}


def test_pending_points_are_outstanding(world: World) -> None:
    evening, member = Evening(world), world.add_member()
    evening.term("expiry", kind="never", pending_days=14)
    world.earn(member, 30)

    points = told(world)["points"]

    assert (points["outstanding"], points["pending"], points["by_expiry_month"]) == (30, 30, {"never": 30})


def test_what_is_lent_to_a_kiosk_is_still_owed(world: World) -> None:
    member = world.add_member()
    world.earn(member, 700)
    lend(world, member)

    points = told(world)["points"]

    assert (points["outstanding"], points["lent"], points["spendable"]) == (700, 600, 100)


def lend(world: World, member: UUID) -> None:
    """Lend a kiosk the price of a latte."""
    kiosk, card = world.add_kiosk(), world.add_card(member)
    with world.hub.database.write() as session:
        status = KioskStatus(state="online", connection=1, epoch=kiosk.epoch)
        births.note_status(session, kiosk.id, status, world.clock.now, random_bytes=world.random.randbytes)
    visit = UUID(world.book(world.asked(kiosk, PresentCard(world.tap(card))))[0].result["visit"])
    wish = AskLease(world.new_id(), visit, derived_id(UUID(int=7), "latte"), 600)
    outcome = world.book(world.asked(kiosk, wish))[0]
    assert outcome.is_applied, outcome


def test_breakage_and_liability_follow_the_estimate(world: World) -> None:
    evening, member = Evening(world), world.add_member()
    evening.term("cash", points=10, minor=100)
    world.earn(member, 10_000)
    spend(world, member, 4_500)
    evening.term("liability", expected_redemption_bp=9_500)

    points = told(world)["points"]

    assert (points["outstanding"], points["redeemed_so_far"]) == (5_500, 4_500)
    assert (points["redeemable"], points["breakage"]) == (5_000, 500)
    assert (points["value_at_grant"], points["liability"], points["breakage_value"]) == (55_000, 50_000, 5_000)


def test_without_an_estimate_all_points_are_owed(world: World) -> None:
    evening, member = Evening(world), world.add_member()
    evening.term("cash", points=10, minor=100)
    world.earn(member, 50)

    points = told(world)["points"]

    assert (points["expected_redemption_bp"], points["breakage"], points["liability"]) == (10_000, 0, 500)


def test_value_stays_what_it_was_at_the_grant_when_points_are_revalued(world: World) -> None:
    evening, member = Evening(world), world.add_member()
    world.earn(member, 7)
    evening.term("cash", points=10, minor=100)
    world.earn(member, 50)
    evening.term("cash", points=10, minor=200)

    points = told(world)["points"]

    # The first 7 were granted when nobody said what a point is worth, so they are worth what it is now.
    assert (points["without_value_at_grant"], points["value_at_grant"]) == (7, 50 * 10 + 7 * 20)


def test_stored_value_is_told_by_kind_and_by_the_store_of_the_top_up(world: World) -> None:
    purse = Purse(world)
    purse.term("wallet", order="principal_first")
    purse.term("gift.1", at_least=100, gift=50)
    purse.top_up(10_000)
    world.clock.pass_(minutes=1)
    purse.post(TopUpRecorded("elsewhere", purse.member, "CNY", 3_000), store="S02")
    purse.pay(4_000)

    assert told(world)["stored_value"] == [
        {
            "unit": "CNY",
            "principal": 9_000,
            "bonus": 100,
            "by_store": {"S01": {"principal": 6_000, "bonus": 50}, "S02": {"principal": 3_000, "bonus": 50}},
        }
    ]


def test_counts_are_told_with_what_they_were_sold_for(world: World) -> None:
    purse = Purse(world)
    purse.term("package.wash", items={"wash": 5}, price=10_000)
    purse.buy("wash")
    purse.use("wash", 2)

    assert told(world)["counts"] == [{"unit": "count.wash", "outstanding": 3, "value_at_grant": 6_000}]


def test_members_and_programme_tie_in_every_unit(world: World) -> None:
    purse = Purse(world)
    purse.term("package.wash", items={"wash": 5}, price=10_000)
    purse.term("gift.1", at_least=100, gift=50)
    purse.top_up(10_000)
    purse.buy("wash")
    purse.use("wash")
    purse.pay(300)
    world.earn(purse.member, 700)
    lend(world, purse.member)

    assert told(world)["difference"] == {"CNY": 0, "count.wash": 0, "points": 0}


def test_figures_of_the_past_are_the_same_whenever_they_are_told(world: World) -> None:
    evening, purse = Evening(world), Purse(world)
    member = purse.member
    evening.term("cash", points=10, minor=100)
    purse.top_up(10_000)
    world.earn(member, 700)
    spend(world, member, 20)
    moment = world.clock.now
    then = told(world)

    world.clock.pass_(days=3)
    evening.term("cash", points=10, minor=900)
    evening.term("liability", expected_redemption_bp=100)
    spend(world, member, 80)
    purse.pay(2_000)
    world.earn(member, 44)
    lend(world, member)
    evening.end_days()

    assert told(world, moment) == then
    assert told(world) != then


def test_the_api_tells_the_figures_of_a_moment(office: Office) -> None:
    world, member = office.world, office.world.add_member()
    world.earn(member, 700)
    world.clock.pass_(days=1)
    world.earn(member, 1)

    now, then = office.get("/v1/finance/liability"), office.get("/v1/finance/liability", at=START.isoformat())

    assert (now["points"]["outstanding"], then["points"]["outstanding"]) == (701, 700)


def test_the_proof_tells_the_sums_of_each_unit(office: Office) -> None:
    office.world.earn(office.world.add_member(), 5)

    proof = office.get("/v1/ledger/proof")

    assert proof["faults"] == []
    assert proof["sums"] == [
        {"unit": "points", "members": 5, "programme": -5, "difference": 0},
        {"unit": "qualifying", "members": 5, "programme": -5, "difference": 0},
    ]


NOVEMBER_IS_OVER = datetime(2026, 12, 1, tzinfo=UTC) + SETTLED_AFTER


def close(office: Office, month: str = "2026-11") -> Any:
    return office.call("POST", f"/v1/finance/periods/{month}/close")


def test_a_month_is_closed_once_with_the_figures_of_its_last_instant(office: Office) -> None:
    world, member = office.world, office.world.add_member()
    world.earn(member, 700)
    world.clock.now = NOVEMBER_IS_OVER
    world.earn(member, 1)

    closed, again = close(office), close(office)

    assert closed.status_code == 201
    assert closed.json()["figures"]["points"]["outstanding"] == 700
    assert (again.status_code, again.json()["code"]) == (409, "period.closed")
    assert office.get("/v1/finance/periods")["items"] == [closed.json()]
    with world.hub.database.read() as session:
        acts = session.execute(select(AuditEntry).where(AuditEntry.action == "period.closed")).scalars().all()
    assert [act.subject for act in acts] == ["2026-11"]


def test_a_month_that_is_not_over_stays_open(office: Office) -> None:
    office.world.clock.now = NOVEMBER_IS_OVER - timedelta(seconds=1)

    response = close(office)

    assert (response.status_code, response.json()["code"]) == (422, "period.not_over")
    assert office.get("/v1/finance/periods")["items"] == []


def test_a_month_stays_open_while_the_books_are_wrong(office: Office) -> None:
    world, member = office.world, office.world.add_member()
    world.earn(member, 10)
    with world.hub.database.write() as session:
        session.execute(update(Account).where(Account.id == points_account(member)).values(balance=11))
    world.clock.now = NOVEMBER_IS_OVER

    response = close(office)

    assert (response.status_code, response.json()["code"]) == (422, "books.wrong")
    with world.hub.database.read() as session:
        assert session.get(Period, date(2026, 11, 1)) is None


@pytest.mark.parametrize("month", ["2026-13", "2026-00", "26-11", "november"])
def test_what_is_no_month_is_refused(small_office: Office, month: str) -> None:
    assert close(small_office, month).status_code in {404, 422}
