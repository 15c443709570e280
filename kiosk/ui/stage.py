"""The stage: all screens, built once, and which of them the present frame puts before the customer."""

from pathlib import Path
from typing import Any, assert_never

from kivy.animation import Animation
from kivy.graphics import Color, Rectangle
from kivy.input import MotionEvent
from kivy.lang import Builder
from kivy.properties import NumericProperty
from kivy.uix.floatlayout import FloatLayout

from kiosk.ui.pictures import Pictures
from kiosk.ui.screens.attract import AttractScreen
from kiosk.ui.screens.confirm import ConfirmModal
from kiosk.ui.screens.identifying import IdentifyingScreen
from kiosk.ui.screens.member import MemberScreen
from kiosk.ui.screens.modal import Modal
from kiosk.ui.screens.refusal import RefusalScreen
from kiosk.ui.screens.screen import Screen, Send
from kiosk.ui.screens.still_there import StillThereModal
from kiosk.ui.screens.top_bar import TopBar
from kiosk.ui.screens.voucher import VoucherScreen
from kiosk.ui.widgets.backdrop import MOODS
from kiosk.views import AttractView, Frame, IdentifyingView, MemberView, RefusalView, VoucherView
from kiosk.views.frame import Body
from kiosk.visit.intents import Touched

VEIL_S = 0.22
VEIL_ALPHA = 0.45

HERE = Path(__file__).parent
LAYOUTS = (HERE / "widgets" / "widgets.kv", *sorted((HERE / "screens").glob("*.kv")), HERE / "stage.kv")


def load_layouts() -> None:
    """Read all layout files; once a process, after fonts and the size of the display are known."""
    for path in LAYOUTS:
        if str(path) not in Builder.files:
            Builder.load_file(str(path))


class Stage(FloatLayout):
    """The root widget. It keeps no frame: what it needs to compare, the screens remember until they are wiped."""

    veil: float = NumericProperty(0)

    def __init__(self, send: Send, pictures: Pictures) -> None:
        super().__init__()
        self._send = send
        self.attract = AttractScreen(send)
        self.identifying = IdentifyingScreen(send)
        self.member = MemberScreen(send, pictures, self.ids.backdrop)
        self.voucher = VoucherScreen(send)
        self.refusal = RefusalScreen(send)
        self.confirm = ConfirmModal(send, pictures)
        self.still_there = StillThereModal(send)
        self.top_bar = TopBar(send)
        self.ids.top.add_widget(self.top_bar)
        self.screen: Screen | None = None
        with self.canvas.after:
            self._veil_tint = Color(0, 0, 0, 0)
            self._veil = Rectangle()
        self.bind(pos=self._draw_veil, size=self._draw_veil, veil=self._draw_veil)

    def show(self, frame: Frame) -> None:
        """Put a frame on the window. Whatever leaves it is wiped before this returns."""
        screen = self._screen_for(frame.body)
        arrives = screen is not self.screen
        if arrives:
            self._leave()
        self._show_body(screen, frame.body)
        self.top_bar.show(frame, dark=screen.mood != "paper")
        self.ids.banner.text, self.ids.banner.icon = frame.banner, frame.banner_icon
        self._set_mood(screen.mood)
        if arrives:
            self._arrive(screen)
        self._show_questions(frame)

    def open_modal(self) -> Modal | None:
        """The question on top, if there is one."""
        for modal in (self.still_there, self.confirm):
            if modal.parent is not None:
                return modal
        return None

    def wipe(self) -> None:
        """Take everything off the window and forget it."""
        self._leave()
        for modal in (self.confirm, self.still_there):
            self._close(modal)

    def on_touch_down(self, touch: MotionEvent) -> bool:
        """Every touch says that somebody is here, whatever it hits."""
        self._send(Touched())
        return bool(super().on_touch_down(touch))

    def _screen_for(self, body: Body) -> Screen:
        match body:
            case AttractView():
                return self.attract
            case IdentifyingView():
                return self.identifying
            case MemberView():
                return self.member
            case VoucherView():
                return self.voucher
            case RefusalView():
                return self.refusal
            case _:
                assert_never(body)

    def _show_body(self, screen: Any, body: Body) -> None:
        screen.show(body)

    def _arrive(self, screen: Screen) -> None:
        self.screen = screen
        self.ids.body.add_widget(screen)
        screen.enter()
        Animation.cancel_all(self, "veil")
        self.veil = 1
        Animation(veil=0, duration=VEIL_S, transition="out_quad").start(self)

    def _leave(self) -> None:
        if self.screen is not None:
            self.ids.body.remove_widget(self.screen)
            self.screen.wipe()
            self.screen = None

    def _show_questions(self, frame: Frame) -> None:
        if frame.confirm is None:
            self._close(self.confirm)
        else:
            self.confirm.show(frame.confirm)
            self._open(self.confirm)
        if frame.still_there:
            self.still_there.show(frame.still_there, frame.stay_label, frame.countdown)
            self._open(self.still_there)
        else:
            self._close(self.still_there)

    def _open(self, modal: Modal) -> None:
        if modal.parent is None:
            beneath = int(modal is self.confirm and self.still_there.parent is not None)
            self.add_widget(modal, index=beneath)
            modal.enter()

    def _close(self, modal: Modal) -> None:
        if modal.parent is not None:
            self.remove_widget(modal)
            modal.wipe()

    def _set_mood(self, mood: str) -> None:
        backdrop = self.ids.backdrop
        if mood != backdrop.mood:
            self._veil_tint.rgb = MOODS[backdrop.mood].low[:3]
            backdrop.mood = mood

    def _draw_veil(self, *_: object) -> None:
        """The page before fades off the new one, which is whole beneath it from its first frame.

        An invisible veil has no size either: a software renderer would still fill the whole window with nothing.
        """
        self._veil_tint.a = VEIL_ALPHA * self.veil
        self._veil.pos = self.pos
        self._veil.size = self.size if self.veil else (0, 0)
