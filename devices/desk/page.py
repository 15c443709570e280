"""The desk's web page and the few calls behind it. Serves this machine only, and only pages that it served itself.

A web site open in the same browser can reach 127.0.0.1. So the Host header must name this machine (DNS rebinding),
and what changes something must come from this page or from no page at all.
"""

import asyncio
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Annotated

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from devices.desk.cards import CopyEntry, DynamicEntry, Entry, StaticEntry, TornEntry
from devices.desk.desk import Desk
from devices.desk.errors import CardError, Problem

TAP_S = 0.6
"""How long a tapped card lies on the antenna: a quick hand's."""
READER_SILENT_S = 3.0
"""A reader looks for a card at least once a second; after three it has gone."""

_FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/desk.css": ("desk.css", "text/css; charset=utf-8"),
    "/desk.js": ("desk.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
    "/texts.json": ("texts.json", "application/json"),
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_STATUS = {Problem.NAME_UNKNOWN: 404, Problem.NOTHING_TO_COPY: 409}


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Choice(_Input):
    """A card to lay down."""

    name: Annotated[str, Field(min_length=1, max_length=64)]


class Removal(_Input):
    """What to take away: whatever lies there, or only the laying with this number."""

    laid: int | None = None


class Placed(BaseModel):
    """A card was laid down; `laid` numbers the laying."""

    laid: int


class Face(BaseModel):
    """How one card looks."""

    name: str
    technology: str
    label: dict[str, str]
    note: dict[str, str]
    design: str
    number: str
    odd: bool


class State(BaseModel):
    """What changes: the card on the antenna, whether a reader is there, and which copies have nothing to copy yet."""

    on_antenna: str | None
    laid: int | None
    reader: bool
    waiting: list[str]


def create_app(desk: Desk, *, reader_idle_s: Callable[[], float | None]) -> FastAPI:
    """Build the page over a desk. `reader_idle_s` tells for how long no reader has been heard."""
    app = FastAPI(title="Card desk", docs_url=None, redoc_url=None, openapi_url=None)
    app.middleware("http")(_guard)
    app.add_exception_handler(CardError, _refuse)
    for path, (name, media_type) in _FILES.items():
        app.add_api_route(path, _file(name, media_type))

    @app.get("/api/cards")
    async def cards() -> list[Face]:
        return [_face(entry, desk) for entry in desk.entries.values()]

    @app.get("/api/state")
    async def state() -> State:
        return _state(desk, reader_idle_s())

    @app.post("/api/tap")
    async def tap(choice: Choice) -> Placed:
        laid = desk.lay(choice.name)
        try:
            await asyncio.sleep(TAP_S)
        finally:
            desk.lift(laid.number)
        return Placed(laid=laid.number)

    @app.post("/api/hold")
    async def hold(choice: Choice) -> Placed:
        return Placed(laid=desk.lay(choice.name).number)

    @app.post("/api/remove", status_code=204)
    async def remove(removal: Removal) -> None:
        desk.lift(removal.laid)

    return app


async def _guard(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    stranger = _stranger(request)
    response = JSONResponse({"message": stranger}, 403) if stranger else await call_next(request)
    response.headers.update(_HEADERS)
    return response


def _stranger(request: Request) -> str | None:
    """Say what is wrong with where a request comes from."""
    _, port = request.scope["server"]
    host = request.headers.get("host", "")
    if host not in {f"127.0.0.1:{port}", f"localhost:{port}"}:
        return "This page is only for the machine that it runs on."
    foreign = request.headers.get("origin", f"http://{host}") != f"http://{host}"
    if request.method != "GET" and (foreign or request.headers.get("sec-fetch-site", "same-origin") != "same-origin"):
        return "Cards are laid down from this page only."
    return None


async def _refuse(_: Request, error: Exception) -> Response:
    assert isinstance(error, CardError)
    return JSONResponse({"problem": error.problem, "message": str(error)}, _STATUS[error.problem])


def _file(name: str, media_type: str) -> Callable[[], Awaitable[Response]]:
    content = files("devices.desk").joinpath("web", name).read_bytes()

    async def serve() -> Response:
        return Response(content, media_type=media_type)

    return serve


def _face(entry: Entry, desk: Desk) -> Face:
    shown = desk.entries[entry.of] if isinstance(entry, CopyEntry | TornEntry) else entry
    member = shown if isinstance(shown, DynamicEntry | StaticEntry) else None
    return Face(
        name=entry.name,
        technology=entry.__struct_config__.tag,
        label=entry.label,
        note=entry.note,
        design=member.design if member else "",
        number=f"{member.uid[:4]} ···· {member.uid[-4:]}".upper() if member else "",
        odd=entry is not member or member.design == "blank",
    )


def _state(desk: Desk, idle_s: float | None) -> State:
    laid = desk.on_antenna
    copies = [entry for entry in desk.entries.values() if isinstance(entry, CopyEntry)]
    return State(
        on_antenna=laid.name if laid else None,
        laid=laid.number if laid else None,
        reader=idle_s is not None and idle_s < READER_SILENT_S,
        waiting=[entry.name for entry in copies if not desk.can_copy(entry)],
    )
