"""A list that scrolls by touch and passes taps on at once.

Kivy's own scroll view holds a tap back for a fifth of a second to see whether it becomes a drag; on a kiosk that feels
broken. Here a finger that lands presses what is under it, one that moves scrolls instead.
"""

from kivy.effects.scroll import ScrollEffect
from kivy.graphics import PopMatrix, PushMatrix, ScissorPop, ScissorPush, Translate
from kivy.input import MotionEvent
from kivy.metrics import dp
from kivy.properties import BooleanProperty, NumericProperty
from kivy.uix.widget import Widget

from kiosk.ui.widgets.tappable import Tappable

DRAG_UNITS = 16
"""A finger that moves less than this has not moved."""
WHEEL_UNITS = 96
COAST_MIN_UNITS_PER_S = 24
"""Slower than this a list stops; each frame of creeping on would be a frame drawn for nothing."""


class TouchList(Widget):
    """Holds one column, the first child, hung from its top. `offset` is how far it is scrolled down, in pixels."""

    offset: float = NumericProperty(0)
    at_top: bool = BooleanProperty(defaultvalue=True)
    at_bottom: bool = BooleanProperty(defaultvalue=True)

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self._coasting = ScrollEffect(min_velocity=dp(COAST_MIN_UNITS_PER_S), drag_threshold=0)
        self._coasting.bind(scroll=self._coasted)
        self._pressed: Tappable | None = None
        self._pressed_name = ""
        self._dragging = False
        with self.canvas.before:
            self._scissors = ScissorPush()
            PushMatrix()
            self._shift = Translate(0, 0)
        with self.canvas.after:
            PopMatrix()
            ScissorPop()
        for name in ("pos", "size", "offset"):
            self.fbind(name, self._moved)

    def add_widget(self, widget: Widget, *args: object, **kwargs: object) -> None:
        """Take the column; the list follows its height."""
        super().add_widget(widget, *args, **kwargs)
        widget.bind(height=self._moved)

    def scroll_to(self, offset: float) -> None:
        """Scroll there at once, as far as there is anything to scroll."""
        self._coasting.velocity = 0
        self._coasting.value = min(max(0.0, offset), self._hidden_px)

    def reveal(self, widget: Widget) -> None:
        """Scroll as little as it takes to show a widget of the column whole."""
        above = widget.top + self.offset - self.top
        below = self.y - (widget.y + self.offset)
        if above > 0:
            self.scroll_to(self.offset - above)
        elif below > 0:
            self.scroll_to(self.offset + below)

    def to_local(self, x: float, y: float, **_kwargs: object) -> tuple[float, float]:
        """From the window's coordinates to the column's."""
        return x, y - self._shift.y

    def to_parent(self, x: float, y: float, **_kwargs: object) -> tuple[float, float]:
        """From the column's coordinates to the window's."""
        return x, y + self._shift.y

    def on_touch_down(self, touch: MotionEvent) -> bool:
        """Press what is under the finger, until the finger moves."""
        if not self.collide_point(*touch.pos):
            return False
        if touch.is_mouse_scrolling:
            self.scroll_to(self.offset + dp(WHEEL_UNITS) * (1 if touch.button == "scrollup" else -1))
            return True
        touch.grab(self)
        self._coasting.velocity = 0
        self._dragging = False
        self._pressed = self._under(touch)
        if self._pressed is not None:
            # A frame may come while the finger is down and put something else in this place.
            self._pressed_name = self._pressed.name
            self._pressed.press_in()
        return True

    def on_touch_move(self, touch: MotionEvent) -> bool:
        """Scroll with the finger."""
        if touch.grab_current is not self:
            return False
        if self._dragging:
            self._coasting.update(touch.y)
        elif abs(touch.y - touch.oy) > dp(DRAG_UNITS):
            self._dragging = True
            self._let_go()
            self._coasting.start(touch.y)
        return True

    def on_touch_up(self, touch: MotionEvent) -> bool:
        """Release what is still pressed, or coast on."""
        if touch.grab_current is not self:
            return False
        touch.ungrab(self)
        pressed = self._pressed
        self._let_go()
        if self._dragging:
            self._coasting.stop(touch.y)
        elif pressed is not None and pressed.name == self._pressed_name:
            pressed.dispatch("on_release")
        return True

    @property
    def _hidden_px(self) -> float:
        return max(0.0, self.children[0].height - self.height) if self.children else 0.0

    def _moved(self, *_: object) -> None:
        """Follow size, content and offset; whole pixels only, because half a pixel blurs every letter."""
        hidden = self._hidden_px
        self._coasting.max = hidden
        if self.offset > hidden:
            self.scroll_to(hidden)
        self._scissors.pos = int(self.x), int(self.y)
        self._scissors.size = int(self.width), int(self.height)
        self._shift.y = round(self.offset)
        self.at_top = self.offset < 1
        self.at_bottom = self.offset > hidden - 1

    def _coasted(self, _effect: ScrollEffect, offset: float) -> None:
        self.offset = offset

    def _under(self, touch: MotionEvent) -> Tappable | None:
        point = self.to_local(*touch.pos)
        for widget in self.walk(restrict=True):
            if isinstance(widget, Tappable) and widget.collide_point(*point):
                return widget
        return None

    def _let_go(self) -> None:
        if self._pressed is not None:
            self._pressed.let_go()
            self._pressed = None
