"""The sessions API: logging in and out, and what people do for themselves."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Cookie, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access import COOKIE, OURS, SAME_ORIGIN, TheHub, TheLogIn, ThePrincipal, TheVisitor, bearer_of
from hub.audit.service import Act, audit
from hub.composition import Hub
from hub.pages import whole
from hub.problems import ProblemError, language_of, status_of
from hub.schemas import PageOf
from hub.sessions import answers, notices, own, passkeys, redirects, service
from hub.sessions.factors import USE, Proof
from hub.sessions.outside import HANDLE_MAX_MIN, Back, Provider, ProviderError, Start
from hub.sessions.schemas import (
    ChallengeOut,
    ConfirmedOut,
    ConfirmIn,
    LoggedInOut,
    LogInIn,
    OwnSessionOut,
    PasskeyLogInIn,
    ProofIn,
    SecondFactorIn,
    SessionOut,
)
from hub.sessions.service import Opened
from hub.staff.models import Passkey, Person, StaffSession
from hub.staff.service import LogIn, Principal
from protocol.errors import ErrorCode

PAGE = "text/html"
"""What browsers say that they take, where they show what they get."""

router = APIRouter(prefix="/v1", tags=["sessions"])


Given = Annotated[str, Query(max_length=redirects.GIVEN_MAX_CHARS)]


@router.post("/sessions", status_code=201, response_model=LoggedInOut, dependencies=OURS)
def log_in(body: LogInIn, hub: TheHub, visitor: TheVisitor, response: Response) -> dict[str, Any]:
    """Log in by password; whoever has a second factor is asked for it next."""
    settled = hub.log_ins.by_password(body.login, body.password, visitor)
    if isinstance(settled, Opened):
        return _let_in(settled, response, cookie=body.cookie)
    return answers.of_halfway(settled)


@router.post("/sessions/second-factor", status_code=201, response_model=LoggedInOut, dependencies=OURS)
def give_second_factor(body: SecondFactorIn, hub: TheHub, visitor: TheVisitor, response: Response) -> dict[str, Any]:
    """Prove in a second way that it is you."""
    return _let_in(hub.log_ins.by_second_factor(body.ticket, _proof(body), visitor), response, cookie=body.cookie)


@router.post("/sessions/passkey", status_code=201, response_model=LoggedInOut, dependencies=OURS)
def log_in_by_passkey(body: PasskeyLogInIn, hub: TheHub, visitor: TheVisitor, response: Response) -> dict[str, Any]:
    """Log in by passkey, with nothing typed."""
    opened = hub.log_ins.by_passkey(body.passkey.model_dump(exclude_none=True), visitor)
    return _let_in(opened, response, cookie=body.cookie)


@router.get("/sessions/outside", status_code=303, response_class=RedirectResponse)
def begin_outside(request: Request, hub: TheHub, visitor: TheVisitor, to: Given = redirects.CONSOLE) -> Response:
    """Begin a log-in through the provider of headquarters. `to` is the console's page to come back to."""

    def work() -> Response:
        redirects.insist(request.headers.get("sec-fetch-site", SAME_ORIGIN), to)
        begun, kept_s = _provider(hub).begin(Start(to, visitor.carries), hub.clock()), HANDLE_MAX_MIN * 60
        answer = RedirectResponse(begun.address, 303)
        answer.set_cookie(redirects.HANDLE, begun.handle, kept_s, path="/", secure=True, httponly=True, samesite="lax")
        return answer

    return _for_a_person(request, work)


@router.get("/sessions/outside/back", response_class=HTMLResponse)
def finish_outside(
    request: Request,
    hub: TheHub,
    visitor: TheVisitor,
    *,
    state: Given = "",
    code: Given = "",
    iss: Annotated[str | None, Query(max_length=redirects.GIVEN_MAX_CHARS)] = None,
    handle: Annotated[str, Cookie(alias=redirects.HANDLE, include_in_schema=False)] = "",
) -> Response:
    """Where the provider of headquarters sends the browser back to: opens a session, and leads on to the console."""

    def work() -> Response:
        to, opened = redirects.finish(hub.log_ins, _provider(hub), Back(handle, code, state, iss), visitor)
        # No redirect: it would count as the provider's doing, and the browser would keep the session's cookie back.
        answer = HTMLResponse(notices.onwards(to, _language(request)))
        _hand_cookie(answer, opened.token)
        answer.delete_cookie(redirects.HANDLE, path="/", secure=True, httponly=True, samesite="lax")
        return answer

    return _for_a_person(request, work)


@router.post("/passkey-challenges", status_code=201, response_model=ChallengeOut)
async def challenge(hub: TheHub) -> dict[str, Any]:
    """What a browser needs to use a passkey."""
    judge = hub.log_ins.judge
    return {"options": passkeys.options_to_use(passkeys.insist(judge.site), judge.challenge(USE, b"", hub.clock()))}


@router.get("/sessions", response_model=PageOf[OwnSessionOut])
def show_own_sessions(hub: TheHub, log_in: TheLogIn) -> dict[str, Any]:
    """Where you are logged in, the newest first."""
    with hub.database.read() as session:
        return whole(own.shown(session, log_in, hub.clock()))


@router.delete("/sessions", status_code=204, response_class=Response)
def end_other_sessions(hub: TheHub, principal: ThePrincipal, log_in: TheLogIn) -> Response:
    """Log out everywhere but here."""
    return _end(hub, principal, log_in, None)


@router.delete("/sessions/{one}", status_code=204, response_class=Response)
def end_own_session(one: UUID, hub: TheHub, principal: ThePrincipal, log_in: TheLogIn) -> Response:
    """Log out in one place."""
    return _end(hub, principal, log_in, one)


@router.get("/session", response_model=SessionOut)
def show(hub: TheHub, principal: ThePrincipal, log_in: TheLogIn) -> dict[str, Any]:
    """Who you are here, and what you may do where."""
    with hub.database.read() as session:
        row, person = session.get_one(StaffSession, log_in.id), session.get_one(Person, log_in.person)
        own = session.execute(select(Passkey).where(Passkey.person == person.id).order_by(Passkey.id)).scalars()
        return {
            "id": row.id,
            "person": person.id,
            "login": person.login,
            "name": person.name,
            "language": person.language,
            "role": person.role,
            "permissions": sorted(principal.permissions),
            "stores": None if principal.stores is None else sorted(principal.stores),
            "method": row.method,
            "made_at": row.made_at,
            "ends_at": row.ends_at,
            "confirmed_at": row.confirmed_at,
            "passkeys": [answers.of_passkey(passkey) for passkey in own],
        }


@router.delete("/session", status_code=204, response_class=Response)
def log_out(hub: TheHub, principal: ThePrincipal, log_in: TheLogIn) -> Response:
    """Log out."""
    now = hub.clock()
    act = Act(
        principal.actor, "staff.logged_out", str(log_in.person), {}, {"session": str(log_in.id)}, principal.address
    )

    def work(session: Session) -> None:
        service.end(session, log_in.id, now)
        audit(session, act, now, hub.random_bytes)

    hub.database.run(work)
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")
    return response


@router.post("/session/confirm", response_model=ConfirmedOut)
def confirm(
    body: ConfirmIn, hub: TheHub, log_in: TheLogIn, visitor: TheVisitor, *, request: Request, response: Response
) -> dict[str, Any]:
    """Prove anew who you are, for what is sensitive; it counts for some minutes. The session gets another token."""
    passkey = body.passkey.model_dump(exclude_none=True) if body.passkey else None
    proof = Proof(body.code, None, passkey) if body.code or passkey else None
    token = hub.log_ins.confirm(log_in, body.password, proof, visitor)
    if bearer_of(request) is not None:
        return {"token": token}
    _hand_cookie(response, token)
    return {"token": None}


def _end(hub: Hub, principal: Principal, log_in: LogIn, one: UUID | None) -> Response:
    now = hub.clock()

    def work(session: Session) -> None:
        ended = {"sessions": own.end(session, log_in, one, now)}
        act = Act(principal.actor, "staff.sessions_ended", str(log_in.person), {}, ended, principal.address)
        audit(session, act, now, hub.random_bytes)

    hub.database.run(work)
    return Response(status_code=204)


def _proof(body: ProofIn) -> Proof:
    passkey = body.passkey.model_dump(exclude_none=True) if body.passkey else None
    return Proof(body.code, body.recovery_code, passkey)


def _provider(hub: Hub) -> Provider:
    if hub.outside is None:
        raise ProblemError(ErrorCode.OUTSIDE_NOT_OFFERED)
    return hub.outside


def _for_a_person(request: Request, work: Callable[[], Response]) -> Response:
    """What comes of it, or why nothing does: as a page for whoever looks at a browser, as a problem for programs."""
    try:
        return work()
    except ProviderError:
        refusal = ProblemError(ErrorCode.OUTSIDE_FAILED)
    except ProblemError as error:
        refusal = error
    if PAGE not in request.headers.get("accept", ""):
        raise refusal
    language = _language(request)
    page = notices.refusal(refusal.code, refusal.data, language)
    return HTMLResponse(page, status_of(refusal.code), {"Content-Language": language})


def _language(request: Request) -> str:
    return language_of(request.headers.get("accept-language", ""))


def _hand_cookie(response: Response, token: str) -> None:
    response.set_cookie(COOKIE, token, path="/", secure=True, httponly=True, samesite="strict")


def _let_in(opened: Opened, response: Response, *, cookie: bool) -> dict[str, Any]:
    if cookie:
        _hand_cookie(response, opened.token)
    return answers.of_opened(opened, is_told=not cookie)
