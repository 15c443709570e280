"""How the API books: what its process shares between requests, the coalescers that batches form in."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from msgspec import Struct

from hub.access import TheHub, TheRequestId, address_of
from hub.booking.coalescer import Coalescer, OverloadedError
from hub.booking.reads import BalanceQuestion
from hub.booking.service import BATCH_MAX_ITEMS
from hub.composition import Hub
from hub.intake import ByKey, Item, Outcome, Verdict
from hub.messaging.envelopes import fingerprint
from hub.problems import ProblemError, WaitingError
from protocol import codec
from protocol.errors import ErrorCode


class Serving:
    """Batches of one API process: one for what is booked, one for what is only read."""

    def __init__(self, hub: Hub) -> None:
        self._bookings: Coalescer[Item, Outcome] = Coalescer(hub.book, batch_max=BATCH_MAX_ITEMS, name="booking")
        self._balances: Coalescer[BalanceQuestion, Outcome] = Coalescer(
            hub.reader.balances, batch_max=BATCH_MAX_ITEMS, name="reads"
        )

    async def book(self, item: Item) -> dict[str, Any]:
        """Book an item; its result, or the problem that the caller is told."""
        return await _settled(self._bookings, item)

    async def balance(self, question: BalanceQuestion) -> dict[str, Any]:
        """Read a balance; or the problem that the caller is told."""
        return await _settled(self._balances, question)

    def close(self) -> None:
        """End the threads."""
        self._bookings.close()
        self._balances.close()


async def _settled(coalescer: Coalescer[Any, Outcome], question: object) -> dict[str, Any]:
    try:
        outcome = await coalescer.ask(question)
    except OverloadedError:
        raise ProblemError(ErrorCode.REQUEST_OVERLOADED) from None
    if outcome.code is not None:
        raise ProblemError(outcome.code, **outcome.result)
    if outcome.verdict is Verdict.WAITING:
        raise WaitingError(outcome.result)
    return outcome.result


async def serving_of(request: Request) -> Serving:
    """The coalescers of this process."""
    serving: Serving = request.app.state.serving
    return serving


TheServing = Annotated[Serving, Depends(serving_of)]


@dataclass(frozen=True, slots=True)
class Booker:
    """Books what one request asks for, under the id and the key that it came with."""

    hub: Hub
    serving: Serving
    request_id: UUID
    by: ByKey

    async def book(self, kind: str, body: Struct, store: str | None = None) -> dict[str, Any]:
        """Book it; its result, or the problem that the caller is told."""
        return await self.serving.book(
            Item(
                id=self.request_id,
                kind=kind,
                body=body,
                source=self.by,
                fingerprint=fingerprint(kind if store is None else f"{kind}@{store}", codec.encode(body)),
                occurred_at=self.hub.clock(),
                store=store,
            )
        )


async def booker_of(request: Request, hub: TheHub, serving: TheServing, request_id: TheRequestId) -> Booker:
    """What books this request."""
    return Booker(hub, serving, request_id, ByKey(request.state.key_hash, address_of(request)))


TheBooker = Annotated[Booker, Depends(booker_of)]
