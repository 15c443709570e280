from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

from hub.intake import Item
from hub.privacy.erasure import Wish
from hub.wallet.intake import TopUpRecorded
from protocol.errors import ErrorCode
from tests.hub.world import World

ROUNDS = 8


def race(world: World, member: UUID, item: Item) -> tuple[ErrorCode | None, ErrorCode | None]:
    """Pay money in and erase at the same moment; why each was refused."""
    start, wish = Barrier(2), Wish(world.new_id(), "staff:a", "staff:b", "asked for")

    def pay() -> ErrorCode | None:
        start.wait()
        return world.book(item)[0].code

    def erase() -> ErrorCode | None:
        start.wait()
        eraser, now = world.hub.eraser, world.clock.now
        return world.hub.database.run(lambda session: eraser.erase(session, member, wish, now))

    with ThreadPoolExecutor(2) as pool:
        paid, erased = pool.submit(pay), pool.submit(erase)
        return paid.result(), erased.result()


def test_nobody_is_erased_with_money_that_comes_in_at_the_same_moment(world: World) -> None:
    members = [world.add_member() for _ in range(ROUNDS)]

    ends = [
        race(world, member, world.posted(TopUpRecorded(f"T{number}", member, "CNY", 5_000)))
        for number, member in enumerate(members)
    ]

    first, second = (None, ErrorCode.ERASURE_MONEY_HELD), (ErrorCode.MEMBER_BLOCKED, None)
    assert {end for end in ends if end not in (first, second)} == set()
    world.assert_books_are_right()
