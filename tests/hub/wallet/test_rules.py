from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ledger.rules import VALUE_SCALE
from hub.terms import kind_of, normal
from hub.wallet.rules import (
    Gift,
    GiftRule,
    Jurisdiction,
    Order,
    Split,
    WalletPolicy,
    best_gift,
    gift_for,
    gift_grant,
    given_back,
    split_of,
)
from protocol.errors import ErrorCode

AT = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
ORDERS: list[Order] = ["bonus_first", "principal_first", "proportional"]


@pytest.mark.parametrize(
    ("order", "amount", "held", "expected"),
    [
        ("bonus_first", 10, (90, 10), (0, 10)),
        ("bonus_first", 11, (90, 10), (1, 10)),
        ("principal_first", 90, (90, 10), (90, 0)),
        ("principal_first", 91, (90, 10), (90, 1)),
        ("proportional", 50, (90, 10), (45, 5)),
        ("proportional", 33, (90, 10), (29, 4)),
        ("proportional", 100, (90, 10), (90, 10)),
        ("proportional", 5, (0, 10), (0, 5)),
        ("proportional", 5, (0, 0), (0, 0)),
        ("bonus_first", 200, (90, 10), (90, 10)),
    ],
)
def test_an_amount_is_split_by_the_order(
    order: Order, amount: int, held: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert split_of(amount, Split(*held), order) == Split(*expected)


money = st.integers(0, 10**9)


@given(money, money, money, st.sampled_from(ORDERS))
def test_a_split_adds_up_and_stays_within_what_is_held(amount: int, principal: int, bonus: int, order: Order) -> None:
    parts = split_of(amount, Split(principal, bonus), order)

    assert parts.total == min(amount, principal + bonus)
    assert 0 <= parts.principal <= principal
    assert 0 <= parts.bonus <= bonus


@pytest.mark.parametrize(
    ("paid", "refunds", "principal"),
    [
        ((200, 100), [300], [200]),
        ((200, 100), [100, 100, 100], [66, 67, 67]),
        ((1, 2), [1, 1, 1], [0, 0, 1]),
        ((0, 3), [1, 2], [0, 0]),
        ((3, 0), [1, 2], [1, 2]),
        ((1, 1), [1, 1], [0, 1]),
    ],
)
def test_refunds_share_out_what_was_paid(paid: tuple[int, int], refunds: list[int], principal: list[int]) -> None:
    left, given_principal = Split(*paid), []

    for amount in refunds:
        back = given_back(Split(*paid), left, amount)
        left = Split(left.principal - back.principal, left.bonus - back.bonus)
        given_principal.append(back.principal)

    assert given_principal == principal


@given(money, money, st.lists(st.integers(1, 10**9), max_size=8))
def test_any_refunds_stay_within_the_payment_and_the_last_ends_it_exactly(
    principal: int, bonus: int, amounts: list[int]
) -> None:
    paid = left = Split(principal, bonus)

    for wish in [*amounts, paid.total]:
        amount = min(wish, left.total)
        if amount:
            back = given_back(paid, left, amount)
            assert back.total == amount
            assert back.principal >= 0
            assert back.bonus >= 0
            left = Split(left.principal - back.principal, left.bonus - back.bonus)
        assert left.principal >= 0
        assert left.bonus >= 0

    assert left == Split(0, 0)


@pytest.mark.parametrize(
    ("rule", "amount", "room", "expected"),
    [
        (GiftRule(gift=50, points=5), 500, None, (50, 5)),
        (GiftRule(gift=50, points=5, step=200), 500, None, (100, 10)),
        (GiftRule(gift=50, step=200), 199, None, (0, 0)),
        (GiftRule(gift=50, points=5), 500, 50, (50, 5)),
        (GiftRule(gift=50, points=5), 500, 20, (20, 5)),
        (GiftRule(gift=50, points=5), 500, 0, (0, 0)),
        (GiftRule(points=5), 500, 0, (0, 5)),
    ],
)
def test_what_a_rule_gives(rule: GiftRule, amount: int, room: int | None, expected: tuple[int, int]) -> None:
    assert gift_for(rule, amount, room) == expected


def test_the_best_gift_counts_and_ties_go_by_name() -> None:
    gifts = [Gift("gift.b", 1, 10, 5), Gift("gift.a", 1, 10, 5), Gift("gift.c", 1, 10, 4), Gift("gift.d", 1, 9, 99)]

    assert best_gift(gifts) == gifts[1]
    assert best_gift(gifts[2:]) == gifts[2]
    assert best_gift([Gift("gift.a", 1, 0, 0)]) is None
    assert best_gift([]) is None


@pytest.mark.parametrize(
    ("rule", "offers"),
    [
        (GiftRule(at_least=500), True),
        (GiftRule(at_least=501), False),
        (GiftRule(stores=("S01", "S02")), True),
        (GiftRule(stores=("S02",)), False),
        (GiftRule(starts_at=AT), True),
        (GiftRule(starts_at=AT.replace(second=1)), False),
        (GiftRule(ends_at=AT.replace(second=1)), True),
        (GiftRule(ends_at=AT), False),
    ],
)
def test_a_rule_is_for_some_top_ups_only(rule: GiftRule, *, offers: bool) -> None:
    assert rule.offers(500, "S01", AT) is offers


def test_a_rule_is_for_some_tiers_only() -> None:
    assert GiftRule().is_for("gold")
    assert GiftRule(tiers=("gold",)).is_for("gold")
    assert not GiftRule(tiers=("gold",)).is_for("silver")


@pytest.mark.parametrize(
    ("amount", "after", "identified", "code"),
    [
        (501, 0, True, ErrorCode.TOP_UP_TOO_LARGE),
        (400, 0, False, ErrorCode.MEMBER_UNIDENTIFIED),
        (400, 1_000, True, None),
        (400, 1_001, True, ErrorCode.STORED_VALUE_TOO_MUCH),
        (399, 300, False, None),
        (399, 301, False, ErrorCode.STORED_VALUE_TOO_MUCH),
    ],
)
def test_the_law_sets_limits(amount: int, after: int, code: ErrorCode | None, *, identified: bool) -> None:
    law = Jurisdiction(balance_max_identified=1_000, balance_max_anonymous=300, top_up_max=500, identify_from=400)

    assert law.refusal(amount, after, identified=identified) is code


@pytest.mark.parametrize(("months", "expires"), [(None, None), (3, datetime(2027, 2, 21, 2, 0, tzinfo=UTC))])
def test_a_gift_expires_by_the_month(months: int | None, expires: datetime | None) -> None:
    grant = gift_grant(WalletPolicy(bonus_months=months), AT)

    assert (grant.source, grant.active_from, grant.expires_at) == ("gift", AT, expires)


def test_a_gift_of_money_is_worth_itself() -> None:
    assert gift_grant(WalletPolicy(), AT).unit_value == VALUE_SCALE


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("wallet", {"order": "as_it_comes"}),
        ("wallet", {"refund_days": 29}),
        ("wallet", {"bonus_months": 0}),
        ("gift.1", {"step": 0}),
        ("gift.1", {"gift": -1}),
        ("gift.1", {"starts_at": "2026-01-01T00:00:00"}),
        ("jurisdiction.CN", {"top_up_max": -1}),
        ("package.wash", {}),
        ("package.wash", {"items": {"wash": 0}}),
        ("package.wash", {"items": {"Wash!": 1}}),
        ("package.wash", {"items": {"wash": 600, "wax": 600}}),
        ("package.wash", {"items": {"wash": 1}, "valid_days": 0}),
    ],
)
def test_terms_that_make_no_sense_are_refused(name: str, document: dict[str, object]) -> None:
    kind = kind_of(name)
    assert kind is not None

    with pytest.raises(msgspec.ValidationError):
        normal(kind, document)


@pytest.mark.parametrize("name", ["wallet", "gift.1", "jurisdiction.CN"])
def test_every_field_of_these_terms_has_a_default(name: str) -> None:
    kind = kind_of(name)
    assert kind is not None

    assert msgspec.convert(normal(kind, {}), kind) == kind()
