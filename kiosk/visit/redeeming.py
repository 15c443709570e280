"""Redeeming a reward: from what is lent here if that covers it, else by asking the hub; or a kind reason why not. Pure.

Where the hub is away, the store's other kiosks are asked: points that are lent to them can pass over.

Times are seconds of a clock that only grows.
"""

from dataclasses import replace
from uuid import UUID

from msgspec import UNSET

from kiosk.visit.effects import AskLease, AskNeighbours, Effect, KeepEvidence, SpendLent, Step, World
from kiosk.visit.intents import RewardChosen
from kiosk.visit.states import Browsing, Confirming, Guest, Reason, Redeeming, Refused, State
from protocol.errors import ErrorCode

REDEEM_TIMEOUT_S = 6.0
"""How long a customer waits for the points to be set aside. A grant that comes later is given back by itself."""

ASK_AGAIN_S = 0.3
"""How long points that are called back from another kiosk are given, before the hub is asked once more."""

NEIGHBOURS_TIMEOUT_S = 2.0
"""How long a customer waits for the other kiosks of the store. A note that comes later is given back by itself."""

RECALLED = frozenset({ErrorCode.POINTS_RECALLED, ErrorCode.REWARD_RECALLED})
TOO_LITTLE_HERE = frozenset({ErrorCode.REDEEM_OFFLINE, ErrorCode.REDEEM_OFFLINE_SHORT})
"""Reasons that are of no interest to who has too few points anywhere."""
PERHAPS_ELSEWHERE = TOO_LITTLE_HERE | {ErrorCode.REDEEM_OFFLINE_CARD}
"""Reasons that another kiosk of the store may have an answer to."""


def chosen(state: State, intent: RewardChosen, world: World) -> State:
    """The member looks at a reward."""
    if not isinstance(state, Browsing):
        return state
    guest = state.guest
    wanted = Confirming(guest, intent.reward, intent.points)
    short = intent.points - guest.snapshot.points
    reason = _reason(wanted, world)
    if short > 0 and (reason is None or reason.code in TOO_LITTLE_HERE):
        reason = Reason(ErrorCode.POINTS_SHORT, {"short": short})
    if reason is None or _may_lie_elsewhere(wanted, reason, world):
        return wanted
    return Refused(reason.code, reason.data, guest, world.now)


def confirmed(state: State, world: World) -> Step:
    """The member wants it. What is lent here is spent at once; else the hub sets points aside, or a neighbour does."""
    if not isinstance(state, Confirming):
        return state, ()
    guest, reason = state.guest, _reason(state, world)
    spend, request = world.fresh.spend, world.fresh.request
    redeeming = Redeeming(guest, state.reward, state.points, spend, request, world.now)
    kept = replace(redeeming, guest=replace(guest, kept=True))
    if reason is not None and _may_lie_elsewhere(state, reason, world):
        asked = AskNeighbours(guest.snapshot.member, spend, state.points, guest.card)
        return replace(kept, otherwise=reason), (*_evidence(guest), asked)
    if reason is not None:
        return Refused(reason.code, reason.data, guest, world.now), ()
    if _is_covered(state, world):
        return kept, (*_evidence(guest), SpendLent(spend, state.reward, state.points))
    assert guest.authority is not None, "there would be a reason against it"
    return redeeming, (AskLease(request, spend, guest.authority.visit, state.reward, state.points),)


def refused(state: State, code: ErrorCode, data: dict[str, int | str], now: float) -> State:
    """The hub refuses the points; what is on its way back from elsewhere is asked for again."""
    if not isinstance(state, Redeeming):
        return state
    if code in RECALLED and now + ASK_AGAIN_S - state.since < REDEEM_TIMEOUT_S:
        return replace(state, again_at=now + ASK_AGAIN_S, wanting=code)
    return Refused(code, data, state.guest, now)


def waited(state: Redeeming, world: World) -> Step:
    """Time has passed for somebody who waits."""
    if state.otherwise is not None:
        is_over = world.now - state.since > NEIGHBOURS_TIMEOUT_S
        return (not_elsewhere(state, state.spend, world.now) if is_over else state), ()
    if world.now - state.since > REDEEM_TIMEOUT_S:
        return Refused(state.wanting or ErrorCode.REDEEM_NO_ANSWER, {}, state.guest, world.now), ()
    if state.again_at is None or world.now < state.again_at or state.guest.authority is None:
        return state, ()
    request = world.fresh.request
    asked = AskLease(request, state.spend, state.guest.authority.visit, state.reward, state.points)
    return replace(state, request=request, again_at=None), (asked,)


def not_elsewhere(state: State, spend: UUID, now: float) -> State:
    """None of the store's other kiosks has the points for a spend: say what would have been said without them."""
    if not isinstance(state, Redeeming) or state.spend != spend or state.otherwise is None:
        return state
    return Refused(state.otherwise.code, state.otherwise.data, state.guest, now)


def _evidence(guest: Guest) -> tuple[Effect, ...]:
    # Whom the hub has not vouched for is served on the kiosk's own word, so the hub must hear of the tap in any case.
    return (KeepEvidence(guest.card),) if guest.authority is None and not guest.kept else ()


def _may_lie_elsewhere(wanted: Confirming, reason: Reason, world: World) -> bool:
    is_offered = world.allowance.is_open(wanted.reward, wanted.points)
    has_enough = wanted.guest.snapshot.points >= wanted.points
    is_dynamic = wanted.guest.card.url is not UNSET
    return world.neighbours and reason.code in PERHAPS_ELSEWHERE and is_offered and has_enough and is_dynamic


def _reason(wanted: Confirming, world: World) -> Reason | None:
    guest = wanted.guest
    if not world.writable:
        return Reason(ErrorCode.STORE_READ_ONLY)
    if guest.authority is not None and not guest.authority.redeems:
        return Reason(ErrorCode.REDEEM_STATIC_CARD)
    if _is_covered(wanted, world) or (world.online and guest.authority is not None):
        return None
    return Reason(ErrorCode.REDEEM_UNVERIFIED) if world.online else _offline_reason(wanted, world)


def _is_covered(wanted: Confirming, world: World) -> bool:
    guest = wanted.guest
    is_known = guest.authority is not None or guest.recognised
    # While the hub is being asked whose card this is, its word is waited for.
    is_answered = not world.online or guest.authority is not None or guest.asked_at is None
    return is_known and is_answered and world.clock and world.allowance.covers(wanted.reward, wanted.points)


def _offline_reason(wanted: Confirming, world: World) -> Reason:
    guest, lent = wanted.guest, world.allowance
    if not world.clock:
        return Reason(ErrorCode.REDEEM_CLOCK)
    if guest.authority is None and not guest.recognised:
        return Reason(ErrorCode.REDEEM_OFFLINE_CARD)
    if lent.points == 0:
        return Reason(ErrorCode.REDEEM_OFFLINE)
    if wanted.reward in lent.barred:
        return Reason(lent.barred[wanted.reward])
    return Reason(ErrorCode.REDEEM_OFFLINE_SHORT, {"points": lent.points})
