from collections.abc import Callable

import pytest
from kivy.uix.widget import Widget

from kiosk.ui.widgets import Figure, Icon, Text

Place = Callable[[Widget], None]
Step = Callable[..., None]

LONG = "这一句话特别特别长，长得让人怀疑它到底有没有一个尽头可言"


def make_text(**overrides: object) -> Text:
    return Text(**{"size_hint": (None, None), "size": (300, 60), "font_size": 30, "text": "会员"} | overrides)


def drawn_width(text: Text) -> float:
    return float(max(drawn.size[0] for drawn in text._drawn))


def test_short_text_is_drawn_at_full_size(place: Place) -> None:
    text = make_text()

    place(text)

    assert text._used_px == 30
    assert text.line_count == 1
    assert not text.cut


@pytest.mark.parametrize("sentence", [LONG, "Supercalifragilisticexpialidocious " * 4, "x" * 300])
def test_long_text_stays_inside_its_box(place: Place, sentence: str) -> None:
    text = make_text(text=sentence, lines=2)

    place(text)

    assert drawn_width(text) <= text.width
    assert text.line_count == 2
    assert text.cut


def test_text_gets_smaller_before_it_is_cut(place: Place) -> None:
    text = make_text(text="会员积分会员积分会", size=(250, 60))

    place(text)

    assert text._used_px < 30
    assert not text.cut
    assert drawn_width(text) <= 250


def test_new_words_are_drawn_in_the_next_frame(place: Place, step: Step) -> None:
    text = make_text()
    place(text)
    before = drawn_width(text)

    text.text = "会员会员"
    step(1)

    assert drawn_width(text) == pytest.approx(2 * before, abs=2)


def test_text_with_a_limit_decides_its_own_width(place: Place) -> None:
    text = make_text(limit=200)

    place(text)

    assert text.width == drawn_width(text) < 200


def test_lines_begin_on_whole_pixels(place: Place) -> None:
    text = make_text(pos=(10.4, 20.7), halign="center")

    place(text)

    assert all(float(edge).is_integer() for drawn in text._drawn for edge in drawn.pos)


def test_markup_is_drawn_as_it_stands(place: Place) -> None:
    plain, marked = make_text(text="b", limit=500), make_text(text="[b]b[/b]", limit=500)

    place(plain)
    place(marked)

    assert marked.width > 3 * plain.width


def test_wiping_leaves_neither_words_nor_pictures_of_them(place: Place) -> None:
    text = make_text(text="林*，下午好")
    place(text)

    text.wipe()

    assert text.text == ""
    assert text._drawn == []


def test_unknown_icon_is_never_a_box(place: Place) -> None:
    unknown, known = Icon(name="no-such-icon"), Icon(name="info")

    place(unknown)
    place(known)

    assert unknown.text == known.text != ""


def test_figure_counts_to_exactly_what_the_view_says(place: Place, step: Step) -> None:
    figure = Figure(size_hint=(None, None), size=(300, 60))
    place(figure)
    figure.put(1200, "1,200")

    figure.count_to(900, "900 !")
    step(3)
    on_the_way = figure.text
    step(32)

    assert 900 < int(on_the_way.replace(",", "")) < 1200
    assert figure.text == "900 !"


def test_figure_that_is_wiped_does_not_count_on(place: Place, step: Step) -> None:
    figure = Figure(size_hint=(None, None), size=(300, 60))
    place(figure)
    figure.count_to(12860, "12,860")
    step(3)

    figure.wipe()
    step(32)

    assert figure.text == ""
