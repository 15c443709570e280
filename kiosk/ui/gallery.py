"""Draws every screen and state to pictures: `python -m kiosk.ui.gallery --size 1080x1920 --language zh --out DIR`."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from kiosk.ui.options import WindowOptions, prepare
from kiosk.ui.samples import LANGUAGES


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw the gallery without any display, naming each picture as it is written; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m kiosk.ui.gallery", description=__doc__)
    parser.add_argument("--size", default=(1080, 1920), type=_size, help="width x height in pixels: 1080x1920")
    parser.add_argument("--language", default="zh", choices=LANGUAGES)
    parser.add_argument("--out", required=True, type=Path, help="folder for the pictures; made if missing")
    parser.add_argument("--only", default="", help="draw only the frames whose name begins so")
    chosen = parser.parse_args(arguments)
    width_px, height_px = chosen.size
    prepare(WindowOptions(width_px, height_px, offscreen=True))
    # Kivy opens its window while it is imported, so it must not be imported before it has been prepared.
    from kiosk.ui.gallery_drawing import draw_gallery  # noqa: PLC0415

    chosen.out.mkdir(parents=True, exist_ok=True)
    for path in draw_gallery(chosen.out, chosen.language, chosen.only):
        print(path)  # noqa: T201 - the names are this command's output
    return 0


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return int(width), int(height)


if __name__ == "__main__":
    raise SystemExit(main())
