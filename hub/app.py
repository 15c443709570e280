"""The HTTP application: routes, the gate that every request passes, and refusals as problem details."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from hub import openapi
from hub.access import admit
from hub.alerts import endpoints as alerts
from hub.approvals import endpoints as approvals
from hub.audit import endpoints as audit
from hub.cards import endpoints as cards
from hub.composition import Hub
from hub.credentials import endpoints as credentials
from hub.duplicates import endpoints as duplicates
from hub.etags import Tagging
from hub.finance import endpoints as finance
from hub.fleet import endpoints as fleet
from hub.gate import BODY_MAX_BYTES, HEADERS, NOT_KEPT, Gate
from hub.holds import endpoints as holds
from hub.imports import endpoints as imports
from hub.leases import endpoints as leases
from hub.ledger import endpoints as ledger
from hub.limits import LIMITS, Limits
from hub.members import endpoints as members
from hub.merges import endpoints as merges
from hub.packages import endpoints as packages
from hub.payments import endpoints as payments
from hub.people import endpoints as people
from hub.points import endpoints as points
from hub.privacy import endpoints as privacy
from hub.problems import ProblemError, WaitingError, problem
from hub.programme import endpoints as programme
from hub.proof import endpoints as proof
from hub.proxies import NO_PROXIES, Proxies
from hub.purchases import endpoints as purchases
from hub.reconciliation import endpoints as reconciliation
from hub.refusals import Refusals, note
from hub.restores import endpoints as restores
from hub.returns import endpoints as returns
from hub.rewards import endpoints as rewards
from hub.serving import Serving
from hub.sessions import endpoints as sessions
from hub.staff import endpoints as staff
from hub.stores import endpoints as stores
from hub.tally import Tally
from hub.wallet import endpoints as wallet
from hub.webhooks import endpoints as webhooks
from protocol.errors import ErrorCode

JSON = "application/json"
FIELDS_MAX = 50
FIELD_MAX_CHARS = 200

UNROUTED = {
    404: ErrorCode.PATH_UNKNOWN,
    405: ErrorCode.REQUEST_METHOD,
    413: ErrorCode.REQUEST_TOO_LARGE,
    415: ErrorCode.REQUEST_MEDIA_TYPE,
}
"""What the framework refuses by itself, by status."""

DOMAINS = (
    members,
    cards,
    merges,
    duplicates,
    imports,
    points,
    privacy,
    holds,
    purchases,
    returns,
    wallet,
    payments,
    packages,
    programme,
    rewards,
    leases,
    reconciliation,
    proof,
    fleet,
    restores,
    stores,
    staff,
    sessions,
    credentials,
    people,
    alerts,
    approvals,
    audit,
    ledger,
    finance,
    webhooks,
)


def create_app(hub: Hub, limits: Limits = LIMITS, tally: Tally | None = None, proxies: Proxies = NO_PROXIES) -> FastAPI:
    """Build the application around a hub. Processes that are to keep to limits together share a tally."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.serving = Serving(hub)
        yield
        app.state.serving.close()

    app = FastAPI(
        title="membertap",
        version=version("membertap"),
        lifespan=lifespan,
        dependencies=[Depends(admit)],
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=openapi.named,
    )
    app.state.hub = hub
    app.state.refusals = Refusals()
    app.add_middleware(Tagging)
    app.add_middleware(Gate, limits=limits, tally=tally or Tally.of_one(), proxies=proxies)
    app.add_api_route("/health", health, methods=["GET"], tags=["service"])
    for domain in DOMAINS:
        app.include_router(domain.router)
    openapi.publish(app)
    app.add_exception_handler(ProblemError, _refuse)
    app.add_exception_handler(WaitingError, _wait)
    app.add_exception_handler(RequestValidationError, _refuse_invalid)
    app.add_exception_handler(HTTPException, _refuse_unrouted)
    app.add_exception_handler(Exception, _fail)
    return app


async def health() -> dict[str, str]:
    """Tell that the API is up."""
    return {"status": "ok"}


async def _refuse(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ProblemError)
    await note(request, error.code)
    return problem(request, error.code, error.data)


async def _wait(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, WaitingError)
    return JSONResponse(error.told, 202)


async def _refuse_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    # Only where it is wrong and why: what was sent may be personal.
    wrong = error.errors()
    if any(part["loc"][0] == "body" for part in wrong) and not _sends_json(request):
        await note(request, ErrorCode.REQUEST_MEDIA_TYPE)
        return problem(request, ErrorCode.REQUEST_MEDIA_TYPE, {})
    await note(request, ErrorCode.REQUEST_INVALID)
    fields = [{"field": _named(part["loc"]), "problem": part["type"]} for part in wrong[:FIELDS_MAX]]
    return problem(request, ErrorCode.REQUEST_INVALID, {"fields": fields})


def _sends_json(request: Request) -> bool:
    return request.headers.get("content-type", JSON).split(";")[0].strip().lower() == JSON


def _named(place: tuple[str | int, ...]) -> str:
    # A field that nobody knows is named as it was sent: cut, and without what is no text.
    return ".".join(map(str, place)).encode("utf-8", "replace").decode()[:FIELD_MAX_CHARS]


async def _refuse_unrouted(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = UNROUTED.get(error.status_code, ErrorCode.REQUEST_INVALID)
    await note(request, code)
    answer = problem(request, code, {"max": BODY_MAX_BYTES} if code is ErrorCode.REQUEST_TOO_LARGE else {})
    answer.headers.update(error.headers or {})
    return answer


async def _fail(request: Request, _error: Exception) -> JSONResponse:
    answer = problem(request, ErrorCode.REQUEST_FAILED, {})
    # The framework sends this from outside the gate, which says these with every other answer.
    answer.raw_headers += [*HEADERS, *NOT_KEPT]
    return answer
