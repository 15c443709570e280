"""The success screen: a voucher, with its code as text and as a QR code."""

from dataclasses import dataclass
from enum import StrEnum


class Standing(StrEnum):
    """How sure the voucher is: the hub has not booked it yet, has booked it, or has refused it."""

    PROVISIONAL = "provisional"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


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
