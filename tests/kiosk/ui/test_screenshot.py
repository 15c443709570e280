from pathlib import Path
from typing import Any

import pytest
from kivy.core.image import Image
from kivy.metrics import dp

from kiosk.ui.rehearsal import Rehearsal
from kiosk.ui.samples import Samples


@pytest.mark.parametrize("size", [(1280, 800), (1366, 768), (1021, 767)])
def test_picture_is_what_the_window_shows(studio: Any, tmp_path: Path, size: tuple[int, int]) -> None:
    rehearsal = studio.open(size)
    rehearsal.show(Samples("zh", {}).frames()["refusal_short"])
    rehearsal.settle()
    path = tmp_path / "shot.png"
    card = rehearsal.stage.refusal.parts.card

    rehearsal.shoot(path)

    shot = Image(str(path), keep_data=True, nocache=True)
    assert tuple(shot.size) == size
    for share in (0.12, 0.5, 0.88):
        y = size[1] - 1 - int(card.y + dp(20))
        assert shot.read_pixel(int(card.x + card.width * share), y) == pytest.approx([1, 1, 1, 1], abs=0.01)


def test_done_is_called_once_the_file_is_there(rehearsal: Rehearsal, tmp_path: Path) -> None:
    rehearsal.show(Samples("zh", {}).frames()["attract"])
    path = tmp_path / "shot.png"

    rehearsal.shoot(path)
    rehearsal.run(3)

    assert [file.name for file in tmp_path.iterdir()] == ["shot.png"]
