"""The success screen: a voucher to show at the counter, and honestly how sure it is."""

from dataclasses import dataclass

from kiosk.ui import theme
from kiosk.ui.screens.screen import Screen, Send
from kiosk.views import VoucherView
from kiosk.views.voucher import Standing
from kiosk.visit.intents import Dismissed, VisitEnded


@dataclass(frozen=True, slots=True)
class _Look:
    """How a standing is drawn: the medallion, the chip, and the mood of the page."""

    mood: str
    medallion: tuple[theme.Colour, theme.Colour]
    medallion_icon: str
    chip_icon: str
    chip_fill: theme.Colour
    chip_ink: theme.Colour


LOOKS = {
    Standing.CONFIRMED: _Look(
        "night",
        (theme.BRAND, theme.BRAND_BRIGHT),
        "check-fat",
        "seal-check",
        theme.BRAND_TINT,
        theme.BRAND_DEEP,
    ),
    Standing.PROVISIONAL: _Look(
        "night",
        (theme.BRAND, theme.BRAND_BRIGHT),
        "check-fat",
        "hourglass-medium",
        theme.AMBER_TINT,
        theme.ON_AMBER,
    ),
    Standing.REJECTED: _Look(
        "warning", (theme.RED, theme.RED_BRIGHT), "warning", "x-circle", theme.RED_TINT, theme.ON_RED
    ),
}


class VoucherScreen(Screen):
    """A rejected voucher shows no QR code: nobody should carry it to the counter as if it were good."""

    name = "voucher"

    def __init__(self, send: Send) -> None:
        super().__init__(send)
        self._view: VoucherView | None = None
        self._celebrates = False
        self.parts.more.bind(on_release=lambda _button: send(Dismissed()))
        self.parts.done.bind(on_release=lambda _button: send(VisitEnded()))

    def show(self, view: VoucherView) -> None:
        """Show a voucher, or how it stands by now."""
        if view == self._view:
            return
        self._view = view
        parts = self.parts
        rejected = view.standing is Standing.REJECTED
        parts.title.text = view.title
        parts.summary.text = view.summary
        parts.code.text = view.code
        parts.qr.data = "" if rejected else view.qr_text
        parts.hint.text = view.hint
        parts.done.text, parts.more.text = view.done_label, view.more_label
        parts.standing.text = view.standing_label
        self._look(LOOKS[view.standing])
        parts.void.opacity = float(rejected)
        parts.code.color = theme.MUTED if rejected else theme.BRAND

    def enter(self) -> None:
        """Celebrate what has just been redeemed."""
        if self._view is not None and self._view.fresh and self._view.standing is not Standing.REJECTED:
            self.parts.confetti.fall()

    def wipe(self) -> None:
        """Forget the voucher."""
        self._view = None
        super().wipe()

    def _look(self, look: _Look) -> None:
        medallion, chip = self.parts.medallion, self.parts.standing
        self.mood = look.mood
        medallion.icon = look.medallion_icon
        medallion.fill, medallion.fill_to = look.medallion
        chip.icon, chip.fill, chip.ink = look.chip_icon, look.chip_fill, look.chip_ink
