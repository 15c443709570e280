"""Who calls the API, and whether the table of permissions lets them. Everything that is not in the table is refused.

Dependencies that only look something up are coroutines: FastAPI sends plain functions to a thread, each time.
"""

import hashlib
from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Request
from fastapi.concurrency import run_in_threadpool

from hub.composition import Hub
from hub.db.driver import pipelined
from hub.problems import ProblemError
from hub.sessions.service import Visitor
from hub.staff import service as staff
from hub.staff.permissions import Permission
from hub.staff.routes import BATCHED, OF_ANY_STORE, ROUTES, SENSITIVE
from protocol.errors import ErrorCode

BEARER = "bearer "
COOKIE = "__Host-session"
"""Browsers send it back to this host alone, and over TLS alone."""

DEVICE_CHARS = 16
"""So much of the digest of what a browser calls itself is kept."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
SAME_ORIGIN = "same-origin"


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
    refusal = _refusal(request, principal, permission)
    if refusal is not None:
        raise ProblemError(refusal)


def _refusal(request: Request, principal: staff.Principal, permission: Permission) -> ErrorCode | None:
    route = (request.method, request.scope["route"].path)
    refusal = principal.refusal(permission)
    if refusal is not None:
        return refusal
    if principal.stores is not None and route not in OF_ANY_STORE:
        return ErrorCode.STORE_OUT_OF_SCOPE
    hub: Hub = request.app.state.hub
    if route in SENSITIVE and principal.log_in is not None and not principal.log_in.is_confirmed(hub.clock()):
        return ErrorCode.CONFIRMATION_NEEDED
    return None


def bearer_of(request: Request) -> str | None:
    """The token that a request names itself; None where there is none, or a browser sends its cookie."""
    given = request.headers.get("authorization", "")
    return given[len(BEARER) :].strip() if given.lower().startswith(BEARER) else None


def _key_hash(request: Request) -> bytes:
    bearer = bearer_of(request)
    if bearer is not None:
        return staff.hash_of(bearer)
    if COOKIE not in request.cookies:
        raise ProblemError(ErrorCode.KEY_MISSING)
    if request.method not in SAFE_METHODS and is_foreign(request):
        raise ProblemError(ErrorCode.REQUEST_FOREIGN)
    return staff.hash_of(request.cookies[COOKIE])


def is_foreign(request: Request) -> bool:
    """Tell whether a browser sent this for a page that is not ours, or cannot tell.

    Browsers add the cookie to whatever a page has them send; these headers no page can set.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site != SAME_ORIGIN
    own = f"{request.url.scheme}://{request.headers.get('host', '')}"
    return request.headers.get("origin") != own


def _principal(request: Request) -> staff.Principal:
    hub: Hub = request.app.state.hub
    now = hub.clock()
    with hub.database.read() as session:
        with pipelined(session):
            asked = staff.ask_principals(session, [request.state.key_hash], now)
        found = asked.answer()
    if not found:
        raise ProblemError(ErrorCode.KEY_UNKNOWN)
    if staff.stale(found.values(), now):
        hub.database.run(lambda session: staff.touch(session, found.values(), now))
    return replace(found[request.state.key_hash], address=address_of(request))


def address_of(request: Request) -> str:
    """The network address that a request came from."""
    return request.client.host if request.client else ""


async def principal_of(request: Request) -> staff.Principal:
    """Who calls; only on routes that are not served in batches."""
    principal: staff.Principal = request.state.principal
    return principal


async def log_in_of(principal: Annotated[staff.Principal, Depends(principal_of)]) -> staff.LogIn:
    """The session of the person who calls; a key has none."""
    if principal.log_in is None:
        raise ProblemError(ErrorCode.SESSION_NEEDED)
    return principal.log_in


async def visitor_of(request: Request) -> Visitor:
    """Where a request comes from."""
    device = hashlib.sha256(request.headers.get("user-agent", "").encode()).hexdigest()[:DEVICE_CHARS]
    carried = bearer_of(request) or request.cookies.get(COOKIE, "")
    return Visitor(address_of(request)[:64], device, staff.hash_of(carried))


async def refuse_foreign(request: Request) -> None:
    """Refuse what a browser sends for another site's page: it could log its visitor in as somebody else."""
    said = {"sec-fetch-site", "origin"} & set(request.headers)
    if said and is_foreign(request):
        raise ProblemError(ErrorCode.REQUEST_FOREIGN)


async def request_id(idempotency_key: Annotated[UUID | None, Header()] = None) -> UUID:
    """The id that the caller made for this request, so that it can be repeated safely."""
    if idempotency_key is None:
        raise ProblemError(ErrorCode.REQUEST_ID_MISSING)
    return idempotency_key


TheHub = Annotated[Hub, Depends(hub_of)]
ThePrincipal = Annotated[staff.Principal, Depends(principal_of)]
TheVisitor = Annotated[Visitor, Depends(visitor_of)]
TheLogIn = Annotated[staff.LogIn, Depends(log_in_of)]
TheRequestId = Annotated[UUID, Depends(request_id)]
OURS = [Depends(refuse_foreign)]
