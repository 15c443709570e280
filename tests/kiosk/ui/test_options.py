import pytest
from kivy.config import Config

from kiosk.ui.options import FRAMES_PER_S_MAX, draws_offscreen


@pytest.mark.parametrize(
    ("section", "option", "value"),
    [
        ("kivy", "exit_on_escape", "0"),
        ("graphics", "fullscreen", "0"),
        ("graphics", "borderless", "1"),
        ("graphics", "resizable", "0"),
        ("graphics", "maxfps", str(FRAMES_PER_S_MAX)),
    ],
)
def test_window_is_set_up_for_a_kiosk(section: str, option: str, value: str) -> None:
    assert Config.get(section, option) == value


def test_only_one_provider_reports_touches_and_draws_no_dots() -> None:
    assert dict(Config.items("input")) == {"mouse": "mouse,disable_multitouch"}


def test_offscreen_is_told_to_sdl() -> None:
    assert draws_offscreen()
