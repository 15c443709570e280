from collections.abc import Callable
from typing import Any

import segno
from kivy.uix.widget import Widget

from kiosk.ui import theme
from kiosk.ui.widgets import Panel, QrCode

ReadPixels = Callable[[], Any]
Place = Callable[[Widget], None]
Step = Callable[..., None]

DATA = "https://kiosk.example/v/7KQ293FX"


def make_code(**overrides: object) -> QrCode:
    return QrCode(**{"size_hint": (None, None), "pos": (100, 100), "size": (400, 400), "data": DATA} | overrides)


def test_every_module_is_where_the_standard_puts_it(place: Place, read_pixels: ReadPixels) -> None:
    code = make_code()
    place(code)

    pixels = read_pixels()

    rows = list(segno.make_qr(DATA, error="m").matrix_iter(border=4))
    side = code._rectangle.size[0] / len(rows)
    left, bottom = code._rectangle.pos
    drawn = [
        [sum(pixels.at(left + (x + 0.5) * side, bottom + (len(rows) - y - 0.5) * side)) < 380 for x in range(len(rows))]
        for y in range(len(rows))
    ]
    assert drawn == [[bool(module) for module in row] for row in rows]


def test_modules_are_whole_pixels(place: Place) -> None:
    code = make_code(size=(333, 377))

    place(code)

    assert (code._rectangle.size[0] / code._modules).is_integer()
    assert code._rectangle.size[0] <= 333


def test_wiped_code_is_gone(place: Place, step: Step, read_pixels: ReadPixels) -> None:
    place(Panel(size_hint=(None, None), size=(600, 600), fill=theme.hex_colour("00FF00")))
    code = make_code()
    place(code)

    code.wipe()
    step()

    assert read_pixels().at(300, 300) == (0, 255, 0)
