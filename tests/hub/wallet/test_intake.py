from uuid import UUID

import pytest

from hub.ledger.models import Account
from hub.wallet.intake import TopUpRecorded
from hub.wallet.service import TOP_UP_MAX_MINOR, principal_account
from protocol.errors import ErrorCode
from tests.hub.world import World


def top_up(member: UUID, amount: int, currency: str = "CNY") -> TopUpRecorded:
    return TopUpRecorded("T1", member, currency, amount)


def test_a_top_up_shows_new_balance_and_points(world: World) -> None:
    member = world.add_member()
    world.earn(member, 30)

    outcome = world.book(world.posted(top_up(member, 50_000)))[0]

    assert outcome.result["stored_value"] == 50_000
    assert outcome.result["balance"] == 30
    world.assert_books_are_right()


def test_top_ups_add_up_and_a_repeated_one_counts_once(world: World) -> None:
    member = world.add_member()
    first = world.posted(top_up(member, 100))

    world.book(first, first, world.posted(top_up(member, 200)))

    with world.hub.database.read() as session:
        assert session.get_one(Account, principal_account(member)).balance == 300
    world.assert_books_are_right()


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        (TOP_UP_MAX_MINOR + 1, "CNY", ErrorCode.AMOUNT_INVALID),
        (100, "USD", ErrorCode.CURRENCY_UNKNOWN),
    ],
)
def test_a_wrong_top_up_is_refused(world: World, amount: int, currency: str, code: ErrorCode) -> None:
    assert world.book(world.posted(top_up(world.add_member(), amount, currency)))[0].code is code


def test_a_stranger_cannot_be_topped_up(world: World) -> None:
    assert world.book(world.posted(top_up(UUID(int=5 << 64), 100)))[0].code is ErrorCode.MEMBER_UNKNOWN
