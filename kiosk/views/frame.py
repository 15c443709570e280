"""The frame around every screen, and the one value that crosses to the Kivy thread."""

from dataclasses import dataclass

from kiosk.views.attract import AttractView
from kiosk.views.confirm import ConfirmView
from kiosk.views.identifying import IdentifyingView
from kiosk.views.member import MemberView
from kiosk.views.refusal import RefusalView
from kiosk.views.voucher import VoucherView

Body = AttractView | IdentifyingView | MemberView | VoucherView | RefusalView


@dataclass(frozen=True, slots=True)
class LanguageButton:
    """A language to switch to, written in itself."""

    language: str
    label: str


@dataclass(frozen=True, slots=True)
class Frame:
    """A whole picture of the kiosk: one body, an optional question over it, and what surrounds them.

    `banner` is empty or a short line (offline) behind an icon of Phosphor's. `countdown` is empty or says when the
    visit ends by itself; `hurry` is true when that is near. `still_there` is empty or the question that interrupts an
    idle visit.
    """

    body: Body
    confirm: ConfirmView | None
    chain_name: str
    store_name: str
    languages: tuple[LanguageButton, ...]
    banner: str
    banner_icon: str
    countdown: str
    hurry: bool
    still_there: str
    stay_label: str
