"""What happens in a visit: from a state and something that happened to the next state and what is to be done.

Pure. Times are seconds of a clock that only grows. Whoever drives it carries out the effects, in order.
"""

from dataclasses import dataclass, replace
from typing import assert_never
from uuid import UUID

from kiosk.visit.intents import (
    Dismissed,
    Intent,
    LanguageChosen,
    RedeemConfirmed,
    RewardChosen,
    Touched,
    VisitEnded,
    VoucherChosen,
)
from kiosk.visit.states import (
    Authority,
    Browsing,
    Confirming,
    Guest,
    Identifying,
    Idle,
    Redeeming,
    Refused,
    Showing,
    Standing,
    State,
    guest_of,
)
from protocol.errors import ErrorCode
from protocol.events import CardEvidence
from protocol.state import MemberSnapshot, OpenVoucher

IDENTIFY_TIMEOUT_S = 5.0
"""How long a customer with an unknown card waits for the hub."""

REDEEM_TIMEOUT_S = 6.0
"""How long a customer waits for the points to be set aside. A grant that comes later is given back by itself."""

REFUSAL_S = 8.0
"""How long a refusal stays when nobody acknowledges it and no visit goes on behind it."""


@dataclass(frozen=True, slots=True)
class PresentCard:
    """Ask the hub whose card this is."""

    request: UUID
    card: CardEvidence


@dataclass(frozen=True, slots=True)
class KeepEvidence:
    """Journal a tap that could not be verified."""

    card: CardEvidence


@dataclass(frozen=True, slots=True)
class AskLease:
    """Ask the hub to set aside the price of a reward."""

    request: UUID
    spend: UUID
    visit: UUID
    reward: UUID
    points: int


Effect = PresentCard | KeepEvidence | AskLease
Step = tuple[State, tuple[Effect, ...]]


@dataclass(frozen=True, slots=True)
class Fresh:
    """Ids for this step, made beforehand: one for a request, one for a spend."""

    request: UUID
    spend: UUID


@dataclass(frozen=True, slots=True)
class World:
    """What a decision may depend on besides the state."""

    online: bool
    writable: bool
    now: float
    fresh: Fresh


def tapped(state: State, card: CardEvidence, known: MemberSnapshot | None, world: World) -> Step:
    """A card was held to the reader; `known` is what this kiosk remembers of its member."""
    if isinstance(state, Redeeming):
        return state, ()
    before = guest_of(state)
    if before is not None and before.card.uid == card.uid and isinstance(state, Confirming | Showing):
        return state, ()
    if not world.online:
        return _tapped_offline(card, known, world)
    effect = PresentCard(world.fresh.request, card)
    if known is None:
        return Identifying(card, world.fresh.request, world.now), (effect,)
    return Browsing(Guest(card, known, asked_at=world.now)), (effect,)


def _tapped_offline(card: CardEvidence, known: MemberSnapshot | None, world: World) -> Step:
    effects = (KeepEvidence(card),) if world.writable else ()
    if known is None:
        return Refused(ErrorCode.CARD_UNKNOWN_OFFLINE, {}, None, world.now), effects
    return Browsing(Guest(card, known)), effects


def unreadable(state: State, code: ErrorCode, world: World) -> Step:
    """Something was held to the reader that cannot be used. It does not disturb who is busy."""
    if isinstance(state, Redeeming | Confirming | Showing):
        return state, ()
    return Refused(code, {}, guest_of(state), world.now), ()


def vouched(state: State, uid: str, authority: Authority, snapshot: MemberSnapshot) -> Step:
    """The hub vouches for the card of this visit."""
    if isinstance(state, Identifying) and state.card.uid == uid:
        return Browsing(Guest(state.card, snapshot, authority)), ()
    guest = guest_of(state)
    if guest is None or guest.card.uid != uid:
        return state, ()
    return _with_guest(state, replace(guest, snapshot=snapshot, authority=authority, asked_at=None)), ()


def disowned(state: State, uid: str, code: ErrorCode, world: World) -> Step:
    """The hub refuses the card of this visit: nothing of the member stays on the screen."""
    guest = guest_of(state)
    is_ours = isinstance(state, Identifying) and state.card.uid == uid
    if not is_ours and (guest is None or guest.card.uid != uid):
        return state, ()
    return Refused(code, {}, None, world.now), ()


def learned(state: State, snapshot: MemberSnapshot) -> Step:
    """The hub has news of a member, who may be here. While points are set aside, the sum on the screen stands still."""
    guest = guest_of(state)
    if isinstance(state, Redeeming) or guest is None or guest.snapshot.member != snapshot.member:
        return state, ()
    if guest.snapshot.version >= snapshot.version:
        return state, ()
    return _with_guest(state, replace(guest, snapshot=snapshot)), ()


def granted(state: State, spend: UUID) -> Redeeming | None:
    """Whether somebody still waits for the points that were set aside under `spend`."""
    return state if isinstance(state, Redeeming) and state.spend == spend else None


def spent(state: Redeeming, voucher: OpenVoucher, seq: int, newest: MemberSnapshot) -> Step:
    """The spend is journaled: from here on the reward is the member's, whatever happens."""
    guest = replace(state.guest, snapshot=newest)
    return Showing(guest, voucher, state.points, Standing.PROVISIONAL, seq), ()


def settled(state: State, upto: int, rejected: frozenset[int], parked: frozenset[int]) -> Step:
    """The hub has booked the journal up to a place, but for what it rejected; what it parked is not sure yet."""
    if not isinstance(state, Showing) or state.seq is None or state.seq > upto or state.seq in parked:
        return state, ()
    standing = Standing.REJECTED if state.seq in rejected else Standing.CONFIRMED
    return replace(state, standing=standing), ()


def refused(state: State, request: UUID, code: ErrorCode, about: tuple[dict[str, int | str], float]) -> Step:
    """The hub refuses the points that were asked for; `about` fills the sentence and says when."""
    if not isinstance(state, Redeeming) or state.request != request:
        return state, ()
    data, now = about
    return Refused(code, data, state.guest, now), ()


def touched(state: State, intent: Intent, world: World) -> Step:
    """The customer did something on the screen."""
    match intent:
        case Touched() | LanguageChosen():
            return state, ()
        case VisitEnded():
            return (state if isinstance(state, Redeeming) else Idle()), ()
        case Dismissed():
            return _dismissed(state), ()
        case RewardChosen():
            return _chosen(state, intent, world), ()
        case VoucherChosen():
            return _reshown(state, intent.spend), ()
        case RedeemConfirmed():
            return _confirmed(state, world)
        case _:
            assert_never(intent)


def passed(state: State, world: World) -> Step:
    """Time has passed."""
    if isinstance(state, Identifying) and world.now - state.since > IDENTIFY_TIMEOUT_S:
        return Refused(ErrorCode.CARD_UNKNOWN_OFFLINE, {}, None, world.now), (KeepEvidence(state.card),)
    if isinstance(state, Redeeming) and world.now - state.since > REDEEM_TIMEOUT_S:
        return Refused(ErrorCode.REDEEM_NO_ANSWER, {}, state.guest, world.now), ()
    if isinstance(state, Refused) and state.guest is None and world.now - state.since > REFUSAL_S:
        return Idle(), ()
    return _no_longer_asking(state, world.now), ()


def _dismissed(state: State) -> State:
    match state:
        case Confirming() | Showing():
            return Browsing(state.guest)
        case Refused():
            return Idle() if state.guest is None else Browsing(state.guest)
        case _:
            return state


def _chosen(state: State, intent: RewardChosen, world: World) -> State:
    if not isinstance(state, Browsing):
        return state
    refusal = _refusal(state.guest, world)
    if refusal is not None:
        return Refused(refusal, {}, state.guest, world.now)
    short = intent.points - state.guest.snapshot.points
    if short > 0:
        return Refused(ErrorCode.POINTS_SHORT, {"short": short}, state.guest, world.now)
    return Confirming(state.guest, intent.reward, intent.points)


def _reshown(state: State, spend: UUID) -> State:
    if not isinstance(state, Browsing):
        return state
    voucher = next((voucher for voucher in state.guest.snapshot.vouchers if voucher.spend == spend), None)
    return state if voucher is None else Showing(state.guest, voucher, 0, Standing.CONFIRMED, None)


def _confirmed(state: State, world: World) -> Step:
    if not isinstance(state, Confirming):
        return state, ()
    refusal, authority = _refusal(state.guest, world), state.guest.authority
    if refusal is not None or authority is None:
        return Refused(refusal or ErrorCode.REDEEM_UNVERIFIED, {}, state.guest, world.now), ()
    request, spend = world.fresh.request, world.fresh.spend
    asked = Redeeming(state.guest, state.reward, state.points, spend, request, world.now)
    return asked, (AskLease(request, spend, authority.visit, state.reward, state.points),)


def _refusal(guest: Guest, world: World) -> ErrorCode | None:
    if not world.writable:
        return ErrorCode.STORE_READ_ONLY
    if guest.authority is not None and not guest.authority.redeems:
        return ErrorCode.REDEEM_STATIC_CARD
    if not world.online:
        return ErrorCode.REDEEM_OFFLINE
    return ErrorCode.REDEEM_UNVERIFIED if guest.authority is None else None


def _no_longer_asking(state: State, now: float) -> State:
    guest = guest_of(state)
    if guest is None or guest.asked_at is None or now - guest.asked_at <= IDENTIFY_TIMEOUT_S:
        return state
    return _with_guest(state, replace(guest, asked_at=None))


def _with_guest(state: State, guest: Guest) -> State:
    if isinstance(state, Idle | Identifying):
        return state
    return replace(state, guest=guest)
