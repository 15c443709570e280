"""Logging in through the provider of headquarters, as a browser does it: whence it may begin, where it may lead."""

import re
from dataclasses import replace

from hub.problems import ProblemError
from hub.sessions import throttle, tickets
from hub.sessions.log_in import LogIns
from hub.sessions.outside import Back, Provider
from hub.sessions.service import Opened, Visitor
from protocol.errors import ErrorCode

HANDLE = "__Host-outside"
"""What a browser keeps between the two steps. Lax, because the provider's page sends it back here."""

CONSOLE = "/console"
PLACE = re.compile(r"/console(/[A-Za-z0-9_-]{1,64}){0,8}")
"""Pages to which a log-in may lead: of the console, and nothing that leaves this host or does something."""

GIVEN_MAX_CHARS = 4_000
ASKED_BY_A_PERSON = frozenset({"same-origin", "none"})


def insist(site: str, to: str) -> None:
    """Let a log-in begin that a person wants, and that leads to a page of the console.

    Raises:
        ProblemError: another site's page has begun it, or it leads elsewhere.
    """
    if site not in ASKED_BY_A_PERSON:
        raise ProblemError(ErrorCode.REQUEST_FOREIGN)
    if PLACE.fullmatch(to) is None:
        raise ProblemError(ErrorCode.REQUEST_INVALID, fields=[{"field": "query.to", "problem": "unknown"}])


def finish(log_ins: LogIns, provider: Provider, back: Back, visitor: Visitor) -> tuple[str, Opened]:
    """Where somebody gets who has come back, and with which session. What was brought back counts once.

    Raises:
        ProblemError: the answer was given before, the person is not known here, or failed too often.
        ProviderError: it answers nothing that began in this browser, or the provider does not confirm it.
    """
    now = log_ins.clock()
    log_ins.take_turn(throttle.by_source(log_ins.judge.safe, visitor.source), now)
    start = provider.start(back, now)
    ticket = tickets.bytes_of(back.handle)
    if not log_ins.database.run(lambda session: tickets.spend(session, ticket)):
        raise ProblemError(ErrorCode.OUTSIDE_FAILED)
    return start.to, log_ins.by_identity(provider.finish(back, now), replace(visitor, carries=start.carries))
