"""Redeeming from what is lent, by asking the hub, or not at all; and what the member is told about earlier visits."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from msgspec import UNSET, structs

from kiosk.visit import machine
from kiosk.visit.allowance import Allowance
from kiosk.visit.effects import AskLease, Fresh, KeepEvidence, PresentCard, SeeNotice, SpendLent, UseUp, World
from kiosk.visit.intents import Dismissed, RedeemConfirmed, RewardChosen, VoucherChosen
from kiosk.visit.redeeming import ASK_AGAIN_S, REDEEM_TIMEOUT_S
from kiosk.visit.states import (
    Authority,
    Browsing,
    Confirming,
    Guest,
    Idle,
    Recognition,
    Redeeming,
    Refused,
    Showing,
    Standing,
    Told,
    Unbooked,
)
from protocol.errors import ErrorCode
from protocol.state import Notice
from tests.kiosk.builders import LATTE, LIN, NOW, REQUEST, SPEND, TOTE, VISIT, make_snapshot, make_voucher
from tests.kiosk.visit.test_machine import CARD, OTHER, make_guest, make_redeeming, make_showing, make_world

LENT = Allowance(700, {LATTE: 600, SPEND: 900}, {TOTE: ErrorCode.REDEEM_OFFLINE_STOCK, VISIT: ErrorCode.REWARD_TIER})
NOTICES = [Notice(UUID(int=71), "lease.unknown", NOW), Notice(UUID(int=72), "lease.closed", NOW)]


def make_known(**overrides: Any) -> Guest:
    """A guest whose card the kiosk itself recognises."""
    return make_guest(**{"authority": None, "recognised": True, "kept": True, **overrides})


def offline(**overrides: Any) -> World:
    return make_world(**{"online": False, "allowance": LENT, **overrides})


def choose(guest: Guest, world: World, reward: Any = LATTE, points: int = 600) -> Any:
    return machine.touched(Browsing(guest), RewardChosen(reward, points), world)[0]


def test_offline_a_recognised_card_redeems_at_once_from_what_is_lent() -> None:
    asked = choose(make_known(), offline())

    state, effects = machine.touched(asked, RedeemConfirmed(), offline())

    assert asked == Confirming(make_known(), LATTE, 600)
    assert isinstance(state, Redeeming)
    assert effects == (SpendLent(SPEND, LATTE, 600),)


def test_online_a_vouched_card_spends_what_is_lent_here_without_a_round_trip() -> None:
    state = Confirming(make_guest(), LATTE, 600)

    _state, effects = machine.touched(state, RedeemConfirmed(), make_world(allowance=LENT))

    assert effects == (SpendLent(SPEND, LATTE, 600),)


def test_online_what_is_not_covered_is_asked_for() -> None:
    state = Confirming(make_guest(), SPEND, 900)

    _state, effects = machine.touched(state, RedeemConfirmed(), make_world(allowance=LENT))

    assert effects == (AskLease(REQUEST, SPEND, VISIT, SPEND, 900),)


def test_whom_the_hub_vouched_for_before_it_went_away_redeems_from_what_is_lent() -> None:
    assert isinstance(choose(make_guest(), offline()), Confirming)


def test_while_the_hub_is_asked_about_a_card_its_word_is_waited_for() -> None:
    state = choose(make_known(asked_at=99.0), offline(online=True))

    assert isinstance(state, Refused)
    assert state.code is ErrorCode.REDEEM_UNVERIFIED


def test_when_the_hub_has_not_said_anything_the_tap_is_kept_as_evidence_with_the_spend() -> None:
    state = Confirming(make_known(kept=False), LATTE, 600)

    _state, effects = machine.touched(state, RedeemConfirmed(), offline(online=True))

    assert effects == (KeepEvidence(CARD), SpendLent(SPEND, LATTE, 600))


@pytest.mark.parametrize(
    ("guest", "world", "wish", "code"),
    [
        (make_known(), offline(writable=False), (LATTE, 600), ErrorCode.STORE_READ_ONLY),
        (make_guest(authority=Authority(VISIT, redeems=False)), offline(), (LATTE, 600), ErrorCode.REDEEM_STATIC_CARD),
        (make_known(), offline(clock=False), (LATTE, 600), ErrorCode.REDEEM_CLOCK),
        (make_known(recognised=False), offline(), (LATTE, 600), ErrorCode.REDEEM_OFFLINE_CARD),
        (make_known(), offline(allowance=Allowance()), (LATTE, 600), ErrorCode.REDEEM_OFFLINE),
        (make_known(), offline(), (TOTE, 100), ErrorCode.REDEEM_OFFLINE_STOCK),
        (make_known(), offline(), (VISIT, 100), ErrorCode.REWARD_TIER),
        (make_known(), offline(), (SPEND, 900), ErrorCode.REDEEM_OFFLINE_SHORT),
        (make_known(), offline(), (LATTE, 601), ErrorCode.REDEEM_OFFLINE_SHORT),
    ],
)
def test_offline_every_refusal_has_its_reason(guest: Guest, world: World, wish: Any, code: ErrorCode) -> None:
    chosen = choose(guest, world, *wish)
    confirmed, effects = machine.touched(Confirming(guest, *wish), RedeemConfirmed(), world)

    assert isinstance(chosen, Refused)
    assert isinstance(confirmed, Refused)
    assert (chosen.code, confirmed.code, effects) == (code, code, ())


def test_short_of_what_is_lent_says_what_can_be_had() -> None:
    state = choose(make_known(), offline(), SPEND, 900)

    assert isinstance(state, Refused)
    assert state.data == {"points": 700}


def test_more_than_the_member_has_is_short_even_where_it_is_lent() -> None:
    guest = make_known(snapshot=make_snapshot(points=500))

    state = choose(guest, offline())

    assert isinstance(state, Refused)
    assert (state.code, state.data) == (ErrorCode.POINTS_SHORT, {"short": 100})


@pytest.mark.parametrize("code", [ErrorCode.POINTS_RECALLED, ErrorCode.REWARD_RECALLED])
def test_what_is_on_its_way_back_is_asked_for_again_under_the_same_spend(code: ErrorCode) -> None:
    waiting, _ = machine.refused(make_redeeming(), REQUEST, code, ({}, 100.1))
    early, nothing = machine.passed(waiting, make_world(now=100.2))
    fresh = Fresh(UUID(int=77), UUID(int=78))

    again, effects = machine.passed(early, make_world(now=100.1 + ASK_AGAIN_S, fresh=fresh))

    assert nothing == ()
    assert effects == (AskLease(UUID(int=77), SPEND, VISIT, LATTE, 600),)
    assert isinstance(again, Redeeming)
    assert (again.spend, again.request, again.again_at) == (SPEND, UUID(int=77), None)


def test_it_is_asked_again_and_again_until_the_time_is_up() -> None:
    state: Any = make_redeeming()
    now, asked = 100.0, 0
    while isinstance(state, Redeeming) and now < 110:
        state, _ = machine.refused(state, state.request, ErrorCode.POINTS_RECALLED, ({}, now))
        now += ASK_AGAIN_S
        state, effects = machine.passed(state, make_world(now=now))
        asked += len(effects)

    assert asked >= int(REDEEM_TIMEOUT_S / ASK_AGAIN_S) - 2
    assert isinstance(state, Refused)
    assert state.code is ErrorCode.POINTS_RECALLED
    assert now <= 100 + REDEEM_TIMEOUT_S + ASK_AGAIN_S


def test_a_late_answer_to_an_earlier_question_changes_nothing() -> None:
    state = make_redeeming(request=UUID(int=77))

    assert machine.refused(state, REQUEST, ErrorCode.POINTS_SHORT, ({}, 100.1))[0] == state


def test_points_that_lie_at_another_kiosk_are_told_with_their_place() -> None:
    data: dict[str, int | str] = {"points": 300, "store": "Riverside"}

    state, _ = machine.refused(make_redeeming(), REQUEST, ErrorCode.POINTS_LENT, (data, 100.1))

    assert state == Refused(ErrorCode.POINTS_LENT, data, make_guest(), 100.1)


def test_offline_a_recognised_tap_is_kept_with_its_code() -> None:
    state, effects = machine.tapped(
        Idle(), CARD, make_snapshot(), make_world(online=False), recognition=Recognition.RECOGNISED
    )

    assert state == Browsing(Guest(CARD, make_snapshot(), recognised=True, kept=True))
    assert effects == (KeepEvidence(CARD),)


def test_offline_a_used_code_is_refused_and_kept_as_evidence() -> None:
    state, effects = machine.tapped(
        Idle(), CARD, make_snapshot(), make_world(online=False), recognition=Recognition.REPLAYED
    )

    assert state == Refused(ErrorCode.CARD_REPLAYED, {}, None, 100.0)
    assert effects == (KeepEvidence(CARD),)


def test_without_storage_a_card_is_not_recognised_because_its_code_cannot_be_used_up() -> None:
    world = make_world(online=False, writable=False)

    state, effects = machine.tapped(Idle(), CARD, make_snapshot(), world, recognition=Recognition.RECOGNISED)

    assert (state, effects) == (Browsing(Guest(CARD, make_snapshot())), ())


def test_online_a_recognised_code_is_used_up_here_too() -> None:
    state, effects = machine.tapped(Idle(), CARD, make_snapshot(), make_world(), recognition=Recognition.RECOGNISED)

    assert state == Browsing(Guest(CARD, make_snapshot(), asked_at=100.0, recognised=True))
    assert effects == (PresentCard(REQUEST, CARD), UseUp(CARD))


def test_online_the_hub_alone_judges_a_used_code() -> None:
    state, effects = machine.tapped(Idle(), CARD, make_snapshot(), make_world(), recognition=Recognition.REPLAYED)

    assert state == Browsing(Guest(CARD, make_snapshot(), asked_at=100.0))
    assert effects == (PresentCard(REQUEST, CARD),)


@pytest.mark.parametrize("online", [True, False])
def test_a_member_is_told_what_the_hub_could_not_take(*, online: bool) -> None:
    snapshot = make_snapshot(notices=NOTICES)

    state, _effects = machine.tapped(Idle(), CARD, snapshot, make_world(online=online))

    assert isinstance(state, Told)
    assert state.notice == NOTICES[0]


def test_notices_that_come_with_the_hubs_word_are_told() -> None:
    state, _ = machine.vouched(
        Browsing(make_known()), CARD.uid, Authority(VISIT, redeems=True), make_snapshot(version=6, notices=NOTICES)
    )

    assert isinstance(state, Told)


def test_a_customer_in_the_middle_of_something_is_not_interrupted_by_a_notice() -> None:
    state, _ = machine.vouched(
        make_showing(), CARD.uid, Authority(VISIT, redeems=True), make_snapshot(version=6, notices=NOTICES)
    )

    assert isinstance(state, Showing)


def test_dismissed_notices_are_seen_one_after_the_other() -> None:
    told = Told(make_guest(snapshot=make_snapshot(notices=NOTICES)), NOTICES[0])

    second, first_effects = machine.touched(told, Dismissed(), make_world())
    last, second_effects = machine.touched(second, Dismissed(), make_world())

    assert isinstance(second, Told)
    assert second.notice == NOTICES[1]
    assert isinstance(last, Browsing)
    assert last.guest.snapshot.notices is UNSET
    assert first_effects == (SeeNotice(LIN, NOTICES[0].id),)
    assert second_effects == (SeeNotice(LIN, NOTICES[1].id),)


def test_without_storage_a_notice_is_told_again_another_time() -> None:
    told = Told(make_guest(snapshot=make_snapshot(notices=NOTICES[:1])), NOTICES[0])

    _state, effects = machine.touched(told, Dismissed(), make_world(writable=False))

    assert effects == ()


def test_the_same_card_again_does_not_skip_a_notice_and_another_one_does() -> None:
    told = Told(make_guest(), NOTICES[0])

    same, _ = machine.tapped(told, CARD, make_snapshot(), make_world())
    other, _ = machine.tapped(told, OTHER, make_snapshot(), make_world())

    assert same == told
    assert isinstance(other, Browsing)


def test_a_provisional_voucher_is_shown_again_as_such_and_settled_while_it_is_looked_at() -> None:
    snapshot = make_snapshot(vouchers=[make_voucher()])
    guest = make_guest(snapshot=snapshot, unbooked=Unbooked(-600, {SPEND: 7}))

    shown, _ = machine.touched(Browsing(guest), VoucherChosen(SPEND), make_world())
    settled, _ = machine.settled(shown, 7, frozenset(), frozenset())

    assert isinstance(shown, Showing)
    assert (shown.standing, shown.is_fresh) == (Standing.PROVISIONAL, False)
    assert isinstance(settled, Showing)
    assert settled.standing is Standing.CONFIRMED


def test_what_is_unbooked_comes_and_goes_with_the_news() -> None:
    guest = make_guest(unbooked=Unbooked(-600, {SPEND: 7}))
    snapshot = structs.replace(guest.snapshot, points=400)

    state, _ = machine.learned(Browsing(guest), snapshot)

    assert state == Browsing(replace(guest, snapshot=snapshot, unbooked=Unbooked()))
