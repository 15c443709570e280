import asyncio
from collections.abc import Iterator
from uuid import UUID

import pytest

from hub.booking.coalescer import WAITING_MAX
from hub.booking.reads import BalanceQuestion
from hub.problems import ProblemError, status_of
from hub.serving import Serving
from hub.staff.service import hash_of
from protocol.errors import ErrorCode
from tests.hub.world import World


@pytest.fixture
def serving(small_world: World) -> Iterator[Serving]:
    made = Serving(small_world.hub)
    yield made
    made.close()


def test_many_who_book_at_once_each_get_their_own_result(small_world: World, serving: Serving) -> None:
    members = [small_world.add_member() for _ in range(20)]

    async def book() -> list[dict[str, object]]:
        items = [small_world.posted(small_world.purchase(member, 100 * n)) for n, member in enumerate(members, 1)]
        return list(await asyncio.gather(*(serving.book(item) for item in items)))

    results = asyncio.run(book())

    assert [result["points"] for result in results] == list(range(1, 21))
    assert [small_world.balance(member) for member in members] == list(range(1, 21))


def test_one_refusal_in_a_batch_is_told_to_its_own_caller_only(small_world: World, serving: Serving) -> None:
    member, nobody = small_world.add_member(), UUID(int=5 << 64)

    async def book() -> list[dict[str, object] | BaseException]:
        items = [small_world.posted(small_world.purchase(buyer, 100)) for buyer in (member, nobody, member)]
        return list(await asyncio.gather(*(serving.book(item) for item in items), return_exceptions=True))

    first, refused, third = asyncio.run(book())

    assert isinstance(refused, ProblemError)
    assert refused.code is ErrorCode.MEMBER_UNKNOWN
    assert isinstance(first, dict)
    assert isinstance(third, dict)
    assert small_world.balance(member) == 2


def test_a_balance_is_read_with_a_key_and_refused_without(small_world: World, serving: Serving) -> None:
    member = small_world.add_member()
    small_world.earn(member, 7)

    balance = asyncio.run(serving.balance(BalanceQuestion(hash_of(small_world.till_key), member)))
    with pytest.raises(ProblemError) as caught:
        asyncio.run(serving.balance(BalanceQuestion(hash_of("mt_other"), member)))

    assert balance["points"] == 7
    assert caught.value.code is ErrorCode.KEY_UNKNOWN


def test_when_too_many_wait_the_caller_is_told_to_come_again(small_world: World, serving: Serving) -> None:
    item = small_world.posted(small_world.purchase(small_world.add_member(), 100))

    async def book() -> None:
        waiting = asyncio.get_running_loop().create_future()
        serving._bookings._waiting.extend([(item, waiting)] * WAITING_MAX)
        with pytest.raises(ProblemError) as caught:
            await serving.book(item)
        assert caught.value.code is ErrorCode.REQUEST_OVERLOADED

    asyncio.run(book())
    assert status_of(ErrorCode.REQUEST_OVERLOADED) == 503
