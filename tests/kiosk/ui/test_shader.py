import math
from collections.abc import Callable
from typing import Any

import pytest
from kivy.uix.floatlayout import FloatLayout
from kivy.uix.widget import Widget

from kiosk.ui import theme
from kiosk.ui.shader import PANEL_FEATURES, panel_fragment
from kiosk.ui.widgets import Panel, Ring

ReadPixels = Callable[[], Any]
Place = Callable[[Widget], None]

BLUE = theme.hex_colour("0000FF")
RED = theme.hex_colour("FF0000")
GREEN = theme.hex_colour("00FF00")
BLACK = theme.hex_colour("000000")


def make_panel(**overrides: object) -> Panel:
    return Panel(**{"size_hint": (None, None), "pos": (100, 100), "size": (200, 100), "fill": BLUE} | overrides)


def make_ring(**overrides: object) -> Ring:
    size = {"size_hint": (None, None), "pos": (100, 100), "size": (200, 200), "thickness": 30}
    return Ring(**size | {"fill": RED, "fill_to": BLUE, "track": theme.CLEAR} | overrides)


def test_panel_fills_its_middle_and_leaves_its_corners(place: Place, read_pixels: ReadPixels) -> None:
    place(make_panel(radius=40))

    pixels = read_pixels()

    assert pixels.at(200, 150) == (0, 0, 255)
    assert pixels.at(101, 101) == pixels.at(90, 90)


def test_edges_are_smooth(place: Place, read_pixels: ReadPixels) -> None:
    place(make_panel(fill=theme.SURFACE, radius=40))

    pixels = read_pixels()

    across = {
        pixels.at(100 + step, 100 + 40 - round(math.sqrt(max(0, 40**2 - (40 - step) ** 2)))) for step in range(1, 30)
    }
    assert len(across) > 4


def test_gradient_runs_along_its_angle(place: Place, read_pixels: ReadPixels) -> None:
    place(make_panel(fill=RED, fill_to=BLUE, angle=0))

    pixels = read_pixels()

    assert pixels.at(105, 150)[0] > 230
    assert pixels.at(295, 150)[2] > 230
    assert abs(pixels.at(200, 110)[0] - pixels.at(200, 190)[0]) <= 2


def test_shadow_falls_outside_the_panel(place: Place, read_pixels: ReadPixels) -> None:
    place(make_panel(pos=(0, 0), size=(700, 600), fill=theme.PAPER))
    place(make_panel(pos=(300, 300)))
    place(make_panel(shadow=0.8, shadow_blur=20, shadow_drop=10))

    pixels = read_pixels()

    assert sum(pixels.at(200, 92)) < sum(pixels.at(400, 292))


def test_notch_is_cut_out(place: Place, read_pixels: ReadPixels) -> None:
    place(make_panel(notch_radius=20))

    pixels = read_pixels()

    assert pixels.at(105, 150) != (0, 0, 255)
    assert pixels.at(105, 190) == (0, 0, 255)


def test_panel_fades_with_the_widgets_around_it(place: Place, read_pixels: ReadPixels) -> None:
    around = FloatLayout(opacity=0.5)
    around.add_widget(make_panel(fill=theme.SURFACE))
    beneath = make_panel(fill=BLACK)
    place(beneath)

    place(around)

    assert read_pixels().at(200, 150) == pytest.approx((128, 128, 128), abs=3)


def test_ring_fills_clockwise_from_the_top(place: Place, read_pixels: ReadPixels) -> None:
    place(make_panel(pos=(80, 80), size=(240, 240), fill=BLACK))
    place(make_ring(value=0.5))

    pixels = read_pixels()

    assert sum(pixels.at(285, 200)) > 100
    assert pixels.at(115, 200) == (0, 0, 0)


def test_start_cap_has_the_start_colour_all_over(place: Place, read_pixels: ReadPixels) -> None:
    """The half of the cap that bulges back before twelve o'clock once took the last colour: a seam in the cap."""
    place(make_panel(pos=(80, 80), size=(240, 240), fill=BLACK))
    place(make_ring(value=0.85))

    pixels = read_pixels()

    left, right = pixels.at(194, 284), pixels.at(202, 284)
    assert left[0] > 240
    assert left == pytest.approx(right, abs=8)


def test_closed_ring_has_no_seam_at_the_top(place: Place, read_pixels: ReadPixels) -> None:
    place(make_ring(value=1.0))

    pixels = read_pixels()

    assert pixels.at(196, 284) == pytest.approx(pixels.at(203, 284), abs=8)


def test_empty_ring_shows_only_its_track(place: Place, read_pixels: ReadPixels) -> None:
    place(make_panel(pos=(80, 80), size=(240, 240), fill=BLACK))
    place(make_ring(value=0.0, track=GREEN))

    assert read_pixels().at(200, 284) == (0, 255, 0)


@pytest.mark.parametrize("feature", sorted(PANEL_FEATURES))
def test_shader_holds_only_what_is_asked_for(feature: str) -> None:
    assert f"#define {feature}\n" in panel_fragment(frozenset({feature}))
    assert f"#define {feature}\n" not in panel_fragment(frozenset())


def test_every_combination_of_features_compiles(place: Place) -> None:
    make: Callable[..., Panel] = make_panel

    for edge in (0, 2):
        for notch in (0, 10):
            for shadow in (0, 0.5):
                for fill_to in (None, RED):
                    place(make(edge_width=edge, notch_radius=notch, shadow=shadow, shadow_blur=9, fill_to=fill_to))
