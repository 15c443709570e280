from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from hub.day_end.run import DayEnds
from hub.finance.statement import account_of, statement
from hub.ledger import service as ledger
from hub.ledger.rules import Books, Context, Posting
from hub.points.service import REDEEMED, points_account
from tests.hub.finance.conftest import Office
from tests.hub.wallet.purse import Purse
from tests.hub.world import START, World


def spend(world: World, member: UUID, amount: int) -> UUID:
    """Take points as a redemption does; the transfer's id."""
    account, books, fact = points_account(member), Books(), world.new_id()
    books.want(account, lots=True)
    posting = Posting("points.redeemed", account, REDEEMED, amount, {})
    with world.hub.database.write() as session:
        ledger.load(session, books)
        assert books.post(Context(fact, "test", world.clock.now), [posting]) is None
        ledger.write(session, books, world.clock.now)
    return posting.id_in(fact)


def restore(world: World, member: UUID, original: UUID, amount: int) -> None:
    account, books = points_account(member), Books()
    books.want(account)
    books.want_original(original)
    posting = Posting(
        "points.given_back", REDEEMED, account, amount, {"reverses": str(original)}, reverses=original, restores=True
    )
    with world.hub.database.write() as session:
        ledger.load(session, books)
        assert books.post(Context(world.new_id(), "test", world.clock.now, "a gesture"), [posting]) is None
        ledger.write(session, books, world.clock.now)


def test_every_movement_comes_newest_first_with_the_balance_after_it(office: Office) -> None:
    world, member = office.world, office.world.add_member()
    for points in (100, 20):
        world.earn(member, points)
        world.clock.pass_(minutes=1)
    spend(world, member, 30)

    page = office.get(f"/v1/members/{member}/statement")

    assert (page["unit"], page["cursor"]) == ("points", None)
    assert [(row["amount"], row["balance"]) for row in page["movements"]] == [(-30, 90), (20, 120), (100, 100)]
    assert page["movements"][2]["explanation"] == {
        "en": "100 points: 100.00 yuan × classic 1.0, rule 1 version 1, line 1",
        "zh": "100 积分：100.00 元 × classic 1.0，规则 1 第 1 版，第 1 行",
    }


def test_a_movement_names_its_lots_and_what_reverses_it(office: Office) -> None:
    world, member = office.world, office.world.add_member()
    world.earn(member, 100)
    world.clock.pass_(minutes=1)
    world.earn(member, 20)
    world.clock.pass_(minutes=1)
    spent = spend(world, member, 110)
    world.clock.pass_(minutes=1)
    restore(world, member, spent, 15)

    back, taken, second, first = office.get(f"/v1/members/{member}/statement")["movements"]

    old, new = first["lots"][0]["lot"], second["lots"][0]["lot"]
    assert first["lots"][0] == {
        "lot": old,
        "amount": 100,
        "source": "purchase",
        "granted_at": "2026-11-21T02:00:00Z",
        "active_from": "2026-11-21T02:00:00Z",
        "expires_at": "2027-11-21T02:00:00Z",
    }
    assert {row["lot"]: row["amount"] for row in taken["lots"]} == {old: -100, new: -10}
    assert {row["lot"]: row["amount"] for row in back["lots"]} == {old: 5, new: 10}
    assert (back["reverses"], taken["reversed_by"]) == (taken["id"], [back["id"]])
    assert back["reason"] == "a gesture"
    assert back["explanation"]["en"] == "15 points: given back, takes back an earlier movement, reason: a gesture"


def test_pages_follow_each_other_without_a_gap_and_the_balance_goes_on(world: World) -> None:
    member = world.add_member()
    items = [world.posted(world.purchase(member, 100 * points)) for points in range(1, 8)]
    world.book(*items)
    spend(world, member, 28)
    world.clock.pass_(minutes=1)
    world.earn(member, 3)

    rows: list[dict[str, Any]] = []
    cursor = None
    with world.hub.database.snapshot() as session:
        account = account_of(session, member, "points")
        assert account is not None
        while True:
            page = statement(session, account, (None, None), cursor=cursor, limit=2)
            rows += page.movements
            cursor = page.cursor
            if cursor is None:
                break

    assert len({row["id"] for row in rows}) == 9
    assert [row["balance"] - row["amount"] for row in rows] == [*(row["balance"] for row in rows[1:]), 0]
    assert min(row["balance"] for row in rows) >= 0
    assert rows[0]["balance"] == 3


def test_days_are_the_chains_and_whole(office: Office) -> None:
    world, member = office.world, office.world.add_member()
    for moment in ("2026-11-21T15:59:59", "2026-11-21T16:00:00", "2026-11-22T15:59:59", "2026-11-22T16:00:00"):
        world.clock.now = datetime.fromisoformat(moment).replace(tzinfo=UTC)
        world.earn(member, 1)

    page = office.get(f"/v1/members/{member}/statement", **{"from": "2026-11-22", "to": "2026-11-22"})

    assert [row["balance"] for row in page["movements"]] == [3, 2]


def test_every_book_has_a_statement_and_one_that_was_never_opened_is_empty(office: Office) -> None:
    purse = Purse(office.world)
    purse.term("gift.1", at_least=100, gift=50)
    purse.top_up(10_000)
    path = f"/v1/members/{purse.member}/statement"

    principal, bonus, counts = (office.get(path, book=book) for book in ("principal", "bonus", "count.wash"))

    assert [row["amount"] for row in principal["movements"]] == [10_000]
    assert principal["movements"][0]["explanation"]["zh"].startswith("100.00 元：充值，小票 ")
    assert [row["explanation"]["en"].split(",")[0] for row in bonus["movements"]] == ["0.50 yuan: gift on a top-up"]
    assert (counts["unit"], counts["movements"]) == ("", [])


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"book": "everything"}, "request.invalid"),
        ({"from": "yesterday"}, "request.invalid"),
        ({"from": "9999-12-31"}, "request.invalid"),
        ({"cursor": str(UUID(int=5 << 64))}, "request.invalid"),
    ],
)
def test_what_cannot_be_asked_is_refused(small_office: Office, query: dict[str, str], code: str) -> None:
    member = small_office.world.add_member()

    response = small_office.call("GET", f"/v1/members/{member}/statement", **query)

    assert (response.status_code, response.json()["code"]) == (422, code)


@pytest.mark.parametrize("path", ["statement", "statement.svg", "balance-at?at=2026-11-21T00:00:00Z"])
def test_nobody_has_no_statement(small_office: Office, path: str) -> None:
    response = small_office.call(
        "GET", f"/v1/members/{UUID(int=5 << 64)}/{path.partition('?')[0]}", at=START.isoformat()
    )

    assert (response.status_code, response.json()["code"]) == (404, "member.unknown")


def test_an_expiry_is_explained_by_the_day_end_that_booked_it(office: Office) -> None:
    world, member = office.world, office.world.add_member()
    world.earn(member, 12)
    world.clock.pass_(days=367)
    DayEnds(world.hub.database, world.hub.book, world.clock).run()

    newest = office.get(f"/v1/members/{member}/statement")["movements"][0]

    assert (newest["amount"], newest["balance"], newest["actor"]) == (-12, 0, "job:day_end")
    assert newest["explanation"]["en"] == "12 points: expired, valid until 2027-11-21 10:00, rule expiry version 1"
    assert newest["lots"][0]["amount"] == -12


def test_a_balance_is_drawn_in_the_callers_language(office: Office) -> None:
    world, member = office.world, office.world.add_member()
    world.earn(member, 100)
    world.clock.pass_(days=400)
    world.earn(member, 20)
    world.clock.pass_(days=1)
    path = f"/v1/members/{member}/statement.svg"

    english, chinese = office.call("GET", path), office.call("GET", path, language="zh-CN")

    assert english.headers["content-type"].startswith("image/svg+xml")
    assert "Points over time" in english.text
    assert "120 points on 2027-12-27" in english.text
    assert "2027-12-27：120 积分" in chinese.text


def test_an_account_without_movements_is_drawn_too(small_office: Office) -> None:
    member = small_office.world.add_member()

    for book in ("points", "principal", "count.wash"):
        assert small_office.call("GET", f"/v1/members/{member}/statement.svg", book=book).status_code == 200


def test_a_span_that_lies_ahead_is_drawn_up_to_now(small_office: Office) -> None:
    member = small_office.world.add_member()
    query = {"from": "2030-01-01", "to": "2031-01-01"}

    assert small_office.call("GET", f"/v1/members/{member}/statement.svg", **query).status_code == 200


def test_notices_are_listed_from_a_moment_on(office: Office) -> None:
    world, member = office.world, office.world.add_member()
    world.earn(member, 12)
    world.clock.pass_(days=340)
    DayEnds(world.hub.database, world.hub.book, world.clock).run()

    [notice] = office.get("/v1/expiry-notices", since=world.clock.now.isoformat())["items"]
    later = office.get("/v1/expiry-notices", since=(world.clock.now + timedelta(seconds=1)).isoformat())

    assert (notice["member"], notice["amount"], notice["expires_at"]) == (str(member), 12, "2027-11-21T02:00:00Z")
    assert later == {"items": [], "next": None}
