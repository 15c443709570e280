from pathlib import Path

import pytest

from kiosk.ui.fonts import FontsMissingError, icon_letter, register_fonts


def test_missing_fonts_are_named(tmp_path: Path) -> None:
    (tmp_path / "regular.ttf").touch()

    with pytest.raises(FontsMissingError, match=r"medium\.ttf, bold\.ttf, black\.ttf, icons\.ttf, icons\.json"):
        register_fonts(tmp_path)


@pytest.mark.parametrize("name", ["storefront", "crown-simple", "wifi-slash", "hand-tap", "check-fat", "arrow-right"])
def test_icons_of_the_layouts_exist(name: str) -> None:
    assert icon_letter(name) != icon_letter("no-such-icon")


def test_icon_nobody_knows_is_an_i() -> None:
    assert icon_letter("no-such-icon") == icon_letter("info")
