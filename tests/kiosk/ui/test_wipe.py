"""Nothing of a member may outlast the visit: no word, no picture, no code, on the window or off it."""

import gc
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest
from kivy.uix.widget import Widget

from kiosk.ui.inspection import look
from kiosk.ui.rehearsal import Rehearsal
from kiosk.ui.samples import Samples
from kiosk.ui.stage import Stage
from kiosk.ui.widgets import Icon, Picture, QrCode, Ring, Text, WaitRing
from kiosk.views import MemberView

BLANK_TEXTURE_SIZE = (64, 64)
"""Kivy's stand-in for no texture; a QR code's has one pixel a module."""

VISIT = ("member_vouchers", "confirm", "confirm_waiting", "still_there", "voucher_fresh", "member_offline_hurry")


def strings_of(value: Any) -> Iterator[str]:
    """Every word in a view that is not empty."""
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from strings_of(getattr(value, field.name))
    elif isinstance(value, tuple):
        for part in value:
            yield from strings_of(part)
    elif isinstance(value, str) and value:
        yield value


def every_widget(stage: Stage) -> Iterator[Widget]:
    """What is on the window, and what waits beside it."""
    roots: list[Widget] = [
        stage,
        stage.attract,
        stage.identifying,
        stage.member,
        stage.voucher,
        stage.refusal,
        stage.confirm,
    ]
    roots += [stage.still_there, *stage.member.parts.shelf.spares(), *stage.member._stats, *stage.confirm._rows]
    for root in roots:
        yield from root.walk(restrict=True)


def words_in(widget: Widget) -> Iterator[str]:
    for name in widget.properties():
        value = getattr(widget, name)
        if isinstance(value, str):
            yield value
    for value in vars(widget).values():
        if isinstance(value, str):
            yield value


@pytest.fixture
def visited(rehearsal: Rehearsal) -> Rehearsal:
    """A stage after a whole visit, back at the attract screen in the other language."""
    frames = Samples("zh", {}).frames()
    for name in VISIT:
        rehearsal.show(frames[name])
    rehearsal.show(Samples("en", {}).frames()["attract"])
    return rehearsal


def test_no_widget_holds_a_word_of_the_visit(visited: Rehearsal) -> None:
    frames = Samples("zh", {}).frames()
    said = {word for name in VISIT for word in strings_of((frames[name].body, frames[name].confirm)) if len(word) > 1}

    left = {word for widget in every_widget(visited.stage) for word in words_in(widget)} & said

    assert left == set()


def test_no_widget_off_the_window_holds_anything_drawn(visited: Rehearsal) -> None:
    shown = set(visited.stage.walk(restrict=True))

    for widget in every_widget(visited.stage):
        if widget in shown:
            continue
        match widget:
            case Icon() | WaitRing():
                pass
            case Text():
                assert widget.text == ""
                assert widget._drawn == []
            case QrCode():
                assert widget.data == ""
                assert widget._rectangle.texture.size == BLANK_TEXTURE_SIZE
            case Picture():
                assert widget._texture is None
            case Ring():
                assert widget.value == 0


def test_targets_of_the_visit_lose_their_names(visited: Rehearsal) -> None:
    names = {getattr(widget, "name", "") for widget in every_widget(visited.stage)}

    assert not [name for name in names if isinstance(name, str) and name.startswith(("reward:", "voucher:"))]


def test_no_view_of_the_visit_is_kept_alive(rehearsal: Rehearsal) -> None:
    samples = Samples("zh", {})
    rehearsal.show(samples.around(replace(samples.member(), greeting="只此一人")))

    rehearsal.show(samples.frames()["attract"])
    gc.collect()

    views = [thing for thing in gc.get_objects() if type(thing) is MemberView]
    assert "只此一人" not in {view.greeting for view in views}


def test_next_visit_begins_at_the_top_of_the_list(rehearsal: Rehearsal) -> None:
    frames = Samples("zh", {}).frames()
    rehearsal.show(frames["member_vouchers"])
    rehearsal.stage.member.parts.shelf.scroll_to(300)
    rehearsal.run(2)

    rehearsal.show(frames["attract"])
    rehearsal.show(frames["member_vouchers"])

    assert rehearsal.stage.member.parts.shelf.offset == 0


@pytest.mark.parametrize("name", [*VISIT, "attract", "identifying", "refusal_short", "voucher_rejected"])
def test_wiped_screen_shows_everything_again(rehearsal: Rehearsal, name: str) -> None:
    frame = Samples("zh", {}).frames()[name]
    rehearsal.show(frame)
    rehearsal.settle()
    first = look(rehearsal.stage)

    rehearsal.stage.wipe()
    rehearsal.show(frame)
    rehearsal.settle()

    assert look(rehearsal.stage) == first


def test_count_up_of_the_last_member_does_not_run_on(rehearsal: Rehearsal) -> None:
    frames = Samples("zh", {}).frames()
    rehearsal.show(frames["member_gold"])

    rehearsal.show(frames["attract"])
    rehearsal.settle()

    assert rehearsal.stage.member._hero.face.ids.points.text == ""
