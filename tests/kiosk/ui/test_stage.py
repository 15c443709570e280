from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from typing import Any

import pytest
from kivy.clock import Clock
from kivy.core.window import Window
from kivy.metrics import dp
from kivy.uix.widget import Widget

from kiosk.ui import theme
from kiosk.ui.inspection import find_target, look
from kiosk.ui.rehearsal import Rehearsal
from kiosk.ui.samples import LANGUAGES, Samples
from kiosk.ui.screens.shelf import TILES_MAX
from kiosk.ui.widgets import Icon, Tappable, Text
from kiosk.views import Frame
from kiosk.views.voucher import Standing

SAMPLES = Samples("zh", {})
MEMBER = SAMPLES.member()
SIZES = [(800, 480), (1280, 800), (1920, 1080), (1024, 768), (1080, 1920), (480, 800)]
NOT_WORDS = {"icon", "tone", "qr_text", "language"}
NASTY = {
    "zh": "，这一句话特别特别长，长得让人怀疑它到底有没有一个尽头可言",
    "en": " supercalifragilisticexpialidocious and then some more words that do not want to end",
}


@dataclass(frozen=True, slots=True)
class Block:
    """Where the letters of one text lie in the window, without the air around them."""

    text: str
    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: "Block") -> bool:
        return (
            self.left < other.right and other.left < self.right and self.bottom < other.top and other.bottom < self.top
        )


def lengthen(value: Any, extra: str) -> Any:
    """The same frame with every sentence far too long."""
    if is_dataclass(value) and not isinstance(value, type):
        changed = {f.name: lengthen(getattr(value, f.name), extra) for f in fields(value) if f.name not in NOT_WORDS}
        return replace(value, **changed)
    if isinstance(value, tuple):
        return tuple(lengthen(part, extra) for part in value)
    if isinstance(value, str) and not isinstance(value, Enum) and value:
        return value + extra
    return value


def visible(root: Widget) -> Iterator[Widget]:
    if root.opacity:
        yield root
        for child in root.children:
            yield from visible(child)


def words(root: Widget) -> list[Text]:
    return [
        widget for widget in visible(root) if isinstance(widget, Text) and not isinstance(widget, Icon) and widget.text
    ]


def block_of(text: Text) -> Block:
    left = min(drawn.pos[0] for drawn in text._drawn)
    right = max(drawn.pos[0] + drawn.size[0] for drawn in text._drawn)
    letters = text.line_count * text._line_px - (text._line_px - text._used_px)
    bottom = text.y + (text.height - letters) / 2
    corner = text.to_window(left, bottom)
    return Block(text.text, corner[0], corner[1], corner[0] + right - left, corner[1] + letters)


def layers(rehearsal: Rehearsal) -> list[Widget]:
    """What may not overlap within itself; a question may of course cover the page."""
    modal = rehearsal.stage.open_modal()
    return [rehearsal.stage.ids.page, *([modal] if modal else [])]


def lay_out(rehearsal: Rehearsal, frame: Frame) -> None:
    """Put a frame on the stage and everything in its place, without the time it takes to draw it."""
    rehearsal.stage.show(frame)
    Clock.tick_draw()


def assert_well_set(rehearsal: Rehearsal) -> None:
    """No text leaves its box or the window, and no two texts touch."""
    for layer in layers(rehearsal):
        blocks = []
        for text in words(layer):
            block = block_of(text)
            assert block.right - block.left <= text.width + 1, f"{text.text!r} is wider than its box"
            assert block.top - block.bottom <= text.height + 1, f"{text.text!r} is higher than its box"
            assert block.left >= 0, f"{text.text!r} begins left of the window"
            assert block.right <= Window.width, f"{text.text!r} ends right of the window"
            blocks.append(block)
        for index, block in enumerate(blocks):
            for other in blocks[:index]:
                assert not block.meets(other), f"{block} meets {other}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", SIZES)
def test_every_frame_is_well_set(
    open_rehearsal: Callable[..., Rehearsal], size: tuple[int, int], language: str
) -> None:
    rehearsal = open_rehearsal(size)

    for frame in Samples(language, {}).frames().values():
        lay_out(rehearsal, frame)
        assert_well_set(rehearsal)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", SIZES)
def test_nasty_sentences_are_well_set_too(
    open_rehearsal: Callable[..., Rehearsal], size: tuple[int, int], language: str
) -> None:
    rehearsal = open_rehearsal(size)

    for frame in Samples(language, {}).frames().values():
        lay_out(rehearsal, lengthen(frame, NASTY[language]))
        assert_well_set(rehearsal)


@pytest.mark.parametrize("size", SIZES)
def test_every_target_is_large_enough_for_a_finger(
    open_rehearsal: Callable[..., Rehearsal], size: tuple[int, int]
) -> None:
    rehearsal = open_rehearsal(size)

    for frame in Samples("en", {}).frames().values():
        lay_out(rehearsal, frame)
        targets = [widget for widget in visible(rehearsal.stage) if isinstance(widget, Tappable)]
        assert targets
        for target in targets:
            assert min(target.size) >= dp(theme.TOUCH_MIN_UNITS) - 0.5, target.name


@pytest.mark.parametrize("name", ["attract", "member_offline_hurry", "confirm", "voucher_fresh", "refusal_short"])
def test_first_frame_already_holds_every_word_and_target(rehearsal: Rehearsal, name: str) -> None:
    frame = Samples("en", {}).frames()[name]

    rehearsal.show(frame, frames=1)
    first = look(rehearsal.stage)
    rehearsal.settle()

    settled = look(rehearsal.stage)
    assert first.screen == settled.screen
    assert first.targets == settled.targets
    assert len(first.texts) == len(settled.texts)
    assert len(settled.texts) > 2


def test_screens_and_questions_have_their_names(rehearsal: Rehearsal) -> None:
    frames = SAMPLES.frames()
    seen = {}

    for name, frame in frames.items():
        rehearsal.show(frame, frames=1)
        sight = look(rehearsal.stage)
        seen[name] = (sight.screen, sight.modal)

    assert seen["attract"] == ("attract", "")
    assert seen["identifying"] == ("identifying", "")
    assert seen["member_gold"] == ("member", "")
    assert seen["confirm"] == ("member", "confirm")
    assert seen["still_there"] == ("member", "still_there")
    assert seen["voucher_fresh"] == ("voucher", "")
    assert seen["refusal_short"] == ("refusal", "")


def test_language_switch_redraws_in_place(rehearsal: Rehearsal) -> None:
    rehearsal.show(SAMPLES.frames()["member_gold"])
    rehearsal.stage.member.parts.shelf.scroll_to(120)
    rehearsal.settle()
    before = list(visible(rehearsal.stage))

    rehearsal.show(Samples("en", {}).frames()["member_gold"])

    assert list(visible(rehearsal.stage)) == before
    assert rehearsal.stage.member.parts.shelf.offset == 120
    assert "Rewards for you" in look(rehearsal.stage).texts
    assert "可兑换好礼" not in look(rehearsal.stage).texts


def test_new_price_counts_to_its_value_on_the_same_tile(rehearsal: Rehearsal) -> None:
    rehearsal.show(SAMPLES.around(MEMBER))
    rehearsal.settle()
    tile = find_target(rehearsal.stage, f"reward:{MEMBER.rewards[0].reward}")
    dearer = replace(MEMBER.rewards[0], points=2400, price="2,400")

    rehearsal.show(SAMPLES.around(replace(MEMBER, rewards=(dearer, *MEMBER.rewards[1:]))), frames=0)
    at_first = tile.ids.price.text
    rehearsal.settle()

    assert (at_first, tile.ids.price.text) == ("1,200", "2,400")


def test_showing_the_same_frame_again_draws_nothing(rehearsal: Rehearsal) -> None:
    frame = SAMPLES.frames()["member_gold"]
    rehearsal.show(frame)
    rehearsal.settle()
    flips: list[object] = []
    Window.bind(on_flip=flips.append)

    rehearsal.show(frame, frames=6)

    Window.unbind(on_flip=flips.append)
    assert flips == []


@pytest.mark.parametrize("name", ["member_gold", "confirm", "voucher_provisional", "refusal_short", "attract_unusable"])
def test_still_screens_draw_no_frames(rehearsal: Rehearsal, name: str) -> None:
    rehearsal.show(SAMPLES.frames()[name])
    rehearsal.settle()
    flips: list[object] = []
    Window.bind(on_flip=flips.append)

    rehearsal.run(10)

    Window.unbind(on_flip=flips.append)
    assert flips == []


def test_attract_screen_moves_only_while_usable(rehearsal: Rehearsal) -> None:
    frames = SAMPLES.frames()
    ripples = rehearsal.stage.attract.parts.ripples

    rehearsal.show(frames["attract"])
    rehearsal.run(20)
    moving = ripples.phase
    rehearsal.show(frames["attract_unusable"])
    rehearsal.run(20)

    assert moving > 0
    assert ripples.phase == 0
    assert rehearsal.stage.attract.parts.card.opacity == 0


def test_waiting_takes_the_place_of_the_buttons(rehearsal: Rehearsal) -> None:
    frames = SAMPLES.frames()

    rehearsal.show(frames["confirm"])
    asking = look(rehearsal.stage)
    rehearsal.show(frames["confirm_waiting"])
    waiting = look(rehearsal.stage)

    assert asking.targets == ("cancel", "confirm")
    assert waiting.targets == ()
    assert "正在兑换，请稍候…" in waiting.texts


def test_rejected_voucher_shows_no_code_to_scan(rehearsal: Rehearsal) -> None:
    frames = SAMPLES.frames()
    rehearsal.show(frames["voucher_provisional"])
    before = rehearsal.stage.voucher.parts.qr.data

    rehearsal.show(frames["voucher_rejected"])

    assert before != ""
    assert rehearsal.stage.voucher.parts.qr.data == ""


def test_confetti_never_falls_across_the_card(rehearsal: Rehearsal, read_pixels: Callable[[], Any]) -> None:
    rehearsal.show(SAMPLES.around(SAMPLES.voucher(Standing.CONFIRMED, fresh=False)))
    rehearsal.settle()
    card = rehearsal.stage.voucher.parts.card
    still = read_pixels()
    rehearsal.stage.wipe()

    rehearsal.show(SAMPLES.around(SAMPLES.voucher(Standing.CONFIRMED, fresh=True)))
    rehearsal.run(70)
    falling = read_pixels()

    points = [
        (card.x + card.width * (0.06 + 0.022 * i), card.y + card.height * (0.06 + 0.03 * j))
        for i in range(40)
        for j in range(30)
    ]
    assert rehearsal.stage.voucher.parts.confetti._elapsed_s > 0
    assert [falling.at(*point) for point in points] == [still.at(*point) for point in points]


def test_still_there_lies_above_a_question_that_comes_later(rehearsal: Rehearsal) -> None:
    frames = SAMPLES.frames()
    rehearsal.show(frames["still_there"])

    rehearsal.show(replace(frames["still_there"], confirm=frames["confirm"].confirm))

    assert look(rehearsal.stage).modal == "still_there"
    assert rehearsal.stage.children[0] is rehearsal.stage.still_there


def test_more_rewards_than_were_built_are_shown(rehearsal: Rehearsal) -> None:
    many = tuple(replace(MEMBER.rewards[0], name=f"好礼 {number}") for number in range(30))

    rehearsal.show(SAMPLES.around(replace(MEMBER, rewards=many)))

    assert sum(text.startswith("好礼 ") for text in look(rehearsal.stage).texts) == 30


def test_catalogue_of_any_length_is_bounded(rehearsal: Rehearsal) -> None:
    rehearsal.show(SAMPLES.around(replace(MEMBER, rewards=MEMBER.rewards * 20)))

    assert sum(target.startswith("reward:") for target in look(rehearsal.stage).targets) == TILES_MAX


def test_empty_shelf_says_so(rehearsal: Rehearsal) -> None:
    frame = Samples("en", {}).frames()["member_no_rewards"]

    rehearsal.show(frame)

    assert "New rewards are on their way. Do look again soon." in look(rehearsal.stage).texts
    assert rehearsal.stage.member.parts.shelf.ids.empty.opacity == 1


def test_list_shows_that_there_is_more_below(rehearsal: Rehearsal) -> None:
    rehearsal.show(SAMPLES.frames()["member_gold"])
    shelf = rehearsal.stage.member.parts.shelf

    at_first = (shelf.at_top, shelf.at_bottom)
    shelf.scroll_to(10_000)
    rehearsal.run(2)

    assert at_first == (True, False)
    assert (shelf.at_top, shelf.at_bottom) == (False, True)
