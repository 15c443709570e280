from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kivy.graphics.texture import Texture
from kivy.uix.widget import Widget

from kiosk.ui import theme
from kiosk.ui.pictures import PICTURE_MAX_BYTES, Pictures
from kiosk.ui.widgets import Panel, Picture

ReadPixels = Callable[[], Any]
Place = Callable[[Widget], None]
Step = Callable[..., None]

WAIT_FRAMES = 600


@pytest.fixture
def pictures() -> Iterator[Pictures]:
    opened = Pictures()
    yield opened
    opened.close()


@pytest.fixture
def red_file(place: Place, step: Step, tmp_path: Path) -> Path:
    """A picture that is red all over."""
    panel = Panel(size_hint=(None, None), size=(64, 32), fill=theme.hex_colour("FF0000"))
    place(panel)
    step()
    path = tmp_path / "red.png"
    panel.export_to_png(str(path))
    return path


def wait_until(happened: Callable[[], bool], step: Callable[..., None]) -> None:
    for _ in range(WAIT_FRAMES):
        if happened():
            return
        step()
    raise AssertionError("it did not happen")


def make_picture(**overrides: object) -> Picture:
    return Picture(**{"size_hint": (None, None), "pos": (200, 200), "size": (100, 100), "tone": 2} | overrides)


def test_picture_comes_later_and_is_here_the_next_time(pictures: Pictures, red_file: Path, step: Step) -> None:
    arrived: list[Texture] = []

    first = pictures.ask(red_file, arrived.append)
    wait_until(lambda: bool(arrived), step)
    second = pictures.ask(red_file, arrived.append)

    assert first is None
    assert arrived == [second]


def test_two_who_ask_at_once_both_get_it(pictures: Pictures, red_file: Path, step: Step) -> None:
    arrived: list[Texture] = []

    pictures.ask(red_file, arrived.append)
    pictures.ask(red_file, arrived.append)
    wait_until(lambda: len(arrived) == 2, step)

    assert arrived[0] is arrived[1]


@pytest.mark.parametrize("content", [None, b"", b"not a picture", bytes(PICTURE_MAX_BYTES + 1)])
def test_picture_that_cannot_be_read_never_comes(
    pictures: Pictures, tmp_path: Path, step: Step, *, caplog: pytest.LogCaptureFixture, content: bytes | None
) -> None:
    path = tmp_path / "broken.png"
    if content is not None:
        path.write_bytes(content)
    arrived: list[Texture] = []

    pictures.ask(path, arrived.append)
    wait_until(lambda: "broken.png cannot be shown" in caplog.text, step)
    step(3)

    assert arrived == []


def test_picture_fades_in_over_its_stand_in(
    pictures: Pictures, red_file: Path, place: Place, *, step: Step, read_pixels: ReadPixels
) -> None:
    picture = make_picture()
    place(picture)
    stand_in = read_pixels().at(250, 250)

    picture.show(red_file, pictures)
    wait_until(lambda: picture.alpha == 1, step)
    step()

    assert stand_in[1] > stand_in[0]
    assert read_pixels().at(250, 250) == pytest.approx((255, 0, 0), abs=3)


def test_known_picture_is_whole_in_the_first_frame(pictures: Pictures, red_file: Path, step: Step) -> None:
    arrived: list[Texture] = []
    pictures.ask(red_file, arrived.append)
    wait_until(lambda: bool(arrived), step)
    picture = make_picture()

    picture.show(red_file, pictures)

    assert picture.alpha == 1


def test_picture_that_comes_after_the_visit_is_not_shown(
    pictures: Pictures, red_file: Path, place: Place, step: Step
) -> None:
    picture = make_picture()
    place(picture)
    picture.show(red_file, pictures)

    picture.wipe()
    arrived: list[Texture] = []
    pictures.ask(red_file, arrived.append)
    wait_until(lambda: bool(arrived), step)
    step(3)

    assert picture.alpha == 0


@pytest.mark.parametrize(
    ("size", "crop"), [((100, 50), (0, 0, 1, 1)), ((50, 50), (0.25, 0, 0.5, 1)), ((100, 25), (0, 0.25, 1, 0.5))]
)
def test_picture_is_cropped_to_its_panel(place: Place, size: tuple[int, int], crop: tuple[float, ...]) -> None:
    picture = make_picture(size=size)
    place(picture)

    picture._take(Texture.create(size=(64, 32)))

    assert picture._crop() == pytest.approx(crop)
