from typing import Any
from uuid import uuid4

import pytest

from hub.staff.permissions import Permission
from tests.hub.api import NOBODY, Api
from tests.hub.world import STORE


def bought(api: Api, receipt: str = "R1") -> dict[str, Any]:
    """A purchase of two lines."""
    lines = [{"product": f"p{n}", "category": "c", "name": "", "quantity": n, "amount": 5_000 * n} for n in (1, 2)]
    answer = api.call("POST", "/v1/purchases", api.purchase(api.world.add_member(), receipt=receipt, lines=lines))
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def returned(**fields: Any) -> dict[str, Any]:
    """A return of half of the second line."""
    line = {"line": 2, "quantity": 1, "amount": 5_000}
    return {"store": STORE, "receipt": f"B{uuid4()}", "lines": [line], "reason": "too small", **fields}


@pytest.mark.parametrize("named", ["purchase", "receipt"])
def test_a_till_returns_goods(api: Api, named: str) -> None:
    purchase = bought(api)["purchase"]
    name = {"sold_in": STORE, "sold_as": "R1"} if named == "receipt" else {"purchase": purchase}

    answer = api.call("POST", "/v1/returns", returned(**name))

    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["purchase"], told["points_back"], told["balance"], told["debt"]) == (purchase, 50, 100, 0)


def test_what_can_still_come_back_is_shown(api: Api) -> None:
    purchase = bought(api)["purchase"]
    api.call("POST", "/v1/returns", returned(purchase=purchase))

    by_id = api.call("GET", f"/v1/purchases/{purchase}").json()
    by_receipt = api.call("GET", f"/v1/stores/{STORE}/purchases/R1").json()

    assert by_id == by_receipt
    assert (by_id["purchase"], by_id["amount"], by_id["points"]) == (purchase, 15_000, 150)
    left = [(line["line"], line["quantity_left"], line["amount_left"]) for line in by_id["lines"]]
    assert left == [(1, 1, 5_000), (2, 1, 5_000)]


def test_points_that_paid_come_back_and_are_not_paid_out_in_money(api: Api) -> None:
    terms = {"document": {"points": 10, "minor": 100}, "reason": "a test"}
    assert api.call("PUT", "/v1/programme/terms/cash", terms).status_code == 200
    member = api.world.add_member()
    api.call("POST", "/v1/purchases", api.purchase(member, 50_000))
    bought = api.call("POST", "/v1/purchases", api.purchase(member, 10_000, points_paid=200)).json()
    lines = [{"line": 1, "quantity": 1, "amount": 10_000}]

    told = api.call("POST", "/v1/returns", returned(purchase=bought["purchase"], lines=lines)).json()

    assert (told["points_given"], told["value_given"]) == (200, 2_000)
    assert (told["points_back"], told["balance"]) == (bought["points"], 500)
    api.world.assert_books_are_right()


@pytest.mark.parametrize("path", [f"/v1/purchases/{NOBODY}", f"/v1/stores/{STORE}/purchases/R404"])
def test_an_unknown_purchase_is_told_so(api: Api, path: str) -> None:
    answer = api.call("GET", path)

    assert (answer.status_code, answer.json()["code"]) == (404, "purchase.unknown")


def test_goods_of_an_unknown_purchase_do_not_come_back(api: Api) -> None:
    answer = api.call("POST", "/v1/returns", returned(purchase=NOBODY))

    assert (answer.status_code, answer.json()["code"]) == (404, "purchase.unknown")


def test_a_key_of_one_store_finds_no_receipts_of_another(api: Api) -> None:
    bought(api)
    key = api.key(Permission.PURCHASES_READ, stores=("S02",))

    answer = api.call("GET", f"/v1/stores/{STORE}/purchases/R1", key=key)

    assert answer.json()["code"] == "store.out_of_scope"


def test_a_key_of_one_store_takes_nothing_back_in_another(api: Api) -> None:
    purchase, key = bought(api)["purchase"], api.key(Permission.RETURNS_WRITE, stores=("S02",))

    elsewhere = api.call("POST", "/v1/returns", returned(purchase=purchase), key=key)
    here = api.call("POST", "/v1/returns", returned(purchase=purchase, store="S02"), key=key)

    assert elsewhere.json()["code"] == "store.out_of_scope"
    assert here.status_code == 201


def test_a_return_says_what_is_too_much(api: Api) -> None:
    purchase = bought(api)["purchase"]
    lines = [{"line": 1, "quantity": 2, "amount": 5_000}]

    answer = api.call("POST", "/v1/returns", returned(purchase=purchase, lines=lines))

    assert (answer.status_code, answer.json()["code"]) == (422, "return.too_much")
    assert answer.json()["data"] == {"line": 1, "quantity": 1, "amount": 5_000}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"sold_in": STORE},
        {"sold_as": "R1"},
        {"purchase": NOBODY, "sold_in": STORE, "sold_as": "R1"},
        {"purchase": NOBODY, "lines": []},
        {"purchase": NOBODY, "lines": [{"line": 1, "quantity": 0, "amount": 0}]},
        {"purchase": NOBODY, "lines": [{"line": 0, "quantity": 1, "amount": 0}]},
        {"purchase": NOBODY, "lines": [{"line": 1, "quantity": 1, "amount": 0}] * 2},
        {"purchase": NOBODY, "lines": [{"line": 1, "quantity": -1, "amount": 1}]},
    ],
)
def test_a_return_names_one_purchase_and_each_line_once(api: Api, fields: dict[str, Any]) -> None:
    answer = api.call("POST", "/v1/returns", returned(**fields))

    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
