"""One reward on the shelf."""

from collections.abc import Callable

from kiosk.ui import theme
from kiosk.ui.pictures import Pictures
from kiosk.ui.widgets import Panel, Tappable
from kiosk.views.member import Reach, RewardTile

RewardTapped = Callable[[RewardTile], None]

GREYED = 0.9

NOTE_COLOURS = {
    Reach.READY: (theme.SURFACE, theme.BRAND),
    Reach.SHORT: (theme.SURFACE, theme.MUTED),
    Reach.TIER: (theme.SURFACE, theme.ON_AMBER),
    Reach.GONE: (theme.INK, theme.ON_NIGHT),
    Reach.LATER: (theme.SURFACE, theme.MUTED),
}


class Tile(Tappable, Panel):
    """Redrawn in place when its reward's words or price change. Out of reach it is quieter, but still answers a tap."""

    def __init__(self, pictures: Pictures, chosen: RewardTapped) -> None:
        super().__init__()
        self._pictures = pictures
        self._chosen = chosen
        self._view: RewardTile | None = None

    def show(self, view: RewardTile) -> None:
        """Show a reward; does nothing when it is shown already."""
        before, self._view = self._view, view
        if view == before:
            return
        self.name = f"reward:{view.reward}"
        parts = self.ids
        parts.title.text = view.name
        parts.description.text = view.description
        parts.unit.text = view.unit
        parts.picture.tone = view.reward.int
        parts.picture.show(view.picture, self._pictures)
        if before is not None and before.reward == view.reward:
            parts.price.count_to(view.points, view.price)
        else:
            parts.price.put(view.points, view.price)
        self._show_reach(view)

    def wipe(self) -> None:
        """Forget the reward."""
        super().wipe()
        self._view = None
        self.name = ""

    def on_release(self) -> None:
        """Tell which reward, at the price that stands here."""
        if self._view is not None:
            self._chosen(self._view)

    def _show_reach(self, view: RewardTile) -> None:
        parts = self.ids
        ready = view.reach is Reach.READY
        parts.note.text = view.note
        parts.note.fill, parts.note.ink = NOTE_COLOURS[view.reach]
        parts.picture.grey = 0 if ready else GREYED
        parts.title.color = theme.INK if ready else theme.MUTED
        parts.price.color = theme.BRAND if ready else theme.MUTED
        parts.go.fill = theme.BRAND_TINT if ready else theme.WELL
        parts.arrow.color = theme.BRAND if ready else theme.MUTED
