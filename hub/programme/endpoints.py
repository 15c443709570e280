"""The programme API: the rules of earning, and the tiers."""

from typing import Any

import msgspec
from fastapi import APIRouter
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.access import TheHub, ThePrincipal
from hub.db.session import wake
from hub.fleet import queries as fleet
from hub.messaging.documents import PROGRAMME, programme
from hub.points.models import EarningRule
from hub.points.schemas import EarningIn, ProgrammeOut
from hub.staff.service import Act, audit

router = APIRouter(prefix="/v1", tags=["programme"])


@router.get("/programme", response_model=ProgrammeOut)
def show(hub: TheHub) -> Any:
    """The rules in force."""
    with hub.database.read() as session:
        return msgspec.to_builtins(programme(session))


@router.put("/programme/earning", response_model=ProgrammeOut)
def change_earning(body: EarningIn, hub: TheHub, principal: ThePrincipal) -> Any:
    """Put a new version of the earning rule in force. What was earned before stays as it is."""
    now = hub.clock()

    def work(session: Session) -> Any:
        version = session.execute(select(func.max(EarningRule.version))).scalar_one() + 1
        session.add(
            EarningRule(
                version=version,
                points=body.points,
                per_minor=body.per_minor,
                valid_months=body.valid_months,
                made_by=principal.actor,
                made_at=now,
            )
        )
        session.flush()
        fleet.raise_version(session, PROGRAMME)
        act = Act(principal.actor, "programme.earning_changed", f"version {version}", {}, body.model_dump())
        audit(session, act, now, hub.random_bytes)
        wake(session)
        return msgspec.to_builtins(programme(session))

    return hub.database.run(work)
