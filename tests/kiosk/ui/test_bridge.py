import threading
from dataclasses import replace

from kiosk.ui.bridge import Bridge
from kiosk.ui.samples import Samples
from kiosk.views import Frame

FRAMES = Samples("zh", {}).frames()


def make_bridge(*, woken: list[str] | None = None, times_s: list[float] | None = None) -> Bridge:
    calls = [] if woken is None else woken
    times = iter(times_s or [0.0])
    return Bridge(lambda: calls.append("woken"), lambda: next(times))


def test_frame_shown_is_taken_once() -> None:
    bridge = make_bridge()

    bridge.show(FRAMES["attract"])

    assert bridge.take() is FRAMES["attract"]
    assert bridge.take() is None


def test_only_the_newest_frame_is_drawn() -> None:
    bridge = make_bridge()

    for name in ("attract", "identifying", "member_gold"):
        bridge.show(FRAMES[name])

    assert bridge.take() is FRAMES["member_gold"]
    assert bridge.take() is None


def test_every_frame_wakes_the_kivy_thread() -> None:
    woken: list[str] = []
    bridge = make_bridge(woken=woken)

    bridge.show(FRAMES["attract"])
    bridge.show(FRAMES["identifying"])

    assert woken == ["woken", "woken"]


def test_last_frame_of_many_threads_is_one_of_theirs_and_whole() -> None:
    bridge = make_bridge()
    shown = [replace(FRAMES["attract"], banner=str(number)) for number in range(200)]

    def show_all(part: list[Frame]) -> None:
        for frame in part:
            bridge.show(frame)

    threads = [threading.Thread(target=show_all, args=(shown[first::4],)) for first in range(4)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert bridge.take() in {shown[196], shown[197], shown[198], shown[199]}
    assert bridge.take() is None


def test_age_grows_until_the_next_beat() -> None:
    bridge = make_bridge(times_s=[10.0, 10.5, 12.0, 12.25])

    before = bridge.frame_age_ms()
    bridge.beat()
    after = bridge.frame_age_ms()

    assert before == 500
    assert after == 250
