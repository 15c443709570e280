"""What can be tapped: a stable name for tours and tests, and an answer to the finger before anything else happens."""

from kivy.animation import Animation
from kivy.graphics import PopMatrix, PushMatrix, Scale
from kivy.properties import NumericProperty, StringProperty
from kivy.uix.behaviors import ButtonBehavior

PRESSED_SCALE = 0.97
PRESSED_SHADE = 0.10
RELEASE_S = 0.14


class Tappable(ButtonBehavior):
    """Mixed in before a surface. It shrinks and darkens at once under the finger and eases back when let go."""

    name: str = StringProperty("")
    depth: float = NumericProperty(0)

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self._scale = Scale(1, 1, 1)
        self.canvas.before.insert(0, PushMatrix())
        self.canvas.before.insert(1, self._scale)
        self.canvas.after.add(PopMatrix())

    def on_state(self, _widget: object, state: str) -> None:
        """Kivy's button behaviour changes `state` between `normal` and `down`."""
        if state == "down":
            self.press_in()
        else:
            self.let_go()

    def press_in(self) -> None:
        """Look pressed from the next frame on."""
        Animation.cancel_all(self, "depth")
        self.depth = 1

    def let_go(self) -> None:
        """Ease back."""
        Animation.cancel_all(self, "depth")
        Animation(depth=0, duration=RELEASE_S, transition="out_quad").start(self)

    def on_depth(self, *_: object) -> None:
        """Draw as far pressed as `depth` says, 0 to 1."""
        factor = 1 - (1 - PRESSED_SCALE) * self.depth
        self._scale.origin = self.center
        self._scale.xyz = (factor, factor, 1)
        self.darkness = PRESSED_SHADE * self.depth

    def wipe(self) -> None:
        """Let go, so that the next visitor finds nothing half pressed."""
        Animation.cancel_all(self, "depth")
        self.state = "normal"
        self.depth = 0
