"""The success screen: a voucher, with its code as text and as a QR code."""

from dataclasses import dataclass

from kiosk.visit.states import Standing

__all__ = ["Standing", "VoucherView"]


@dataclass(frozen=True, slots=True)
class VoucherView:
    """`fresh` celebrates a redemption of this moment; an earlier voucher is shown without confetti."""

    title: str
    summary: str
    code: str
    qr_text: str
    hint: str
    standing: Standing
    standing_label: str
    done_label: str
    more_label: str
    fresh: bool
