"""View-models: everything a screen shows, in words and numbers that are ready to draw.

A screen draws its view and nothing else; it asks nobody anything. Views know no Kivy, so tests read them directly.
"""

from kiosk.views.attract import AttractView
from kiosk.views.confirm import ConfirmView
from kiosk.views.frame import Frame
from kiosk.views.identifying import IdentifyingView
from kiosk.views.member import MemberView
from kiosk.views.refusal import RefusalView
from kiosk.views.voucher import VoucherView

__all__ = [
    "AttractView",
    "ConfirmView",
    "Frame",
    "IdentifyingView",
    "MemberView",
    "RefusalView",
    "VoucherView",
]
