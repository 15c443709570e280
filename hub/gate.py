"""What every request passes before it is routed: its size, its bytes, and how many its caller sends.

Plain ASGI, because this costs every request: a middleware of the framework costs ten times as much.
"""

from collections.abc import Callable, Iterable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.clock import monotonic_s
from hub.limits import Allowance, Buckets, Limits
from hub.problems import problem
from hub.proxies import FORWARDED, NO_PROXIES, Proxies
from hub.refusals import note
from hub.tally import Tally
from protocol.errors import ErrorCode

BODY_MAX_BYTES = 1024 * 1024
UPLOADS = frozenset({"/v1/imports"})
"""Addresses that take files; they have limits of their own."""

LOOKUPS = frozenset({"/v1/members/find", "/v1/members/search"})
"""Addresses at which members are looked up by what they are known by."""

NUL = "\0"
NUL_WRITTEN = b"%00"

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    (b"strict-transport-security", b"max-age=31536000; includeSubDomains"),
)
"""Said with every answer, for browsers: nothing of this is a page."""


CACHING = b"cache-control"
NOT_KEPT = ((CACHING, b"no-store"),)
"""Nobody on the way keeps an answer, unless its route says that everybody may."""


class Gate:
    """Refuses what is too large, too much, or cannot be meant; and says with each answer how much is left."""

    def __init__(
        self,
        app: ASGIApp,
        limits: Limits,
        tally: Tally,
        now_s: Callable[[], float] = monotonic_s,
        *,
        proxies: Proxies = NO_PROXIES,
    ) -> None:
        self._app = app
        self._proxies = proxies
        self._keys = Buckets(limits.key_per_minute, tally, b"key ")
        self._sources = Buckets(limits.source_per_minute, tally, b"source ")
        self._lookups = Buckets(limits.lookups_per_minute, tally, b"lookup ")
        self._now_s = now_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._proxies.networks:
            self._look_behind(scope)
        length, caller = _read(scope["headers"])
        allowance = self._take(scope, caller)
        said = _Saying(send, allowance)
        refusal = _refusal(scope, length, allowance)
        if refusal is not None:
            code, data = refusal
            request = Request(scope)
            await note(request, code)
            await problem(request, code, data)(scope, receive, said)
            return
        await self._app(scope, receive if scope["path"] in UPLOADS else _counted(receive), said)

    def _look_behind(self, scope: Scope) -> None:
        """Have everything behind the gate see the client and not the proxy that it came by."""
        if scope.get("client"):
            peer, port = scope["client"]
            forwarded = [value for name, value in scope["headers"] if name == FORWARDED]
            client = self._proxies.client(peer, forwarded)
            scope["client"] = (client, port if client == peer else 0)

    def _take(self, scope: Scope, caller: bytes | None) -> Allowance:
        now_s, client = self._now_s(), scope.get("client")
        source = self._sources.take(client[0].encode() if client else b"", now_s)
        if caller is None or source.wait_s:
            return source
        buckets = self._lookups if scope["path"] in LOOKUPS else self._keys
        key = buckets.take(caller, now_s)
        return key if key.remaining <= source.remaining else source


def _read(headers: Iterable[tuple[bytes, bytes]]) -> tuple[bytes | None, bytes | None]:
    """The length of the body as it was announced, and the credential."""
    length = caller = None
    for name, value in headers:
        if name == b"content-length":
            length = value
        elif name == b"authorization" or (name == b"cookie" and caller is None):
            caller = value
    return length, caller


def _refusal(scope: Scope, length: bytes | None, allowance: Allowance) -> tuple[ErrorCode, dict[str, Any]] | None:
    if allowance.wait_s:
        return ErrorCode.REQUEST_TOO_MANY, {"seconds": allowance.wait_s}
    if length is not None and scope["path"] not in UPLOADS and _number(length) > BODY_MAX_BYTES:
        return ErrorCode.REQUEST_TOO_LARGE, {"max": BODY_MAX_BYTES}
    # No database takes it, and nobody means it.
    if NUL in scope["path"]:
        return ErrorCode.PATH_UNKNOWN, {}
    if NUL_WRITTEN in scope["query_string"]:
        return ErrorCode.REQUEST_INVALID, {"fields": [{"field": "query", "problem": "nul"}]}
    return None


def _number(length: bytes) -> int:
    return int(length) if length.isdigit() else BODY_MAX_BYTES + 1


def _counted(receive: Receive) -> Receive:
    size = 0

    async def counting() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > BODY_MAX_BYTES:
            # The framework lets an error of its own kind pass, where it reads the body.
            raise HTTPException(413)
        return message

    return counting


class _Saying:
    """Adds to an answer what is said with every one."""

    def __init__(self, send: Send, allowance: Allowance) -> None:
        self._send = send
        self._allowance = allowance

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            left = self._allowance
            message["headers"] = [
                *message["headers"],
                (b"ratelimit-limit", b"%d" % left.limit),
                (b"ratelimit-remaining", b"%d" % left.remaining),
                (b"ratelimit-reset", b"%d" % left.reset_s),
                *((b"retry-after", b"%d" % left.wait_s) for _ in range(1) if left.wait_s),
                *HEADERS,
                *(() if any(name == CACHING for name, _value in message["headers"]) else NOT_KEPT),
            ]
        await self._send(message)
