"""The programme API: the rules and policies in force, and new versions of them."""

from typing import Any

import msgspec
from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import terms
from hub.access import TheHub, ThePrincipal
from hub.audit.service import Act, audit
from hub.composition import Hub
from hub.db.session import wake
from hub.fleet import queries as fleet
from hub.messaging.documents import programme
from hub.pages import ThePage
from hub.problems import ProblemError
from hub.programme.models import Term
from hub.programme.schemas import ProgrammeOut, TermIn, TermOut
from hub.programme.service import PROGRAMME, Change, in_force, publish, terms_in_force
from hub.schemas import PageOf
from hub.staff.service import Principal
from protocol.errors import ErrorCode

router = APIRouter(prefix="/v1", tags=["programme"])


@router.get("/programme", response_model=ProgrammeOut)
def show(hub: TheHub) -> Any:
    """What members are told: tiers, and how they earn."""
    with hub.database.read() as session:
        return msgspec.to_builtins(programme(session))


@router.get("/programme/terms", response_model=PageOf[TermOut])
def show_terms(hub: TheHub, page: ThePage) -> dict[str, Any]:
    """Every rule and policy in force, by name."""
    with hub.database.read() as session:
        return page.of(session, terms_in_force(), (Term.name,), shown=_shown)


@router.get("/programme/terms/{name}", response_model=PageOf[TermOut])
def show_versions(name: str, hub: TheHub, page: ThePage) -> dict[str, Any]:
    """Every version of one rule or policy, the newest first."""
    versions = select(Term).where(Term.name == name)
    with hub.database.read() as session:
        if session.execute(versions.limit(1)).first() is None:
            raise ProblemError(ErrorCode.TERM_UNKNOWN)
        return page.of(session, versions, (Term.version,), shown=_shown, newest_first=True)


@router.put("/programme/terms/{name}", response_model=TermOut)
def put(name: str, body: TermIn, hub: TheHub, principal: ThePrincipal) -> dict[str, Any]:
    """Put a new version of a rule or policy in force. What was earned before stays as it is.

    A document that is in force already makes no new version, so this can be repeated safely.
    """
    kind = terms.kind_of(name)
    if kind is None:
        raise ProblemError(ErrorCode.TERM_UNKNOWN)
    try:
        document = terms.normal(kind, body.document)
    except msgspec.ValidationError as error:
        raise ProblemError(ErrorCode.TERM_INVALID, problem=str(error)) from error
    return _change(hub, principal, Change(name, document, principal.actor, body.reason))


@router.delete("/programme/terms/{name}", response_model=TermOut)
def withdraw(name: str, hub: TheHub, principal: ThePrincipal, reason: str = "") -> dict[str, Any]:
    """Take a rule out of force; a policy goes back to its defaults."""
    return _change(hub, principal, Change(name, None, principal.actor, reason))


def _change(hub: Hub, principal: Principal, change: Change) -> dict[str, Any]:
    now = hub.clock()

    def work(session: Session) -> dict[str, Any]:
        before = in_force(session).versions.get(change.name)
        if before is None and change.document is None:
            raise ProblemError(ErrorCode.TERM_UNKNOWN)
        if before is None or before.document != change.document:
            version = publish(session, change, now)
            fleet.raise_version(session, PROGRAMME)
            was = {"version": before.version, "document": before.document} if before else {}
            act = Act(
                principal.actor,
                "programme.changed",
                change.name,
                was,
                {"version": version, "document": change.document, "reason": change.reason},
                principal.address,
            )
            audit(session, act, now, hub.random_bytes)
            wake(session)
        newest = select(Term).where(Term.name == change.name).order_by(Term.version.desc()).limit(1)
        return _shown(session.execute(newest).scalar_one())

    return hub.database.run(work)


def _shown(term: Term) -> dict[str, Any]:
    return {
        "name": term.name,
        "version": term.version,
        "document": term.document,
        "withdrawn": term.withdrawn,
        "made_by": term.made_by,
        "made_at": term.made_at,
        "reason": term.reason,
    }
