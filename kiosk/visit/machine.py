"""What happens in a visit: from a state and something that happened to the next state and what is to be done.

Pure. Times are seconds of a clock that only grows. Whoever drives it carries out the effects, in order.
"""

from dataclasses import replace
from typing import assert_never
from uuid import UUID

from msgspec import UNSET, structs

from kiosk.visit import redeeming
from kiosk.visit.effects import Effect, KeepEvidence, PresentCard, SeeNotice, Step, UseUp, World
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
    Recognition,
    Redeeming,
    Refused,
    Showing,
    Standing,
    State,
    Told,
    Unbooked,
    guest_of,
)
from protocol.errors import ErrorCode
from protocol.events import CardEvidence
from protocol.state import MemberSnapshot, OpenVoucher

IDENTIFY_TIMEOUT_S = 5.0
"""How long a customer with an unknown card waits for the hub."""

NOTHING_UNBOOKED = Unbooked()

REFUSAL_S = 8.0
"""How long a refusal stays when nobody acknowledges it and no visit goes on behind it."""


def tapped(
    state: State,
    card: CardEvidence,
    known: MemberSnapshot | None,
    world: World,
    *,
    recognition: Recognition = Recognition.UNKNOWN,
    unbooked: Unbooked = NOTHING_UNBOOKED,
) -> Step:
    """A card was held to the reader; `known` is what this kiosk remembers of its member, if it does."""
    if isinstance(state, Redeeming):
        return state, ()
    before = guest_of(state)
    if before is not None and before.card.uid == card.uid and isinstance(state, Confirming | Showing | Told):
        return state, ()
    if not world.online:
        guest = None if known is None else Guest(card, known, unbooked=unbooked, kept=world.writable)
        return _tapped_offline(card, guest, world, recognition)
    effects: tuple[Effect, ...] = (PresentCard(world.fresh.request, card),)
    if known is None:
        return Identifying(card, world.fresh.request, world.now), effects
    recognised = world.writable and recognition is Recognition.RECOGNISED
    if recognised:
        effects = (*effects, UseUp(card))
    return _greeted(Guest(card, known, asked_at=world.now, unbooked=unbooked, recognised=recognised)), effects


def _tapped_offline(card: CardEvidence, guest: Guest | None, world: World, recognition: Recognition) -> Step:
    effects = (KeepEvidence(card),) if world.writable else ()
    if guest is None:
        return Refused(ErrorCode.CARD_UNKNOWN_OFFLINE, {}, None, world.now), effects
    if recognition is Recognition.REPLAYED:
        return Refused(ErrorCode.CARD_REPLAYED, {}, None, world.now), effects
    recognised = world.writable and recognition is Recognition.RECOGNISED
    return _greeted(replace(guest, recognised=recognised)), effects


def _greeted(guest: Guest) -> State:
    return Told(guest, guest.snapshot.notices[0]) if guest.snapshot.notices else Browsing(guest)


def unreadable(state: State, code: ErrorCode, world: World) -> Step:
    """Something was held to the reader that cannot be used. It does not disturb who is busy."""
    if isinstance(state, Redeeming | Confirming | Showing):
        return state, ()
    return Refused(code, {}, guest_of(state), world.now), ()


def vouched(
    state: State,
    uid: str,
    authority: Authority,
    snapshot: MemberSnapshot,
    *,
    unbooked: Unbooked = NOTHING_UNBOOKED,
) -> Step:
    """The hub vouches for the card of this visit."""
    if isinstance(state, Identifying) and state.card.uid == uid:
        return _greeted(Guest(state.card, snapshot, authority, unbooked=unbooked)), ()
    guest = guest_of(state)
    if guest is None or guest.card.uid != uid:
        return state, ()
    guest = replace(guest, snapshot=snapshot, unbooked=unbooked, authority=authority, asked_at=None)
    return _greeted(guest) if isinstance(state, Browsing) else _with_guest(state, guest), ()


def disowned(state: State, uid: str, code: ErrorCode, world: World) -> Step:
    """The hub refuses the card of this visit: nothing of the member stays on the screen."""
    guest = guest_of(state)
    is_ours = isinstance(state, Identifying) and state.card.uid == uid
    if not is_ours and (guest is None or guest.card.uid != uid):
        return state, ()
    return Refused(code, {}, None, world.now), ()


def learned(state: State, snapshot: MemberSnapshot, *, unbooked: Unbooked = NOTHING_UNBOOKED) -> Step:
    """There is news of a member, who may be here. While points are set aside, the sum on the screen stands still."""
    guest = guest_of(state)
    if isinstance(state, Redeeming) or guest is None or guest.snapshot.member != snapshot.member:
        return state, ()
    if guest.snapshot.version > snapshot.version:
        return state, ()
    return _with_guest(state, replace(guest, snapshot=snapshot, unbooked=unbooked)), ()


def granted(state: State, spend: UUID) -> Redeeming | None:
    """Whether somebody still waits for the points that were set aside under `spend`."""
    return state if isinstance(state, Redeeming) and state.spend == spend else None


def spent(
    state: Redeeming,
    voucher: OpenVoucher,
    seq: int,
    newest: MemberSnapshot,
    *,
    unbooked: Unbooked = NOTHING_UNBOOKED,
) -> Step:
    """The spend is journaled: from here on the reward is the member's, whatever happens."""
    guest = replace(state.guest, snapshot=newest, unbooked=unbooked)
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
    return redeeming.refused(state, code, data, now), ()


def touched(state: State, intent: Intent, world: World) -> Step:
    """The customer did something on the screen."""
    match intent:
        case Touched() | LanguageChosen():
            return state, ()
        case VisitEnded():
            return (state if isinstance(state, Redeeming) else Idle()), ()
        case Dismissed():
            return _dismissed(state, world)
        case RewardChosen():
            return redeeming.chosen(state, intent, world), ()
        case VoucherChosen():
            return _reshown(state, intent.spend), ()
        case RedeemConfirmed():
            return redeeming.confirmed(state, world)
        case _:
            assert_never(intent)


def passed(state: State, world: World) -> Step:
    """Time has passed."""
    if isinstance(state, Identifying) and world.now - state.since > IDENTIFY_TIMEOUT_S:
        return Refused(ErrorCode.CARD_UNKNOWN_OFFLINE, {}, None, world.now), (KeepEvidence(state.card),)
    if isinstance(state, Redeeming):
        return redeeming.waited(state, world)
    if isinstance(state, Refused) and state.guest is None and world.now - state.since > REFUSAL_S:
        return Idle(), ()
    return _no_longer_asking(state, world.now), ()


def _dismissed(state: State, world: World) -> Step:
    match state:
        case Confirming() | Showing():
            return Browsing(state.guest), ()
        case Told(guest, notice):
            rest = [other for other in guest.snapshot.notices or () if other.id != notice.id]
            seen = replace(guest, snapshot=structs.replace(guest.snapshot, notices=rest or UNSET))
            effects = (SeeNotice(guest.snapshot.member, notice.id),) if world.writable else ()
            return _greeted(seen), effects
        case Refused():
            return Idle() if state.guest is None else Browsing(state.guest), ()
        case _:
            return state, ()


def _reshown(state: State, spend: UUID) -> State:
    if not isinstance(state, Browsing):
        return state
    voucher = next((voucher for voucher in state.guest.snapshot.vouchers if voucher.spend == spend), None)
    if voucher is None:
        return state
    seq = state.guest.unbooked.spends.get(spend)
    standing = Standing.CONFIRMED if seq is None else Standing.PROVISIONAL
    return Showing(state.guest, voucher, 0, standing, seq, is_fresh=False)


def _no_longer_asking(state: State, now: float) -> State:
    guest = guest_of(state)
    if guest is None or guest.asked_at is None or now - guest.asked_at <= IDENTIFY_TIMEOUT_S:
        return state
    return _with_guest(state, replace(guest, asked_at=None))


def _with_guest(state: State, guest: Guest) -> State:
    if isinstance(state, Idle | Identifying):
        return state
    return replace(state, guest=guest)
