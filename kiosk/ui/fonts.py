"""The typefaces and the icons: where they lie, registering them with Kivy, and which letter is which icon.

The files are made by the package's build, not kept in the repository; without them nothing readable can be drawn.
"""

import json
from functools import cache
from pathlib import Path

from kivy.core.text import LabelBase

FOLDER = Path(__file__).parent / "fonts"
WEIGHTS = ("regular", "medium", "bold", "black")
ICONS = "icons"
UNKNOWN_ICON = "info"


class FontsMissingError(RuntimeError):
    """The font files are not on disk. Not retryable: the package has to be installed again."""


def register_fonts(folder: Path = FOLDER) -> None:
    """Give Kivy every weight under its own name; raises `FontsMissingError` naming what is not there."""
    files = {name: folder / f"{name}.ttf" for name in (*WEIGHTS, ICONS)}
    missing = [path.name for path in (*files.values(), folder / "icons.json") if not path.is_file()]
    if missing:
        names = ", ".join(missing)
        raise FontsMissingError(f"{names} missing in {folder}: install the package again to fetch fonts and icons")
    for name, path in files.items():
        LabelBase.register(name, str(path))
    # Kivy's own widgets ask for Roboto, which has no Chinese.
    LabelBase.register("Roboto", str(files["regular"]), fn_bold=str(files["bold"]))


def icon_letter(name: str) -> str:
    """The letter that draws a Phosphor icon; a name we do not know draws `UNKNOWN_ICON`, never a box."""
    letters = _icon_letters()
    return letters.get(name, letters[UNKNOWN_ICON])


@cache
def _icon_letters() -> dict[str, str]:
    codepoints: dict[str, int] = json.loads((FOLDER / "icons.json").read_text(encoding="utf-8"))
    return {name: chr(codepoint) for name, codepoint in codepoints.items()}
