"""Many callers, one transaction: whatever came while a batch was served is the next batch.

Whoever comes alone is served at once; in a burst batches grow by themselves, and the larger one is, the less each
caller in it costs. Nobody ever waits for more callers to come.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")

WAITING_MAX = 20_000
"""Most callers that wait; the next one is turned away at once rather than served too late."""


class OverloadedError(Exception):
    """Too many callers wait already. Retryable, a moment later."""


class Coalescer(Generic[Question, Answer]):
    """Collects questions of an event loop and has them served in batches on one thread."""

    def __init__(self, serve: Callable[[Sequence[Question]], Sequence[Answer]], *, batch_max: int, name: str) -> None:
        self._serve = serve
        self._batch_max = batch_max
        self._waiting: deque[tuple[Question, asyncio.Future[Answer]]] = deque()
        self._serving: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def ask(self, question: Question) -> Answer:
        """Wait for the answer.

        Raises:
            OverloadedError: if too many wait already.
            Exception: what serving the batch raised.
        """
        if len(self._waiting) >= WAITING_MAX:
            raise OverloadedError
        answer = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        if self._serving is None:
            self._serving = asyncio.create_task(self._run())
        result: Answer = await answer
        return result

    def close(self) -> None:
        """End the thread after the batch in hand."""
        self._thread.shutdown()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._batch_max))]
                questions = [question for question, _answer in batch]
                try:
                    answers = await loop.run_in_executor(self._thread, self._serve, questions)
                except Exception as error:  # noqa: BLE001 - it belongs to those who asked
                    for _question, waiting in batch:
                        if not waiting.done():
                            waiting.set_exception(error)
                    continue
                for (_question, waiting), answer in zip(batch, answers, strict=True):
                    if not waiting.done():
                        waiting.set_result(answer)
        finally:
            self._serving = None
