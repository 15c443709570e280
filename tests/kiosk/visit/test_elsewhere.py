"""Redeeming offline what lies at another kiosk of the store: when it is asked for, and what is said if nobody gives."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from msgspec import UNSET

from kiosk.visit import machine, redeeming
from kiosk.visit.allowance import Allowance
from kiosk.visit.effects import AskLease, AskNeighbours, KeepEvidence, SpendLent, World
from kiosk.visit.intents import RedeemConfirmed, RewardChosen, VisitEnded
from kiosk.visit.redeeming import NEIGHBOURS_TIMEOUT_S
from kiosk.visit.states import Authority, Browsing, Confirming, Guest, Reason, Redeeming, Refused
from protocol.errors import ErrorCode
from tests.kiosk.builders import LATTE, LIN, SPEND, TOTE, VISIT, make_card, make_snapshot
from tests.kiosk.visit.test_machine import CARD, make_guest, make_redeeming, make_world

NOTHING_LENT = Allowance(0, {LATTE: 600}, {TOTE: ErrorCode.REDEEM_OFFLINE_STOCK, VISIT: ErrorCode.REWARD_TIER})
LITTLE_LENT = replace(NOTHING_LENT, points=100)
STRANGE = {"authority": None, "recognised": False, "kept": True}
ASKED = AskNeighbours(LIN, SPEND, 600, CARD)


def offline(**overrides: Any) -> World:
    return make_world(**{"online": False, "neighbours": True, "allowance": NOTHING_LENT, **overrides})


def confirm(guest: Guest, world: World, reward: UUID = LATTE, points: int = 600) -> Any:
    return machine.touched(Confirming(guest, reward, points), RedeemConfirmed(), world)


def make_looking(**overrides: Any) -> Redeeming:
    return make_redeeming(**{"otherwise": Reason(ErrorCode.REDEEM_OFFLINE_SHORT, {"points": 100}), **overrides})


@pytest.mark.parametrize(
    ("guest", "allowance", "otherwise"),
    [
        (make_guest(**STRANGE), NOTHING_LENT, Reason(ErrorCode.REDEEM_OFFLINE_CARD)),
        (make_guest(), NOTHING_LENT, Reason(ErrorCode.REDEEM_OFFLINE)),
        (make_guest(), LITTLE_LENT, Reason(ErrorCode.REDEEM_OFFLINE_SHORT, {"points": 100})),
    ],
)
def test_what_may_lie_at_another_kiosk_is_asked_for(guest: Guest, allowance: Allowance, otherwise: Reason) -> None:
    world = offline(allowance=allowance)

    chosen, _ = machine.touched(Browsing(guest), RewardChosen(LATTE, 600), world)
    state, effects = confirm(guest, world)

    assert chosen == Confirming(guest, LATTE, 600)
    assert isinstance(state, Redeeming)
    assert (state.otherwise, state.spend) == (otherwise, SPEND)
    assert effects == (ASKED,)


def test_a_tap_that_the_hub_has_not_answered_is_kept_as_evidence_first() -> None:
    state, effects = confirm(make_guest(**{**STRANGE, "kept": False}), offline())

    assert effects == (KeepEvidence(CARD), ASKED)
    assert isinstance(state, Redeeming)
    assert state.guest.kept


STATIC = make_card(url=UNSET)
NOT_ASKED: dict[str, tuple[Guest, World, UUID, int, ErrorCode]] = {
    "nobody to ask": (make_guest(), offline(neighbours=False), LATTE, 600, ErrorCode.REDEEM_OFFLINE),
    "no clock": (make_guest(), offline(clock=False), LATTE, 600, ErrorCode.REDEEM_CLOCK),
    "no storage": (make_guest(), offline(writable=False), LATTE, 600, ErrorCode.STORE_READ_ONLY),
    "static card": (make_guest(card=STATIC, **STRANGE), offline(), LATTE, 600, ErrorCode.REDEEM_OFFLINE_CARD),
    "static card by the hub's word": (
        make_guest(authority=Authority(VISIT, redeems=False)),
        offline(),
        LATTE,
        600,
        ErrorCode.REDEEM_STATIC_CARD,
    ),
    "no piece here": (make_guest(), offline(), TOTE, 300, ErrorCode.REDEEM_OFFLINE),
    "no piece here, some points": (
        make_guest(),
        offline(allowance=LITTLE_LENT),
        TOTE,
        300,
        ErrorCode.REDEEM_OFFLINE_STOCK,
    ),
    "higher tier": (make_guest(), offline(allowance=LITTLE_LENT), VISIT, 300, ErrorCode.REWARD_TIER),
    "another price": (make_guest(), offline(), LATTE, 599, ErrorCode.REDEEM_OFFLINE),
    "no such reward": (make_guest(), offline(), SPEND, 600, ErrorCode.REDEEM_OFFLINE),
    "not enough anywhere": (
        make_guest(snapshot=make_snapshot(points=599), **STRANGE),
        offline(),
        LATTE,
        600,
        ErrorCode.REDEEM_OFFLINE_CARD,
    ),
}


@pytest.mark.parametrize("case", NOT_ASKED)
def test_nobody_is_asked_in_vain(case: str) -> None:
    guest, world, reward, points, code = NOT_ASKED[case]

    chosen, _ = machine.touched(Browsing(guest), RewardChosen(reward, points), world)
    state, effects = confirm(guest, world, reward, points)

    assert isinstance(chosen, Refused)
    assert isinstance(state, Refused)
    assert (chosen.code, state.code, effects) == (code, code, ())


def test_online_the_hub_is_asked_and_nobody_else() -> None:
    _state, effects = confirm(make_guest(), offline(online=True))

    assert [type(effect) for effect in effects] == [AskLease]


def test_what_is_lent_here_is_taken_from_here() -> None:
    _state, effects = confirm(make_guest(), offline(allowance=replace(NOTHING_LENT, points=600)))

    assert effects == (SpendLent(SPEND, LATTE, 600),)


def test_the_member_waits_so_long_and_hears_what_was_true_before() -> None:
    waiting, nothing = machine.passed(make_looking(), make_world(now=100.0 + NEIGHBOURS_TIMEOUT_S))

    state, effects = machine.passed(waiting, make_world(now=100.1 + NEIGHBOURS_TIMEOUT_S))

    assert (waiting, nothing, effects) == (make_looking(), (), ())
    assert state == Refused(ErrorCode.REDEEM_OFFLINE_SHORT, {"points": 100}, make_guest(), 100.1 + NEIGHBOURS_TIMEOUT_S)


def test_when_nobody_gives_it_is_said_at_once() -> None:
    state = redeeming.not_elsewhere(make_looking(), SPEND, 100.2)

    assert state == Refused(ErrorCode.REDEEM_OFFLINE_SHORT, {"points": 100}, make_guest(), 100.2)


@pytest.mark.parametrize(
    ("state", "spend"),
    [
        (make_looking(), UUID(int=0xBAD)),
        (make_redeeming(), SPEND),
        (Browsing(make_guest()), SPEND),
    ],
)
def test_word_about_an_earlier_wish_changes_nothing(state: Any, spend: UUID) -> None:
    assert redeeming.not_elsewhere(state, spend, 100.2) == state


def test_nothing_interrupts_who_is_looked_after() -> None:
    state, _ = machine.touched(make_looking(), VisitEnded(), offline())

    assert state == make_looking()
