"""The shelf: vouchers that wait to be handed out, then the rewards, in one list that scrolls by touch."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

from kivy.metrics import dp
from kivy.properties import NumericProperty
from kivy.uix.boxlayout import BoxLayout

from kiosk.ui.display import stands_upright
from kiosk.ui.pictures import Pictures
from kiosk.ui.screens.pool import show_each
from kiosk.ui.screens.tile import RewardTapped, Tile
from kiosk.ui.widgets import PanelBox, Tappable, TouchList
from kiosk.ui.widgets.worded import Worded
from kiosk.views import MemberView
from kiosk.views.member import VoucherLine

TILES_BUILT = 12
VOUCHERS_BUILT = 2
"""Made at the start, because making one takes longer than a frame; more are made when a view asks for more."""
TILES_MAX = 60
VOUCHERS_MAX = 12

TILE_MIN_WIDTH_UNITS = 304
GAP_UNITS = 24
PADDING_UNITS = 64
HEADING_UNITS = 88
TEXT_UNITS = 212
"""A tile's words need this height under its picture; the heading stands above the first row."""
ART_SHARES = (0.34, 0.42, 0.55)
"""A picture's height as a share of the tile's width: at least, best, at most."""
PEEK_UNITS = 72
"""So much of the next row shows at the bottom, because nobody scrolls a list that looks complete."""

VoucherTapped = Callable[[UUID], None]


class VoucherKey(Tappable, PanelBox):
    """A voucher that can be shown again."""

    def __init__(self, chosen: VoucherTapped) -> None:
        super().__init__()
        self._chosen = chosen
        self._view: VoucherLine | None = None

    def show(self, view: VoucherLine) -> None:
        """Show one voucher."""
        self._view = view
        self.name = f"voucher:{view.spend}"
        self.ids.label.text = view.label

    def wipe(self) -> None:
        """Forget the voucher."""
        super().wipe()
        self._view = None
        self.name = ""

    def on_release(self) -> None:
        """Ask to see it."""
        if self._view is not None:
            self._chosen(self._view.spend)


class EmptyShelf(Worded, BoxLayout):
    """What stands here when there is nothing to redeem."""


class Shelf(TouchList):
    """Keeps its tiles between visits and only changes what they say."""

    columns: int = NumericProperty(2)
    tile_width: float = NumericProperty(100)
    tile_height: float = NumericProperty(100)

    def __init__(self, **kwargs: object) -> None:
        self._tiles: list[Tile] = []
        self._vouchers: list[VoucherKey] = []
        super().__init__(**kwargs)
        for name in ("width", "height"):
            self.fbind(name, self._divide)

    def build(self, pictures: Pictures, reward_chosen: RewardTapped, voucher_chosen: VoucherTapped) -> None:
        """Make the tiles; once, before anything is shown."""
        self._make_tile = partial(Tile, pictures, reward_chosen)
        self._make_voucher = partial(VoucherKey, voucher_chosen)
        self._grow(TILES_BUILT, VOUCHERS_BUILT)

    def show(self, view: MemberView) -> None:
        """Show vouchers and rewards; tiles that stay the same are left alone."""
        parts = self.ids
        parts.title.text = view.rewards_title
        parts.note.text = view.rewards_note if view.rewards else ""
        parts.empty.text = "" if view.rewards else view.rewards_note
        vouchers, rewards = view.vouchers[:VOUCHERS_MAX], view.rewards[:TILES_MAX]
        self._grow(len(rewards), len(vouchers))
        show_each(parts.vouchers, self._vouchers, vouchers)
        show_each(parts.tiles, self._tiles, rewards)

    def wipe(self) -> None:
        """Scroll back to the top. Tiles stay where they are and are wiped: putting them there takes a whole frame."""
        self.scroll_to(0)

    def spares(self) -> list[Tile | VoucherKey]:
        """What was made and stands on no shelf just now; tests look here for forgotten words."""
        return [widget for widget in (*self._tiles, *self._vouchers) if widget.parent is None]

    def _grow(self, tiles: int, vouchers: int) -> None:
        self._tiles.extend(self._make_tile() for _ in range(tiles - len(self._tiles)))
        self._vouchers.extend(self._make_voucher() for _ in range(vouchers - len(self._vouchers)))

    def _divide(self, *_: object) -> None:
        gap, room = dp(GAP_UNITS), self.width - dp(PADDING_UNITS)
        fitting = int((room + gap) // (dp(TILE_MIN_WIDTH_UNITS) + gap))
        self.columns = 2 if stands_upright() else max(2, fitting)
        self.tile_width = width = (room - gap * (self.columns - 1)) / self.columns
        least, best, most = (share * width for share in ART_SHARES)
        height = self.height - dp(HEADING_UNITS)
        rows = max(1, round(height / (best + dp(TEXT_UNITS) + gap)))
        art = (height - dp(PEEK_UNITS)) / rows - gap - dp(TEXT_UNITS)
        self.tile_height = round(min(max(art, least), most) + dp(TEXT_UNITS))
