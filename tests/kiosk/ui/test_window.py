from collections.abc import Callable, Iterator

import pytest
from kivy.core.window import Window
from kivy.metrics import dp

from kiosk.ui.inspection import look
from kiosk.ui.samples import Samples
from kiosk.ui.window import KioskWindow
from kiosk.visit.intents import Intent

FRAMES = Samples("zh", {}).frames()
WAIT_FRAMES = 120

Step = Callable[..., None]


@pytest.fixture
def ready() -> list[str]:
    return []


@pytest.fixture
def kiosk(step: Step, ready: list[str]) -> Iterator[KioskWindow]:
    """A kiosk's window whose frames the test steps itself."""
    sent: list[Intent] = []
    window = KioskWindow(sent.append, lambda: ready.append("ready"), lambda: 0.0)
    step(2)
    yield window
    Window.unbind(on_resize=window._resized, on_flip=window._flipped)
    Window.remove_widget(window.stage)


def test_window_is_ready_once_after_its_first_frame(kiosk: KioskWindow, ready: list[str], step: Step) -> None:
    kiosk.bridge.show(FRAMES["attract"])
    step(3)

    assert ready == ["ready"]


def test_warming_up_leaves_nothing_on_the_stage(kiosk: KioskWindow) -> None:
    assert look(kiosk.stage).screen == ""
    assert not [text for text in look(kiosk.stage).texts if "林" in text]


def test_newest_frame_is_drawn_in_the_next_frame(kiosk: KioskWindow, step: Step) -> None:
    kiosk.bridge.show(FRAMES["attract"])
    kiosk.bridge.show(FRAMES["member_gold"])

    step(1)

    assert look(kiosk.stage).screen == "member"


def test_window_of_another_size_gets_a_stage_of_its_own(kiosk: KioskWindow, step: Step) -> None:
    kiosk.bridge.show(FRAMES["member_gold"])
    step(2)
    first, texts, unit_px = kiosk.stage, look(kiosk.stage).texts, dp(1)

    Window.size = (800, 480)
    for _ in range(WAIT_FRAMES):
        if kiosk.stage is not first:
            break
        step()
    step(2)

    assert kiosk.stage is not first
    assert tuple(kiosk.stage.size) == (800, 480)
    assert dp(1) == pytest.approx(unit_px * 480 / 800)
    assert len(look(kiosk.stage).texts) == len(texts)
