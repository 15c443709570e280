"""The member screen: who, how many points, how far to the next tier, and what can be had for them."""

from kiosk.ui import theme
from kiosk.ui.pictures import Pictures
from kiosk.ui.screens.hero import StatColumn
from kiosk.ui.screens.pool import show_each
from kiosk.ui.screens.screen import Screen, Send
from kiosk.ui.screens.shelf import Shelf
from kiosk.ui.widgets import Backdrop
from kiosk.views import MemberView
from kiosk.views.member import RewardTile
from kiosk.visit.intents import RewardChosen, VisitEnded, VoucherChosen

STATS_MAX = 2
DIMMED = 0.72


class MemberScreen(Screen):
    """Complete on its first frame; only the ring and the points then move to their values."""

    name = "member"
    mood = "paper"

    def __init__(self, send: Send, pictures: Pictures, backdrop: Backdrop) -> None:
        super().__init__(send)
        self._view: MemberView | None = None
        self._hero = self.parts.hero.ids
        self._stats = [StatColumn() for _ in range(STATS_MAX)]
        self._shelf: Shelf = self.parts.shelf
        self._shelf.build(pictures, self._reward_tapped, lambda spend: send(VoucherChosen(spend)))
        self.parts.upper_fade.backdrop = self.parts.lower_fade.backdrop = backdrop
        self.parts.end.bind(on_release=lambda _button: send(VisitEnded()))

    def show(self, view: MemberView) -> None:
        """Show the member; what is the same as before is left alone."""
        if view == self._view:
            return
        self._view = view
        self._show_tier(view)
        self._show_points(view)
        show_each(self._hero.stats, self._stats, view.stats)
        hero = self._hero
        hero.greeting.text = view.greeting
        hero.age.text = view.age_note if view.provisional else ""
        hero.wallet.text = view.stored_value
        hero.rule.text = view.note
        hero.fields.text = view.fields
        self._shelf.show(view)
        self.parts.end.text = view.end_label

    def wipe(self) -> None:
        """Forget the member."""
        self._view = None
        super().wipe()

    def _reward_tapped(self, tile: RewardTile) -> None:
        self.send(RewardChosen(tile.reward, tile.points))

    def _show_tier(self, view: MemberView) -> None:
        colours = theme.tier_colours(view.tier_rank, view.tier_ranks)
        hero, panel = self._hero, self.parts.hero
        panel.fill, panel.fill_to = colours.hero
        hero.badge.text = view.tier_name
        hero.badge.fill, hero.badge.fill_to = colours.metal
        hero.badge.ink = colours.on_metal
        hero.face.metal, hero.face.metal_to = colours.metal
        hero.face.soft = hero.rule.ink = hero.wallet.ink = hero.fields.color = colours.soft
        for column in self._stats:
            column.soft = colours.soft
            column.certainty = DIMMED if view.provisional else 1

    def _show_points(self, view: MemberView) -> None:
        face = self._hero.face
        face.label = view.points_label
        face.ids.points.count_to(view.points, f"{view.points:,}")
        face.ids.points.opacity = DIMMED if view.provisional else 1
        face.ids.ring.fill_up(view.progress)
