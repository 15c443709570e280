"""The window: one stage, the bridge's frames drawn on it, and a pulse that proves it is not frozen."""

import gc
from collections.abc import Callable

from kivy.base import EventLoop, runTouchApp, stopTouchApp
from kivy.clock import Clock
from kivy.core.window import Window
from kivy.graphics.opengl import glFinish

from kiosk.ui.bridge import Bridge
from kiosk.ui.display import fit_display
from kiosk.ui.fonts import register_fonts
from kiosk.ui.guard import keep_alive
from kiosk.ui.options import draws_offscreen
from kiosk.ui.pictures import Pictures
from kiosk.ui.samples import Samples
from kiosk.ui.screens.screen import Send
from kiosk.ui.stage import Stage, load_layouts
from kiosk.views import Frame

BEAT_S = 0.25
REBUILD_DELAY_S = 0.2
WARM_UP_FRAMES = ("attract", "identifying", "member_vouchers", "confirm", "voucher_provisional", "refusal_short")


class KioskWindow:
    """Everything here belongs to the Kivy thread, but for `bridge` and `stop`."""

    def __init__(self, send: Send, on_ready: Callable[[], None], monotonic_s: Callable[[], float]) -> None:
        register_fonts()
        keep_alive()
        EventLoop.ensure_window()
        load_layouts()
        self._send = send
        self._on_ready = on_ready
        self._pictures = Pictures()
        self._frame: Frame | None = None
        self._ready = False
        self.bridge = Bridge(Clock.create_trigger(self._draw, -1), monotonic_s)
        self.stage = self._build()
        self._rebuild_soon = Clock.create_trigger(self._rebuild, REBUILD_DELAY_S)
        Window.bind(on_resize=self._resized, on_flip=self._flipped)
        Clock.schedule_interval(lambda _elapsed_s: self.bridge.beat(), BEAT_S)

    def run(self) -> None:
        """Draw until `stop`."""
        try:
            runTouchApp()
        finally:
            self._pictures.close()

    def stop(self) -> None:
        """Close the window. For any thread."""
        Clock.schedule_once(lambda _elapsed_s: stopTouchApp(), 0)

    def _build(self) -> Stage:
        fit_display()
        self._size = tuple(Window.size)
        stage = Stage(self._send, self._pictures)
        Window.add_widget(stage)
        _warm_up(stage)
        return stage

    def _draw(self, _elapsed_s: float) -> None:
        frame = self.bridge.take()
        if frame is not None:
            self._frame = frame
            self.stage.show(frame)

    def _flipped(self, _window: object) -> None:
        """After every frame. Offscreen nobody waits for frames, and unfinished ones would fill the memory."""
        if draws_offscreen():
            glFinish()
        if not self._ready:
            self._ready = True
            self._on_ready()

    def _resized(self, *_: object) -> None:
        if tuple(Window.size) != self._size:
            self._rebuild_soon()

    def _rebuild(self, _elapsed_s: float) -> None:
        """Layouts are made for one size; another size gets a stage of its own."""
        self.stage.wipe()
        Window.remove_widget(self.stage)
        gc.unfreeze()
        self.stage = self._build()
        if self._frame is not None:
            self.stage.show(self._frame)


def _warm_up(stage: Stage) -> None:
    """Draw what a visit will need without showing it, so that the first customer waits for no font and no shader.

    What exists by then lives as long as the stage. The collector need not walk through it again: doing so in the
    middle of a tap took 59 ms.
    """
    frames = Samples("zh", {}).frames()
    for name in WARM_UP_FRAMES:
        stage.show(frames[name])
        Clock.tick_draw()
        Window.dispatch("on_draw")
    stage.wipe()
    gc.collect()
    gc.freeze()
