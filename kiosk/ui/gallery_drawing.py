"""The gallery's drawing half: pictures of the sample rewards, and one picture per sample frame."""

from collections.abc import Iterator
from pathlib import Path

from kivy.core.window import Window

from kiosk.ui import theme
from kiosk.ui.rehearsal import Rehearsal
from kiosk.ui.samples import GOODS, Good, Samples
from kiosk.ui.widgets import Icon, Panel

PICTURE_SIZE = (800, 520)
HALOS = ((380, 0.16), (300, 0.18))
"""Diameters in pixels, and how white the discs behind a good's icon are."""


def draw_gallery(out: Path, language: str, only: str) -> Iterator[Path]:
    """Draw the frames whose name begins with `only` into `out`; yields each file once it is written."""
    rehearsal = Rehearsal(lambda _intent: None)
    pictures = {good.icon: draw_picture(rehearsal, good, out) for good in GOODS if good.pictured}
    for name, frame in Samples(language, pictures).frames().items():
        if name.startswith(only):
            rehearsal.show(frame)
            rehearsal.settle()
            path = out / f"{name}.png"
            rehearsal.shoot(path)
            rehearsal.stage.wipe()
            yield path
    rehearsal.close()


def draw_picture(rehearsal: Rehearsal, good: Good, folder: Path) -> Path:
    """Draw the picture of a sample reward: its icon on its colours."""
    width, height = PICTURE_SIZE
    dark, light = (theme.hex_colour(code) for code in good.colours)
    canvas = Panel(size_hint=(None, None), size=PICTURE_SIZE, fill=dark, fill_to=light, angle=70)
    for diameter, alpha in HALOS:
        corner = (width - diameter) / 2, (height - diameter) / 2
        halo = Panel(size_hint=(None, None), size=(diameter, diameter), pos=corner, radius=diameter / 2)
        halo.fill = theme.hex_colour("FFFFFF", alpha)
        canvas.add_widget(halo)
    canvas.add_widget(
        Icon(name=good.icon, font_size=200, color=theme.SURFACE, pos_hint={"center_x": 0.5, "center_y": 0.5})
    )
    Window.add_widget(canvas)
    rehearsal.run(2)
    path = folder / f"picture-{good.icon}.png"
    canvas.export_to_png(str(path))
    Window.remove_widget(canvas)
    return path
