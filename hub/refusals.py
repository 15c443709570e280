"""What the API refused, in the log: who tried what is not theirs, and who tries things out.

A flood of requests must not become one of lines: of the same refusals to the same caller in one minute the first, the
second, the fourth, the eighth and so on are written down, with how many there were.
"""

from collections.abc import Callable

import structlog
from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from hub.access import address_of
from hub.alerts.rules import REFUSED
from hub.audit.service import Act, audit
from hub.clock import monotonic_s
from hub.composition import Hub
from hub.staff.service import principals
from protocol.errors import ErrorCode

OF_SOMEBODY = frozenset(
    {
        ErrorCode.PERMISSION_DENIED,
        ErrorCode.STORE_OUT_OF_SCOPE,
        ErrorCode.KEY_REVOKED,
        ErrorCode.KEY_EXPIRED,
        ErrorCode.APPROVAL_OWN,
        ErrorCode.PERSON_SELF,
        ErrorCode.ALERT_OWN,
        ErrorCode.REVEAL_TOO_OFTEN,
        ErrorCode.REQUEST_CONFLICT,
    }
)
"""What only callers are told whose session or key is known, so they are counted by it."""

OF_ANYBODY = frozenset(
    {
        ErrorCode.KEY_MISSING,
        ErrorCode.KEY_UNKNOWN,
        ErrorCode.LOG_IN_TOO_SOON,
        ErrorCode.PATH_UNKNOWN,
        ErrorCode.REQUEST_FOREIGN,
        ErrorCode.REQUEST_INVALID,
        ErrorCode.REQUEST_MEDIA_TYPE,
        ErrorCode.REQUEST_METHOD,
        ErrorCode.REQUEST_TOO_LARGE,
        ErrorCode.REQUEST_TOO_MANY,
    }
)
"""What is counted by the network address, because whoever makes keys up makes up a new one each time."""

MANY = 16
"""From so many in a minute on it is a warning, and an act of the audit log where the caller is known: for alerts."""

COUNTED_MAX = 10_000
"""So many are counted apart in one minute; all beyond are counted together."""

MINUTE_S = 60
BEYOND = (b"", ErrorCode.REQUEST_TOO_MANY)

log = structlog.get_logger()


class Refusals:
    """Counts what one process refuses, each minute anew."""

    def __init__(self, now_s: Callable[[], float] = monotonic_s) -> None:
        self._now_s = now_s
        self._minute = 0
        self._counts: dict[tuple[bytes, ErrorCode], int] = {}

    def told(self, caller: bytes, code: ErrorCode) -> int:
        """Count a refusal; returns how many there were of its kind where that is to be written down, otherwise 0."""
        minute = int(self._now_s() // MINUTE_S)
        if minute != self._minute:
            self._minute, self._counts = minute, {}
        each = (caller, code)
        if each not in self._counts and len(self._counts) >= COUNTED_MAX:
            each = BEYOND
        times = self._counts[each] = self._counts.get(each, 0) + 1
        return times if times.bit_count() == 1 else 0


async def note(request: Request, code: ErrorCode) -> None:
    """Write down that a request was refused, where the code is one to look at.

    With the address of the caller and the route as the table has it: what was sent, in the path too, may be anything.
    """
    if code not in OF_SOMEBODY | OF_ANYBODY:
        return
    known: bytes = getattr(request.state, "key_hash", b"")
    source = address_of(request)
    times = request.app.state.refusals.told(known if code in OF_SOMEBODY else source.encode(), code)
    if times == 0:
        return
    actor, route = await _actor(request, known), _route(request)
    if times == MANY and actor and code in OF_SOMEBODY:
        act = Act(actor, REFUSED, actor, {}, {"code": code.value, "route": route}, source)
        await run_in_threadpool(_write_down, request.app.state.hub, act)
    told = {"code": code.value, "actor": actor, "source": source, "route": route}
    if times < MANY:
        log.info("a request was refused", **told, times=times)
    else:
        log.warning("requests are refused again and again", **told, times=times)


async def _actor(request: Request, key_hash: bytes) -> str:
    """Who called; empty where nobody is known. Routes served in batches look their callers up where they book."""
    if hasattr(request.state, "principal"):
        actor: str = request.state.principal.actor
        return actor
    return await run_in_threadpool(_looked_up, request.app.state.hub, key_hash) if key_hash else ""


def _looked_up(hub: Hub, key_hash: bytes) -> str:
    with hub.database.read() as session:
        found = principals(session, [key_hash], hub.clock())
    return found[key_hash].actor if key_hash in found else ""


def _write_down(hub: Hub, act: Act) -> None:
    hub.database.run(lambda session: audit(session, act, hub.clock(), hub.random_bytes))


def _route(request: Request) -> str:
    route = request.scope.get("route")
    return "" if route is None else f"{request.method} {route.path}"
