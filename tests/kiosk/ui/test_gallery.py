import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(("size", "language"), [("480x800", "zh"), ("800x480", "en")])
def test_gallery_draws_the_frames_that_were_asked_for(tmp_path: Path, size: str, language: str) -> None:
    command = [sys.executable, "-m", "kiosk.ui.gallery", "--size", size, "--language", language]

    done = subprocess.run(
        [*command, "--out", str(tmp_path), "--only", "attract"], capture_output=True, text=True, check=True
    )

    drawn = [Path(line) for line in done.stdout.split()]
    names = ["attract", "attract_offline", "attract_unusable", "attract_storage", "attract_waiting"]
    assert sorted(path.stem for path in drawn) == sorted(names)
    assert all(path.stat().st_size > 10_000 for path in drawn)


def test_gallery_tells_what_it_needs() -> None:
    done = subprocess.run([sys.executable, "-m", "kiosk.ui.gallery"], capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "--out" in done.stderr
