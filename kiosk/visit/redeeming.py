"""Redeeming a reward: from what is lent here if that covers it, else by asking the hub; or a kind reason why not. Pure.

Times are seconds of a clock that only grows.
"""

from dataclasses import dataclass, field, replace

from kiosk.visit.effects import AskLease, Effect, KeepEvidence, SpendLent, Step, World
from kiosk.visit.intents import RewardChosen
from kiosk.visit.states import Browsing, Confirming, Redeeming, Refused, State
from protocol.errors import ErrorCode

REDEEM_TIMEOUT_S = 6.0
"""How long a customer waits for the points to be set aside. A grant that comes later is given back by itself."""

ASK_AGAIN_S = 0.3
"""How long points that are called back from another kiosk are given, before the hub is asked once more."""

RECALLED = frozenset({ErrorCode.POINTS_RECALLED, ErrorCode.REWARD_RECALLED})
TOO_LITTLE_HERE = frozenset({ErrorCode.REDEEM_OFFLINE, ErrorCode.REDEEM_OFFLINE_SHORT})
"""Reasons that are of no interest to who has too few points anywhere."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is not to be had, with the numbers that its sentence mentions."""

    code: ErrorCode
    data: dict[str, int | str] = field(default_factory=dict)


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
    return wanted if reason is None else Refused(reason.code, reason.data, guest, world.now)


def confirmed(state: State, world: World) -> Step:
    """The member wants it. What is lent here is spent at once; else the hub sets points aside."""
    if not isinstance(state, Confirming):
        return state, ()
    guest, reason = state.guest, _reason(state, world)
    if reason is not None:
        return Refused(reason.code, reason.data, guest, world.now), ()
    spend, request = world.fresh.spend, world.fresh.request
    redeeming = Redeeming(guest, state.reward, state.points, spend, request, world.now)
    if _is_covered(state, world):
        return replace(redeeming, guest=replace(guest, kept=True)), _spend(redeeming)
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
    if world.now - state.since > REDEEM_TIMEOUT_S:
        return Refused(state.wanting or ErrorCode.REDEEM_NO_ANSWER, {}, state.guest, world.now), ()
    if state.again_at is None or world.now < state.again_at or state.guest.authority is None:
        return state, ()
    request = world.fresh.request
    asked = AskLease(request, state.spend, state.guest.authority.visit, state.reward, state.points)
    return replace(state, request=request, again_at=None), (asked,)


def _spend(state: Redeeming) -> tuple[Effect, ...]:
    spend = SpendLent(state.spend, state.reward, state.points)
    # Whom the hub has not vouched for is served on the kiosk's own word, so the hub must hear of the tap in any case.
    is_evidence_due = state.guest.authority is None and not state.guest.kept
    return (KeepEvidence(state.guest.card), spend) if is_evidence_due else (spend,)


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
