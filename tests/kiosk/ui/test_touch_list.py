from dataclasses import replace
from typing import Any

import pytest

from kiosk.ui.inspection import find_target, scroll_into_view
from kiosk.ui.rehearsal import Rehearsal
from kiosk.ui.samples import Samples
from kiosk.ui.screens.shelf import Shelf
from kiosk.visit.intents import Intent, RewardChosen, Touched

SAMPLES = Samples("zh", {})
MEMBER = SAMPLES.member()
FIRST = f"reward:{MEMBER.rewards[0].reward}"
LAST = f"reward:{MEMBER.rewards[-1].reward}"


@pytest.fixture
def shelf(rehearsal: Rehearsal) -> Shelf:
    rehearsal.show(SAMPLES.around(MEMBER))
    found: Shelf = rehearsal.stage.member.parts.shelf
    return found


def drag(rehearsal: Rehearsal, start: tuple[float, float], up: float, *, steps: int = 8) -> None:
    touch = rehearsal.press(*start)
    for step in range(1, steps + 1):
        rehearsal.drag(touch, start[0], start[1] + up * step / steps)
    rehearsal.lift(touch)


def middle_of(shelf: Shelf) -> tuple[float, float]:
    return shelf.center_x, shelf.center_y


@pytest.mark.parametrize("size", [(1280, 800), (1080, 1920), (800, 480)])
def test_list_follows_the_finger_and_chooses_nothing(studio: Any, size: tuple[int, int]) -> None:
    rehearsal = studio.open(size)
    rehearsal.show(SAMPLES.frames()["member_vouchers"])
    shelf = rehearsal.stage.member.parts.shelf

    drag(rehearsal, middle_of(shelf), up=120)

    assert shelf.offset > 60
    assert studio.intents == [Touched()]


@pytest.mark.usefixtures("shelf")
def test_tile_is_pressed_at_once_and_let_go_when_the_finger_drags(rehearsal: Rehearsal) -> None:
    tile = find_target(rehearsal.stage, FIRST)
    x, y = tile.to_window(*tile.center)

    touch = rehearsal.press(x, y)
    pressed = tile.depth
    rehearsal.drag(touch, x, y + 60)
    rehearsal.settle()
    dragged = tile.depth
    rehearsal.lift(touch)

    assert pressed == 1
    assert dragged == 0


@pytest.mark.usefixtures("shelf")
def test_tap_is_told_as_soon_as_the_finger_lifts(rehearsal: Rehearsal, intents: list[Intent]) -> None:
    tile = find_target(rehearsal.stage, FIRST)

    touch = rehearsal.press(*tile.to_window(*tile.center))
    rehearsal.finger.lift(touch)
    rehearsal.run(1)

    assert intents[-1] == RewardChosen(MEMBER.rewards[0].reward, MEMBER.rewards[0].points)


def test_trembling_finger_still_taps(rehearsal: Rehearsal, shelf: Shelf, intents: list[Intent]) -> None:
    tile = find_target(rehearsal.stage, FIRST)

    drag(rehearsal, tile.to_window(*tile.center), up=6)

    assert isinstance(intents[-1], RewardChosen)
    assert shelf.offset == 0


def test_flick_coasts_on_and_comes_to_rest_on_a_whole_pixel(rehearsal: Rehearsal, shelf: Shelf) -> None:
    drag(rehearsal, middle_of(shelf), up=70, steps=3)
    when_lifted = shelf.offset

    rehearsal.run(90)

    assert shelf.offset > when_lifted
    assert float(shelf._shift.y).is_integer()
    assert shelf._coasting.velocity == 0


def test_list_never_leaves_its_ends(rehearsal: Rehearsal, shelf: Shelf) -> None:
    drag(rehearsal, middle_of(shelf), up=-200)
    above = shelf.offset
    for _ in range(6):
        drag(rehearsal, middle_of(shelf), up=300)

    assert above == 0
    assert shelf.offset == shelf.children[0].height - shelf.height
    assert shelf.at_bottom


@pytest.mark.usefixtures("shelf")
def test_tap_on_a_scrolled_list_finds_what_is_seen_there(rehearsal: Rehearsal, intents: list[Intent]) -> None:
    last = find_target(rehearsal.stage, LAST)
    scroll_into_view(last)
    rehearsal.run(2)

    rehearsal.tap(*last.to_window(*last.center))

    assert intents[-1] == RewardChosen(MEMBER.rewards[-1].reward, MEMBER.rewards[-1].points)


@pytest.mark.usefixtures("shelf")
def test_reward_that_takes_anothers_place_under_the_finger_is_not_chosen(
    rehearsal: Rehearsal, intents: list[Intent]
) -> None:
    tile = find_target(rehearsal.stage, FIRST)

    touch = rehearsal.press(*tile.to_window(*tile.center))
    rehearsal.show(SAMPLES.around(replace(MEMBER, rewards=MEMBER.rewards[1:])))
    rehearsal.lift(touch)

    assert intents == [Touched()]


def test_what_is_scrolled_out_cannot_be_touched_outside_the_list(
    rehearsal: Rehearsal, shelf: Shelf, intents: list[Intent]
) -> None:
    shelf.scroll_to(200)
    rehearsal.run(2)

    rehearsal.tap(shelf.center_x, shelf.top + 20)

    assert intents == [Touched()]


def test_shorter_list_scrolls_back_into_sight(rehearsal: Rehearsal, shelf: Shelf) -> None:
    shelf.scroll_to(10_000)

    rehearsal.show(SAMPLES.around(replace(MEMBER, rewards=MEMBER.rewards[:1])))

    assert shelf.offset == 0
    assert shelf.at_top
    assert shelf.at_bottom
