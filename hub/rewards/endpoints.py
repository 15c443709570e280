"""The catalogue API: rewards and their pictures, and vouchers at the counter."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access import TheHub, ThePrincipal, TheRequestId
from hub.audit.service import Act, audit
from hub.db.session import wake
from hub.fleet import queries as fleet
from hub.ledger.models import Counter
from hub.pages import ThePage
from hub.problems import ProblemError
from hub.requests import asked, once
from hub.restores import service as restores
from hub.rewards import queries
from hub.rewards.models import Picture, Reward, Voucher
from hub.rewards.schemas import RewardChange, RewardOut, VoucherOut
from hub.rewards.service import CATALOGUE, stock_counter
from hub.schemas import PageOf
from protocol.errors import ErrorCode

FOREVER = "public, max-age=31536000, immutable"
"""A picture is named by its content, so a copy of it never grows old."""

router = APIRouter()


@router.get("/pictures/{sha256}", tags=["catalogue"], response_class=Response)
def picture(sha256: str, hub: TheHub) -> Response:
    """A picture of the catalogue."""
    with hub.database.read() as session:
        found = session.get(Picture, sha256)
        if found is None:
            raise ProblemError(ErrorCode.PATH_UNKNOWN)
        return Response(found.data, media_type=found.media_type, headers={"Cache-Control": FOREVER})


@router.get("/v1/rewards", tags=["catalogue"], response_model=PageOf[RewardOut])
def rewards(hub: TheHub, page: ThePage) -> dict[str, Any]:
    """Everything that is offered, in the catalogue's order."""
    with hub.database.read() as session:
        return page.of(session, queries.OFFERED, queries.BY_PLACE, shown=lambda reward: _shown(session, reward))


@router.patch("/v1/rewards/{reward}", tags=["catalogue"], response_model=RewardOut)
def change_reward(reward: UUID, body: RewardChange, hub: TheHub, principal: ThePrincipal) -> dict[str, Any]:
    """Change a reward; every kiosk shows it within a second."""
    now = hub.clock()

    def work(session: Session) -> dict[str, Any]:
        found = session.get(Reward, reward, with_for_update=True)
        if found is None:
            raise ProblemError(ErrorCode.REWARD_UNKNOWN)
        before = _shown(session, found)
        _change(session, found, body)
        session.flush()
        fleet.raise_version(session, CATALOGUE)
        after = _shown(session, found)
        act = Act(principal.actor, "reward.changed", str(reward), _facts(before), _facts(after), principal.address)
        audit(session, act, now, hub.random_bytes)
        wake(session)
        return after

    return hub.database.run(work)


def _change(session: Session, reward: Reward, body: RewardChange) -> None:
    if body.points is not None:
        reward.points = body.points
    if body.offered is not None:
        reward.offered = body.offered
    if body.stock is not None:
        reward.limited = True
        counter = session.get(Counter, stock_counter(reward.id), with_for_update=True)
        if counter is None:
            session.add(Counter(id=stock_counter(reward.id), remaining=body.stock))
        else:
            counter.remaining = body.stock


def _facts(shown: dict[str, Any]) -> dict[str, Any]:
    return {name: shown[name] for name in ("points", "offered", "stock")}


def _shown(session: Session, reward: Reward) -> dict[str, Any]:
    counter = session.get(Counter, stock_counter(reward.id)) if reward.limited else None
    return {
        "id": reward.id,
        "names": reward.names,
        "descriptions": reward.descriptions,
        "points": reward.points,
        "tiers": reward.tiers,
        "offered": reward.offered,
        "stock": counter.remaining if counter else None,
        "picture": f"/pictures/{reward.picture}",
    }


@router.get("/v1/vouchers/{code}", tags=["vouchers"], response_model=VoucherOut)
def voucher(code: str, hub: TheHub) -> dict[str, Any]:
    """What a voucher is for, and whether it has been handed out."""
    with hub.database.read() as session:
        return _voucher(session, _newest(session, code))


@router.post("/v1/vouchers/{code}/hand-out", tags=["vouchers"], response_model=VoucherOut)
def hand_out(code: str, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId) -> dict[str, Any]:
    """Hand the reward out; the voucher is used up."""
    now = hub.clock()
    request = asked(hub, request_id, principal.actor, kind="voucher.handed_out", content=code.upper())

    def act(session: Session) -> dict[str, Any]:
        found = _newest(session, code)
        refusal = principal.store_refusal(found.store)
        if refusal is not None:
            raise ProblemError(refusal)
        if found.state != "open":
            raise ProblemError(ErrorCode.VOUCHER_HANDED_OUT)
        found.state, found.handed_out_at, found.handed_out_by = "handed_out", now, principal.actor
        written = Act(
            principal.actor,
            "voucher.handed_out",
            str(found.id),
            {"state": "open"},
            {"state": found.state},
            principal.address,
        )
        audit(session, written, now, hub.random_bytes)
        return _voucher(session, found)

    return hub.database.run(lambda session: once(session, request, lambda: act(session)))


def _newest(session: Session, code: str) -> Voucher:
    found = next(iter(queries.vouchers_by_code(session, code.upper())), None)
    if found is None:
        # A restored hub may not know yet what a kiosk has shown.
        is_waiting = restores.is_waiting_for_replay(session)
        raise ProblemError(ErrorCode.REDEEM_RESTORED if is_waiting else ErrorCode.VOUCHER_UNKNOWN)
    return found


def _voucher(session: Session, found: Voucher) -> dict[str, Any]:
    names = session.execute(select(Reward.names).where(Reward.id == found.reward)).scalar_one()
    return {
        "code": found.code,
        "reward": names,
        "points": found.points,
        "state": found.state,
        "store": found.store,
        "redeemed_at": found.redeemed_at,
        "handed_out_at": found.handed_out_at,
    }
