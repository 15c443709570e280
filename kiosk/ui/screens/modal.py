"""A question over the page: the page is dimmed and out of reach until it is answered."""

from kivy.animation import Animation
from kivy.graphics import Color, PopMatrix, PushMatrix, Rectangle, Scale
from kivy.input import MotionEvent
from kivy.properties import NumericProperty

from kiosk.ui import theme
from kiosk.ui.screens.screen import Screen, Send

OPEN_S = 0.2
OPEN_SCALE = 0.95


class Modal(Screen):
    """Swallows every touch that its own buttons do not take. Its card is there on the first frame and settles in."""

    openness: float = NumericProperty(1)

    def __init__(self, send: Send) -> None:
        super().__init__(send)
        with self.canvas.before:
            self._dim = Color(*theme.DIM)
            self._veil = Rectangle()
        self._scale = Scale(1, 1, 1)
        self.children[0].canvas.before.insert(0, PushMatrix())
        self.children[0].canvas.before.insert(1, self._scale)
        self.children[0].canvas.after.add(PopMatrix())
        self.bind(pos=self._place, size=self._place, openness=self._place)

    def enter(self) -> None:
        """Let the card settle and the page behind it darken."""
        self.openness = 0
        Animation(openness=1, duration=OPEN_S, transition="out_cubic").start(self)

    def wipe(self) -> None:
        """Forget the question."""
        Animation.cancel_all(self)
        self.openness = 1
        super().wipe()

    def on_touch_down(self, touch: MotionEvent) -> bool:
        """Nothing passes through."""
        super().on_touch_down(touch)
        return True

    def _place(self, *_: object) -> None:
        self._veil.pos, self._veil.size = self.pos, self.size
        self._dim.a = theme.DIM[3] * (0.5 + 0.5 * self.openness)
        factor = OPEN_SCALE + (1 - OPEN_SCALE) * self.openness
        self._scale.origin = (self.x + self.width / 2, self.y + self.height / 2)
        self._scale.xyz = (factor, factor, 1)
