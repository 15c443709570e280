import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.desk.cards import save
from tests.devices.builders import make_cards_file
from tests.devices.desks import Running, start, stop

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
BROWSER_WAIT_S = 60

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    save(make_cards_file(), tmp_path / "cards.json")
    running = start(tmp_path / "cards.json")
    yield running
    stop(running)


def shown(running: Running, profile: Path, language: str) -> str:
    """What a browser makes of the page, and what it complains about."""
    page = subprocess.run(
        [
            str(CHROMIUM),
            *("--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", "--enable-logging=stderr"),
            *(f"--user-data-dir={profile}", "--virtual-time-budget=3000"),
            f"http://127.0.0.1:{running.port}/?language={language}",
        ],
        capture_output=True,
        text=True,
        timeout=BROWSER_WAIT_S,
        check=True,
    )
    assert "CONSOLE" not in page.stderr, page.stderr
    return page.stdout


@pytest.mark.parametrize(("language", "names"), [("zh", ["林", "王", "银行卡"]), ("en", ["Lin", "Wang", "Bank card"])])
def test_a_browser_shows_every_card_in_its_language(
    running: Running, tmp_path: Path, language: str, names: list[str]
) -> None:
    page = shown(running, tmp_path / "profile", language)

    assert re.search(rf'<html lang="{language}">', page)
    assert len(re.findall(r'class="slot[" ]', page)) == 8
    assert all(f'<span class="holder">{name}</span>' in page for name in names)
