"""The API of stored value, payments and packages, as a till and a member's counter use it."""

import csv
from collections.abc import Iterator
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from hub.app import create_app
from hub.staff.keys import issue_key
from hub.staff.permissions import Permission
from hub.wallet.endpoints import STATEMENT_MAX_LINES
from hub.wallet.intake import TopUpRecorded
from tests.hub.wallet.purse import Purse
from tests.hub.world import START, STORE, World


class Counter:
    """A till of one store that talks to the API for one member."""

    def __init__(self, world: World) -> None:
        self.world, self.purse = world, Purse(world, identified=False)
        self.client = TestClient(create_app(world.hub), raise_server_exceptions=False)

    def call(self, method: str, path: str, body: Any = None, *, key: str = "", **headers: str) -> Any:
        told = {"Authorization": f"Bearer {key or self.world.till_key}", "Idempotency-Key": str(uuid4()), **headers}
        return self.client.request(method, f"/v1/{path}", json=body, headers=told)

    def post(self, path: str, *, key: str = "", **body: Any) -> Any:
        return self.call("POST", path, {"store": STORE, "receipt": f"T{uuid4()}", **body}, key=key)

    def of_member(self, path: str, *, key: str = "", **body: Any) -> Any:
        return self.post(path, member=str(self.purse.member), currency="CNY", key=key, **body)

    @property
    def wallet(self) -> str:
        return f"members/{self.purse.member}/wallet"


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


def test_a_day_at_the_till(counter: Counter) -> None:
    counter.purse.term("gift.1", at_least=500, gift=50)

    top_up = counter.of_member("top-ups", amount=500)
    payment = counter.of_member("payments", amount=150)
    refund = counter.post(f"payments/{payment.json()['payment']}/refunds", amount=15, reason="cold")
    undone = counter.post(f"top-ups/{top_up.json()['top_up']}/refund", reason="changed their mind")
    closed = counter.post(f"{counter.wallet}/close", reason="moves away")

    assert [answer.status_code for answer in (top_up, payment, refund, undone, closed)] == [201] * 5
    assert (top_up.json()["stored_value"], top_up.json()["gift"]) == (550, 50)
    assert (payment.json()["from_principal"], payment.json()["from_bonus"]) == (100, 50)
    assert (refund.json()["to_principal"], refund.json()["to_bonus"]) == (10, 5)
    assert (undone.json()["paid_out"], undone.json()["forfeited"], undone.json()["gift_used"]) == (365, 5, 45)
    assert closed.json()["paid_out"] == 0
    counter.world.assert_books_are_right()


def test_a_day_with_packages(counter: Counter) -> None:
    counter.purse.term("package.care", price=10_000, items={"wash": 8, "wax": 2}, valid_days=90)

    sale = counter.of_member("packages/care/sales")
    use = counter.post("package-uses", member=str(counter.purse.member), item="wash", count=3)
    back = counter.post(f"package-uses/{use.json()['use']}/refunds", count=1, reason="the machine failed")
    refund = counter.post(f"package-sales/{sale.json()['sale']}/refund", reason="moves away")

    assert [answer.status_code for answer in (sale, use, back, refund)] == [201] * 4
    assert sale.json()["counts"] == {"wash": 8, "wax": 2}
    assert (use.json()["left"], back.json()["left"]) == (5, 6)
    assert (refund.json()["paid_out"], refund.json()["items"]) == (8_000, {"wash": 6, "wax": 2})
    counter.world.assert_books_are_right()


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("payments", {"amount": 5, "currency": "CNY"}, (422, "stored_value.short")),
        ("package-uses", {"item": "wash", "count": 5}, (422, "counts.short")),
        ("packages/spa/sales", {"currency": "CNY"}, (404, "package.unknown")),
        ("top-ups", {"amount": 500_001, "currency": "CNY"}, (422, "top_up.too_large")),
        ("top-ups", {"amount": 100_001, "currency": "CNY"}, (422, "stored_value.too_much")),
        ("top-ups", {"amount": 0, "currency": "CNY"}, (422, "request.invalid")),
    ],
)
def test_what_cannot_be_done_is_told_by_its_code(
    small_counter: Counter, path: str, body: dict[str, Any], told: tuple[int, str]
) -> None:
    answer = small_counter.post(path, member=str(small_counter.purse.member), **body)

    assert (answer.status_code, answer.json()["code"]) == told


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("payments/{id}/refunds", {"amount": 1, "reason": "cold"}),
        ("top-ups/{id}/refund", {"reason": "cold"}),
        ("package-sales/{id}/refund", {"reason": "cold"}),
        ("package-uses/{id}/refunds", {"count": 1, "reason": "cold"}),
    ],
)
def test_a_refund_of_nothing_known_is_told_so(small_counter: Counter, path: str, body: dict[str, Any]) -> None:
    answer = small_counter.post(path.format(id=uuid4()), **body)

    assert (answer.status_code, answer.json()["code"]) == (404, "receipt.unknown")


@pytest.mark.parametrize(("path", "code"), [("top-ups", "top_up.known"), ("payments", "payment.known")])
def test_a_receipt_with_other_content_is_a_conflict(small_counter: Counter, path: str, code: str) -> None:
    small_counter.of_member("top-ups", amount=900)
    small_counter.of_member(path, amount=5, receipt="X1")

    answer = small_counter.of_member(path, amount=6, receipt="X1")

    assert (answer.status_code, answer.json()["code"]) == (409, code)


def test_money_is_paid_out_only_with_the_permission_for_it(small_counter: Counter) -> None:
    with small_counter.world.hub.database.write() as session:
        allowed = [permission for permission in Permission if permission is not Permission.PAY_OUTS_WRITE]
        _key, key = issue_key(
            session, "cashier", allowed, stores=[STORE], now=START, random=small_counter.world.random.randbytes
        )
    top_up = small_counter.of_member("top-ups", amount=900, key=key)

    refused = [
        small_counter.post(f"top-ups/{top_up.json()['top_up']}/refund", reason="cold", key=key),
        small_counter.post(f"{small_counter.wallet}/close", reason="cold", key=key),
        small_counter.post(f"package-sales/{uuid4()}/refund", reason="cold", key=key),
    ]

    assert top_up.status_code == 201
    assert [answer.json()["code"] for answer in refused] == ["permission.denied"] * 3


def test_an_identified_member_may_hold_more_and_it_is_written_down_once(counter: Counter) -> None:
    path = f"members/{counter.purse.member}/identified"
    before = counter.of_member("top-ups", amount=200_000).status_code

    shown = [counter.call("PUT", path, {"reason": "identity card seen"}) for _ in range(2)]
    after = counter.of_member("top-ups", amount=200_000).status_code

    assert [answer.json()["identified"] for answer in shown] == [True, True]
    assert (before, after) == (422, 201)
    acts = [act for act in counter.call("GET", "audit").json()["items"] if act["action"] == "member.identified"]
    assert [act["after"] for act in acts] == [{"identified": True, "reason": "identity card seen"}]


def test_nobody_unknown_is_identified(small_counter: Counter) -> None:
    answer = small_counter.call("PUT", f"members/{uuid4()}/identified", {"reason": "passport seen"})

    assert (answer.status_code, answer.json()["code"]) == (404, "member.unknown")


def test_a_wallet_shows_everything_in_it(counter: Counter) -> None:
    counter.purse.term("wallet", bonus_months=1)
    counter.purse.term("gift.1", at_least=500, gift=50)
    counter.purse.term("package.care", price=100, items={"wash": 2}, valid_days=1)
    counter.of_member("top-ups", amount=500)
    counter.world.clock.pass_(minutes=1)
    counter.of_member("packages/care/sales", receipt="P1")

    shown = counter.call("GET", counter.wallet).json()

    assert (shown["principal"], shown["bonus"], shown["currency"], shown["identified"]) == (500, 50, "CNY", False)
    assert shown["bonuses"] == [{"amount": 50, "expires_at": "2026-12-21T02:00:00Z"}]
    assert shown["counts"] == [{"item": "wash", "count": 2, "expires_at": "2026-11-22T02:01:00Z"}]
    assert [(receipt["kind"], receipt["amount"]) for receipt in shown["receipts"]] == [
        ("package_sale", 100),
        ("top_up", 500),
    ]
    assert shown["receipts"][0]["receipt"] == "P1"


@pytest.mark.parametrize("path", ["wallet", "wallet/statement"])
def test_the_wallet_of_nobody_is_not_shown(small_counter: Counter, path: str) -> None:
    answer = small_counter.call("GET", f"members/{uuid4()}/{path}")

    assert (answer.status_code, answer.json()["code"]) == (404, "member.unknown")


def test_a_new_member_has_an_empty_wallet(small_counter: Counter) -> None:
    shown = small_counter.call("GET", small_counter.wallet).json()

    assert (shown["principal"], shown["bonus"], shown["counts"], shown["receipts"]) == (0, 0, [], [])


def with_three_days(counter: Counter) -> Counter:
    """A top-up on the 21st, a payment on the 22nd and a refund of it on the 23rd, each at ten in the morning."""
    counter.purse.term("gift.1", at_least=500, gift=50)
    counter.of_member("top-ups", amount=500, receipt="=T1")
    counter.world.clock.pass_(days=1)
    payment = counter.of_member("payments", amount=150, receipt="P1").json()["payment"]
    counter.world.clock.pass_(days=1)
    counter.post(f"payments/{payment}/refunds", amount=15, reason="cold", receipt="R1")
    return counter


def test_a_statement_tells_every_movement_with_the_balance_after_it(counter: Counter) -> None:
    shown = with_three_days(counter).call("GET", f"{counter.wallet}/statement").json()

    assert [
        (line["kind"], line["receipt"], line["principal"], line["bonus"], line["balance"]) for line in shown["lines"]
    ] == [("top_up", "=T1", 500, 50, 550), ("payment", "P1", -100, -50, 400), ("payment_refund", "R1", 10, 5, 415)]
    assert shown["lines"][2]["reason"] == "cold"
    assert (shown["principal_before"], shown["bonus_before"]) == (0, 0)


def test_a_statement_of_some_days_begins_with_what_was_there_before(counter: Counter) -> None:
    path = f"{with_three_days(counter).wallet}/statement?from=2026-11-22&to=2026-11-22"

    shown = counter.call("GET", path).json()

    assert (shown["principal_before"], shown["bonus_before"]) == (500, 50)
    assert [(line["kind"], line["balance"]) for line in shown["lines"]] == [("payment", 400)]


@pytest.mark.parametrize("how", ["format", "accept"])
def test_a_statement_is_also_a_table_without_formulas(counter: Counter, how: str) -> None:
    counter = with_three_days(counter)
    path, headers = f"{counter.wallet}/statement", {}
    if how == "format":
        path += "?format=csv"
    else:
        headers = {"Accept": "text/csv"}

    answer = counter.call("GET", path, **headers)

    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == f"attachment; filename=statement-{counter.purse.member}.csv"
    rows = list(csv.DictReader(StringIO(answer.text.removeprefix("\ufeff"))))
    assert [(row["receipt"], row["balance"]) for row in rows] == [("'=T1", "550"), ("P1", "400"), ("R1", "415")]
    assert rows[0]["at"] == "2026-11-21 10:00:00+08:00"


def test_movements_of_one_instant_never_show_a_balance_below_zero(counter: Counter) -> None:
    for _ in range(4):
        counter.of_member("top-ups", amount=100)
        counter.of_member("payments", amount=100)

    shown = counter.call("GET", f"{counter.wallet}/statement").json()["lines"]

    assert len(shown) == 8
    assert min(line["balance"] for line in shown) == 0


@pytest.mark.parametrize("wrong", ["from=2026-13-01", "to=tomorrow", "format=pdf"])
def test_a_statement_that_nobody_can_write_is_refused(small_counter: Counter, wrong: str) -> None:
    answer = small_counter.call("GET", f"{small_counter.wallet}/statement?{wrong}")

    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")


@pytest.mark.parametrize(("movements", "code"), [(STATEMENT_MAX_LINES, 200), (STATEMENT_MAX_LINES + 1, 422)])
def test_too_long_a_statement_is_refused(small_counter: Counter, movements: int, code: int) -> None:
    purse = small_counter.purse
    items = [purse.item(TopUpRecorded(f"T{number}", purse.member, "CNY", 1)) for number in range(movements)]
    for start in range(0, movements, 500):
        small_counter.world.book(*items[start : start + 500])

    answer = small_counter.call("GET", f"{small_counter.wallet}/statement")

    assert answer.status_code == code
    assert ("statement.too_long" in answer.text) is (code == 422)
