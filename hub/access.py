"""Who calls the API, and whether the table of permissions lets them. Everything that is not in the table is refused.

Dependencies that only look something up are coroutines: FastAPI sends plain functions to a thread, each time.
"""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Request
from fastapi.concurrency import run_in_threadpool

from hub.composition import Hub
from hub.problems import ProblemError
from hub.staff import service as staff
from hub.staff.permissions import BATCHED, OF_ANY_STORE, ROUTES
from protocol.errors import ErrorCode

BEARER = "bearer "


async def hub_of(request: Request) -> Hub:
    """The hub behind this request."""
    hub: Hub = request.app.state.hub
    return hub


async def admit(request: Request) -> None:
    """Let a request in, or refuse it. Runs for every route.

    Routes that are served in batches look their keys up there, together with everybody else's.
    """
    route = (request.method, request.scope["route"].path)
    if route not in ROUTES:
        raise ProblemError(ErrorCode.PERMISSION_DENIED)
    permission = ROUTES[route]
    if permission is None:
        return
    request.state.key_hash = _key_hash(request)
    if route in BATCHED:
        return
    request.state.principal = principal = await run_in_threadpool(_principal, request)
    refusal = principal.refusal(permission)
    if refusal is None and principal.stores is not None and route not in OF_ANY_STORE:
        refusal = ErrorCode.STORE_OUT_OF_SCOPE
    if refusal is not None:
        raise ProblemError(refusal)


def _key_hash(request: Request) -> bytes:
    given = request.headers.get("authorization", "")
    if not given.lower().startswith(BEARER):
        raise ProblemError(ErrorCode.KEY_MISSING)
    return staff.hash_of(given[len(BEARER) :].strip())


def _principal(request: Request) -> staff.Principal:
    hub: Hub = request.app.state.hub
    with hub.database.read() as session:
        found = staff.principals(session, [request.state.key_hash], hub.clock())
    if not found:
        raise ProblemError(ErrorCode.KEY_UNKNOWN)
    return found[request.state.key_hash]


async def principal_of(request: Request) -> staff.Principal:
    """Who calls; only on routes that are not served in batches."""
    principal: staff.Principal = request.state.principal
    return principal


async def request_id(idempotency_key: Annotated[UUID | None, Header()] = None) -> UUID:
    """The id that the caller made for this request, so that it can be repeated safely."""
    if idempotency_key is None:
        raise ProblemError(ErrorCode.REQUEST_ID_MISSING)
    return idempotency_key


TheHub = Annotated[Hub, Depends(hub_of)]
ThePrincipal = Annotated[staff.Principal, Depends(principal_of)]
TheRequestId = Annotated[UUID, Depends(request_id)]
