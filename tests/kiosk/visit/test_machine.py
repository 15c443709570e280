from dataclasses import replace
from typing import Any

import pytest

from kiosk.visit import machine
from kiosk.visit.effects import AskLease, Fresh, KeepEvidence, PresentCard, World
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
from kiosk.visit.machine import IDENTIFY_TIMEOUT_S, REFUSAL_S
from kiosk.visit.redeeming import REDEEM_TIMEOUT_S
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
)
from protocol.errors import ErrorCode
from tests.kiosk.builders import CHEN, LATTE, REQUEST, SPEND, TOTE, VISIT, make_card, make_snapshot, make_voucher

CARD, OTHER = make_card(), make_card("04ffffffffffff")
FRESH = Fresh(request=REQUEST, spend=SPEND)


def make_world(**overrides: Any) -> World:
    return World(**{"online": True, "writable": True, "now": 100.0, "fresh": FRESH, **overrides})


def make_guest(**overrides: Any) -> Guest:
    fields = {"card": CARD, "snapshot": make_snapshot(), "authority": Authority(VISIT, redeems=True)}
    return Guest(**{**fields, **overrides})


def make_redeeming(**overrides: Any) -> Redeeming:
    fields = {"guest": make_guest(), "reward": LATTE, "points": 600, "spend": SPEND, "request": REQUEST, "since": 100.0}
    return Redeeming(**{**fields, **overrides})


def make_showing(**overrides: Any) -> Showing:
    fields = {
        "guest": make_guest(),
        "voucher": make_voucher(),
        "points": 600,
        "standing": Standing.PROVISIONAL,
        "seq": 7,
    }
    return Showing(**{**fields, **overrides})


BUSY: list[State] = [
    Confirming(make_guest(), LATTE, 600),
    make_redeeming(),
    make_showing(),
]


def test_a_known_card_shows_the_member_at_once_and_asks_the_hub() -> None:
    state, effects = machine.tapped(Idle(), CARD, make_snapshot(), make_world())

    assert state == Browsing(Guest(CARD, make_snapshot(), asked_at=100.0))
    assert effects == (PresentCard(REQUEST, CARD),)


def test_an_unknown_card_waits_for_the_hub() -> None:
    state, effects = machine.tapped(Idle(), CARD, None, make_world())

    assert state == Identifying(CARD, REQUEST, 100.0)
    assert effects == (PresentCard(REQUEST, CARD),)


def test_offline_a_known_card_is_greeted_and_its_tap_is_kept_as_evidence() -> None:
    state, effects = machine.tapped(Idle(), CARD, make_snapshot(), make_world(online=False))

    assert state == Browsing(Guest(CARD, make_snapshot(), kept=True))
    assert effects == (KeepEvidence(CARD),)


def test_offline_an_unknown_card_is_told_so() -> None:
    state, _effects = machine.tapped(Idle(), CARD, None, make_world(online=False))

    assert state == Refused(ErrorCode.CARD_UNKNOWN_OFFLINE, {}, None, 100.0)


def test_offline_and_without_storage_nothing_is_promised() -> None:
    _state, effects = machine.tapped(Idle(), CARD, make_snapshot(), make_world(online=False, writable=False))

    assert effects == ()


def test_another_card_begins_another_visit() -> None:
    state, effects = machine.tapped(Browsing(make_guest()), OTHER, None, make_world())

    assert isinstance(state, Identifying)
    assert state.card == OTHER
    assert len(effects) == 1


@pytest.mark.parametrize("state", BUSY)
def test_a_second_tap_of_the_same_card_while_busy_is_ignored(state: State) -> None:
    assert machine.tapped(state, CARD, make_snapshot(), make_world()) == (state, ())


def test_another_card_while_points_are_being_set_aside_is_ignored() -> None:
    state = make_redeeming()

    assert machine.tapped(state, OTHER, None, make_world()) == (state, ())


@pytest.mark.parametrize("state", BUSY)
def test_a_foreign_card_does_not_disturb_who_is_busy(state: State) -> None:
    assert machine.unreadable(state, ErrorCode.CARD_UNSUPPORTED, make_world()) == (state, ())


def test_a_foreign_card_is_told_so_and_the_visit_goes_on_after_it() -> None:
    guest = make_guest()

    state, _effects = machine.unreadable(Browsing(guest), ErrorCode.CARD_TORN, make_world())

    assert state == Refused(ErrorCode.CARD_TORN, {}, guest, 100.0)
    assert machine.touched(state, Dismissed(), make_world())[0] == Browsing(guest)


def test_the_hub_vouches_for_a_waiting_card() -> None:
    authority = Authority(VISIT, redeems=True)

    state, _effects = machine.vouched(Identifying(CARD, REQUEST, 1.0), CARD.uid, authority, make_snapshot())

    assert state == Browsing(Guest(CARD, make_snapshot(), authority))


def test_the_hub_vouches_for_a_greeted_card_with_newer_figures() -> None:
    newer, authority = make_snapshot(points=77), Authority(VISIT, redeems=False)

    state, _effects = machine.vouched(Browsing(make_guest(authority=None)), CARD.uid, authority, newer)

    assert state == Browsing(Guest(CARD, newer, authority))


def test_an_answer_for_a_card_that_has_left_changes_nothing() -> None:
    for state in (Idle(), Browsing(make_guest()), Identifying(CARD, REQUEST, 1.0)):
        assert machine.vouched(state, OTHER.uid, Authority(VISIT, redeems=True), make_snapshot())[0] == state
        assert machine.disowned(state, OTHER.uid, ErrorCode.CARD_BLOCKED, make_world())[0] == state


@pytest.mark.parametrize("state", [Identifying(CARD, REQUEST, 1.0), Browsing(make_guest(authority=None))])
def test_a_card_that_the_hub_refuses_leaves_nothing_of_the_member(state: State) -> None:
    refused, _effects = machine.disowned(state, CARD.uid, ErrorCode.CARD_BLOCKED, make_world())

    assert refused == Refused(ErrorCode.CARD_BLOCKED, {}, None, 100.0)


def test_news_of_the_member_who_is_here_is_shown() -> None:
    newer = make_snapshot(version=6, points=1_050)

    state, _effects = machine.learned(Browsing(make_guest()), newer)

    assert isinstance(state, Browsing)
    assert state.guest.snapshot == newer


@pytest.mark.parametrize("news", [make_snapshot(version=4, points=1), make_snapshot(member=CHEN, version=9)])
def test_old_news_and_news_of_others_change_nothing(news: object) -> None:
    state = Browsing(make_guest())

    assert machine.learned(state, news)[0] == state  # type: ignore[arg-type]


def test_the_sum_on_the_screen_stands_still_while_points_are_set_aside() -> None:
    state = make_redeeming()

    assert machine.learned(state, make_snapshot(version=6, points=400))[0] == state


def test_choosing_a_reward_asks_first() -> None:
    state, effects = machine.touched(Browsing(make_guest()), RewardChosen(LATTE, 600), make_world())

    assert state == Confirming(make_guest(), LATTE, 600)
    assert effects == ()


@pytest.mark.parametrize(
    ("guest", "world", "points", "code"),
    [
        (make_guest(), make_world(), 1_001, ErrorCode.POINTS_SHORT),
        (make_guest(), make_world(online=False), 600, ErrorCode.REDEEM_OFFLINE),
        (make_guest(authority=None), make_world(), 600, ErrorCode.REDEEM_UNVERIFIED),
        (make_guest(authority=Authority(VISIT, redeems=False)), make_world(), 600, ErrorCode.REDEEM_STATIC_CARD),
        (
            make_guest(authority=Authority(VISIT, redeems=False)),
            make_world(online=False),
            600,
            ErrorCode.REDEEM_STATIC_CARD,
        ),
        (make_guest(), make_world(writable=False), 600, ErrorCode.STORE_READ_ONLY),
    ],
)
def test_a_reward_that_cannot_be_had_is_refused_kindly(
    guest: Guest, world: World, points: int, code: ErrorCode
) -> None:
    state, effects = machine.touched(Browsing(guest), RewardChosen(LATTE, points), world)

    assert isinstance(state, Refused)
    assert (state.code, state.guest, effects) == (code, guest, ())


def test_how_many_points_are_missing_is_told() -> None:
    state, _effects = machine.touched(Browsing(make_guest()), RewardChosen(LATTE, 1_250), make_world())

    assert isinstance(state, Refused)
    assert state.data == {"short": 250}


def test_confirming_asks_the_hub_for_exactly_the_price() -> None:
    state, effects = machine.touched(Confirming(make_guest(), LATTE, 600), RedeemConfirmed(), make_world())

    assert state == make_redeeming()
    assert effects == (AskLease(REQUEST, SPEND, VISIT, LATTE, 600),)


def test_confirming_while_the_line_has_gone_takes_nothing() -> None:
    confirming = Confirming(make_guest(), LATTE, 600)

    state, effects = machine.touched(confirming, RedeemConfirmed(), make_world(online=False))

    assert isinstance(state, Refused)
    assert (state.code, effects) == (ErrorCode.REDEEM_OFFLINE, ())


def test_a_second_confirmation_is_ignored() -> None:
    state = make_redeeming()

    assert machine.touched(state, RedeemConfirmed(), make_world()) == (state, ())


@pytest.mark.parametrize("intent", [VisitEnded(), Dismissed(), RewardChosen(TOTE, 1), VoucherChosen(SPEND)])
def test_nothing_interrupts_a_redemption(intent: Intent) -> None:
    state = make_redeeming()

    assert machine.touched(state, intent, make_world()) == (state, ())


def test_only_the_spend_that_is_waited_for_is_spent() -> None:
    assert machine.granted(make_redeeming(), SPEND) == make_redeeming()
    assert machine.granted(make_redeeming(), LATTE) is None
    assert machine.granted(Browsing(make_guest()), SPEND) is None


def test_a_spend_shows_its_voucher_with_the_newest_figures() -> None:
    newest = make_snapshot(version=6, points=400)

    state, _effects = machine.spent(make_redeeming(), make_voucher(), 7, newest)

    assert state == make_showing(guest=make_guest(snapshot=newest))


@pytest.mark.parametrize(
    ("upto", "rejected", "parked", "standing"),
    [
        (6, frozenset(), frozenset(), Standing.PROVISIONAL),
        (7, frozenset(), frozenset(), Standing.CONFIRMED),
        (9, frozenset({7}), frozenset(), Standing.REJECTED),
        (9, frozenset({8}), frozenset(), Standing.CONFIRMED),
        (9, frozenset(), frozenset({7}), Standing.PROVISIONAL),
        (9, frozenset(), frozenset({8}), Standing.CONFIRMED),
    ],
)
def test_a_receipt_settles_the_voucher(
    upto: int, rejected: frozenset[int], parked: frozenset[int], standing: Standing
) -> None:
    state, _effects = machine.settled(make_showing(), upto, rejected, parked)

    assert state == make_showing(standing=standing)


def test_a_receipt_says_nothing_of_an_earlier_voucher() -> None:
    state = make_showing(seq=None, standing=Standing.CONFIRMED)

    assert machine.settled(state, 99, frozenset({1}), frozenset()) == (state, ())


def test_a_refused_lease_is_told_with_its_numbers() -> None:
    about: tuple[dict[str, int | str], float] = ({"points": 650}, 101.0)

    state, _effects = machine.refused(make_redeeming(), REQUEST, ErrorCode.REWARD_PRICE_CHANGED, about)

    assert state == Refused(ErrorCode.REWARD_PRICE_CHANGED, {"points": 650}, make_guest(), 101.0)


def test_a_refusal_of_something_else_changes_nothing() -> None:
    for state in (make_redeeming(), Browsing(make_guest())):
        assert machine.refused(state, LATTE, ErrorCode.REWARD_GONE, ({}, 1.0))[0] == state


def test_an_earlier_voucher_can_be_shown_again() -> None:
    guest = make_guest(snapshot=make_snapshot(vouchers=[make_voucher()]))

    state, _effects = machine.touched(Browsing(guest), VoucherChosen(SPEND), make_world())

    assert state == Showing(guest, make_voucher(), 0, Standing.CONFIRMED, None, is_fresh=False)


def test_a_voucher_that_has_gone_is_not_shown() -> None:
    state = Browsing(make_guest())

    assert machine.touched(state, VoucherChosen(SPEND), make_world())[0] == state


@pytest.mark.parametrize(
    ("state", "after"),
    [
        (Confirming(make_guest(), LATTE, 600), Browsing(make_guest())),
        (make_showing(), Browsing(make_guest())),
        (Refused(ErrorCode.REWARD_GONE, {}, make_guest(), 1.0), Browsing(make_guest())),
        (Refused(ErrorCode.CARD_UNKNOWN, {}, None, 1.0), Idle()),
        (Idle(), Idle()),
    ],
)
def test_dismissing_goes_one_step_back(state: State, after: State) -> None:
    assert machine.touched(state, Dismissed(), make_world())[0] == after


@pytest.mark.parametrize("state", [Browsing(make_guest()), make_showing(), Confirming(make_guest(), LATTE, 1)])
def test_ending_a_visit_leaves_nobody(state: State) -> None:
    assert machine.touched(state, VisitEnded(), make_world())[0] == Idle()


@pytest.mark.parametrize("intent", [Touched(), LanguageChosen("en")])
def test_a_touch_alone_changes_nothing(intent: Intent) -> None:
    state = Browsing(make_guest())

    assert machine.touched(state, intent, make_world()) == (state, ())


@pytest.mark.parametrize("intent", [RewardChosen(LATTE, 1), RedeemConfirmed(), VoucherChosen(SPEND)])
def test_touches_that_make_no_sense_are_ignored(intent: Intent) -> None:
    assert machine.touched(Idle(), intent, make_world()) == (Idle(), ())


def test_a_customer_waits_for_an_unknown_card_only_so_long() -> None:
    state = Identifying(CARD, REQUEST, 100.0)

    still = machine.passed(state, make_world(now=100 + IDENTIFY_TIMEOUT_S))
    over, effects = machine.passed(state, make_world(now=100.1 + IDENTIFY_TIMEOUT_S))

    assert still == (state, ())
    assert isinstance(over, Refused)
    assert (over.code, effects) == (ErrorCode.CARD_UNKNOWN_OFFLINE, (KeepEvidence(CARD),))


def test_a_customer_waits_for_a_redemption_only_so_long() -> None:
    state = make_redeeming(since=100.0)

    over, _effects = machine.passed(state, make_world(now=100.1 + REDEEM_TIMEOUT_S))

    assert over == Refused(ErrorCode.REDEEM_NO_ANSWER, {}, state.guest, 100.1 + REDEEM_TIMEOUT_S)


def test_a_hub_that_has_not_answered_in_time_is_not_waited_for_any_more() -> None:
    asking = Browsing(make_guest(authority=None, asked_at=100.0))

    early, _ = machine.passed(asking, make_world(now=100.0 + IDENTIFY_TIMEOUT_S))
    late, _ = machine.passed(asking, make_world(now=100.1 + IDENTIFY_TIMEOUT_S))

    assert early == asking
    assert late == Browsing(make_guest(authority=None))


def test_a_refusal_with_nobody_behind_it_goes_away_by_itself() -> None:
    state = Refused(ErrorCode.CARD_UNKNOWN, {}, None, 100.0)

    assert machine.passed(state, make_world(now=100 + REFUSAL_S))[0] == state
    assert machine.passed(state, make_world(now=100.1 + REFUSAL_S))[0] == Idle()


def test_a_refusal_within_a_visit_stays_until_it_is_dismissed() -> None:
    state = Refused(ErrorCode.REWARD_GONE, {}, make_guest(), 100.0)

    assert machine.passed(state, make_world(now=1_000.0))[0] == state


def test_no_state_shows_a_member_who_has_not_tapped() -> None:
    guest = replace(make_guest(), snapshot=make_snapshot(member=CHEN))

    assert machine.vouched(Idle(), guest.card.uid, Authority(VISIT, redeems=True), guest.snapshot)[0] == Idle()
