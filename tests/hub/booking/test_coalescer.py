import asyncio
import threading
from collections.abc import Iterator, Sequence

import pytest

from hub.booking.coalescer import WAITING_MAX, Coalescer, OverloadedError

BATCH_MAX = 10


class Served:
    """Answers every number by its double; notes the batches, and holds them up until it is let go."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.threads: set[str] = set()
        self.may_go = threading.Event()
        self.may_go.set()
        self.has_begun = threading.Event()

    def __call__(self, questions: Sequence[int]) -> list[int]:
        self.has_begun.set()
        self.may_go.wait(30)
        self.batches.append(list(questions))
        self.threads.add(threading.current_thread().name)
        if 13 in questions:
            raise ValueError("thirteen")
        return [2 * number for number in questions]


@pytest.fixture
def served() -> Served:
    return Served()


@pytest.fixture
def coalescer(served: Served) -> Iterator[Coalescer[int, int]]:
    made = Coalescer(served, batch_max=BATCH_MAX, name="test")
    yield made
    made.close()


def test_everybody_gets_the_answer_to_their_own_question(coalescer: Coalescer[int, int], served: Served) -> None:
    async def ask() -> list[int]:
        return await asyncio.gather(*(coalescer.ask(number) for number in range(100, 135)))

    assert asyncio.run(ask()) == [2 * number for number in range(100, 135)]
    assert [number for batch in served.batches for number in batch] == list(range(100, 135))
    assert max(map(len, served.batches)) == BATCH_MAX
    assert len(served.threads) == 1


def test_what_waits_while_a_batch_is_served_is_served_together(coalescer: Coalescer[int, int], served: Served) -> None:
    async def ask() -> None:
        served.may_go.clear()
        first = asyncio.create_task(coalescer.ask(1))
        await asyncio.to_thread(served.has_begun.wait, 30)
        others = [asyncio.create_task(coalescer.ask(number)) for number in (2, 3, 4)]
        await asyncio.sleep(0)
        served.may_go.set()
        await asyncio.gather(first, *others)

    asyncio.run(ask())

    assert served.batches == [[1], [2, 3, 4]]


def test_what_serving_raises_is_told_to_those_who_asked_and_to_nobody_else(coalescer: Coalescer[int, int]) -> None:
    async def ask() -> list[int | BaseException]:
        failed = await asyncio.gather(*(coalescer.ask(number) for number in (13, 14)), return_exceptions=True)
        return [*failed, await coalescer.ask(15)]

    first, second, after = asyncio.run(ask())

    assert isinstance(first, ValueError)
    assert second is first
    assert after == 30


def test_whoever_hangs_up_holds_up_nobody(coalescer: Coalescer[int, int], served: Served) -> None:
    async def ask() -> int:
        served.may_go.clear()
        tasks = [asyncio.create_task(coalescer.ask(number)) for number in (1, 13)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        served.may_go.set()
        return await coalescer.ask(4)

    assert asyncio.run(ask()) == 8


def test_who_comes_when_too_many_wait_is_turned_away_at_once(coalescer: Coalescer[int, int], served: Served) -> None:
    async def ask() -> None:
        served.may_go.clear()
        waiting = [asyncio.create_task(coalescer.ask(100 + number)) for number in range(WAITING_MAX)]
        await asyncio.sleep(0)
        with pytest.raises(OverloadedError):
            await coalescer.ask(1)
        for task in waiting:
            task.cancel()
        coalescer._waiting.clear()
        served.may_go.set()
        await asyncio.gather(*waiting, return_exceptions=True)

    asyncio.run(ask())

    assert all(1 not in batch for batch in served.batches)


def test_it_serves_one_event_loop_after_another(coalescer: Coalescer[int, int]) -> None:
    async def ask(number: int) -> int:
        return await coalescer.ask(number)

    assert [asyncio.run(ask(number)) for number in (1, 2)] == [2, 4]
