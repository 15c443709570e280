from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from kiosk.ui.inspection import find_target
from kiosk.ui.rehearsal import Rehearsal
from kiosk.ui.samples import Samples
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

SAMPLES = Samples("zh", {})
FRAMES = SAMPLES.frames()
MEMBER = SAMPLES.member()
LATTE, SHIRT = MEMBER.rewards[0], MEMBER.rewards[4]
SECOND_VOUCHER = UUID(int=902)


def tap(rehearsal: Rehearsal, target: str) -> None:
    widget = find_target(rehearsal.stage, target)
    rehearsal.tap(*widget.to_window(*widget.center))


@pytest.mark.parametrize(
    ("frame", "target", "intent"),
    [
        ("attract", "language:en", LanguageChosen("en")),
        ("member_gold", "language:en", LanguageChosen("en")),
        ("member_gold", f"reward:{LATTE.reward}", RewardChosen(LATTE.reward, 1200)),
        ("member_gold", f"reward:{SHIRT.reward}", RewardChosen(SHIRT.reward, 9900)),
        ("member_gold", "end", VisitEnded()),
        ("member_vouchers", f"voucher:{SECOND_VOUCHER}", VoucherChosen(SECOND_VOUCHER)),
        ("confirm", "confirm", RedeemConfirmed()),
        ("confirm", "cancel", Dismissed()),
        ("voucher_provisional", "done", VisitEnded()),
        ("voucher_provisional", "more", Dismissed()),
        ("refusal_short", "dismiss", Dismissed()),
    ],
)
def test_tap_says_what_the_customer_does(studio: Any, frame: str, target: str, intent: Intent) -> None:
    rehearsal = studio.open()
    rehearsal.show(FRAMES[frame])

    tap(rehearsal, target)

    assert studio.intents == [Touched(), intent]


def test_stay_is_nothing_but_a_touch(rehearsal: Rehearsal, intents: list[Intent]) -> None:
    rehearsal.show(FRAMES["still_there"])

    tap(rehearsal, "stay")

    assert intents == [Touched()]


def test_touch_beside_everything_still_shows_that_somebody_is_here(rehearsal: Rehearsal, intents: list[Intent]) -> None:
    rehearsal.show(FRAMES["attract"])

    rehearsal.tap(5, 5)

    assert intents == [Touched()]


def test_question_keeps_touches_from_the_page(rehearsal: Rehearsal, intents: list[Intent]) -> None:
    rehearsal.show(FRAMES["member_gold"])
    end = find_target(rehearsal.stage, "end").center
    rehearsal.show(FRAMES["confirm"])

    rehearsal.tap(*end)

    assert intents == [Touched()]


def test_nothing_can_be_confirmed_twice_while_waiting(rehearsal: Rehearsal, intents: list[Intent]) -> None:
    rehearsal.show(FRAMES["confirm"])
    confirm = find_target(rehearsal.stage, "confirm").center
    rehearsal.show(FRAMES["confirm_waiting"])

    rehearsal.tap(*confirm)

    assert intents == [Touched()]


def test_pressed_button_answers_in_the_next_frame(rehearsal: Rehearsal) -> None:
    rehearsal.show(FRAMES["refusal_short"])
    button = find_target(rehearsal.stage, "dismiss")

    touch = rehearsal.press(*button.center)
    pressed = (button.depth, button.darkness)
    rehearsal.lift(touch)
    rehearsal.settle()

    assert pressed[0] == 1
    assert pressed[1] > 0
    assert button.depth == 0


def test_finger_that_slides_off_a_button_does_nothing(rehearsal: Rehearsal, intents: list[Intent]) -> None:
    rehearsal.show(FRAMES["refusal_short"])
    button = find_target(rehearsal.stage, "dismiss")

    touch = rehearsal.press(*button.center)
    rehearsal.drag(touch, button.center_x, button.top + 200)
    rehearsal.lift(touch)

    assert intents == [Touched()]


def test_tile_tells_the_price_that_stands_on_it(rehearsal: Rehearsal, intents: list[Intent]) -> None:
    rehearsal.show(SAMPLES.around(MEMBER))
    dearer = replace(LATTE, points=1500, price="1,500")
    rehearsal.show(SAMPLES.around(replace(MEMBER, rewards=(dearer, *MEMBER.rewards[1:]))))

    tap(rehearsal, f"reward:{LATTE.reward}")

    assert intents[-1] == RewardChosen(LATTE.reward, 1500)
