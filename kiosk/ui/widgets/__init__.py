"""What screens are made of. Importing this package makes every widget known to the layout files."""

from kiosk.ui.widgets.backdrop import Backdrop
from kiosk.ui.widgets.confetti import Confetti
from kiosk.ui.widgets.fade import Fade
from kiosk.ui.widgets.figure import Figure
from kiosk.ui.widgets.icon import Icon
from kiosk.ui.widgets.key import Key, LanguageKey
from kiosk.ui.widgets.medallion import Medallion
from kiosk.ui.widgets.member_card import MemberCard
from kiosk.ui.widgets.note import Banner, Chip
from kiosk.ui.widgets.panel import Panel, PanelBox
from kiosk.ui.widgets.picture import Picture
from kiosk.ui.widgets.qr_code import QrCode
from kiosk.ui.widgets.ring import Ring, WaitRing
from kiosk.ui.widgets.ripples import Ripples
from kiosk.ui.widgets.tappable import Tappable
from kiosk.ui.widgets.text import Text
from kiosk.ui.widgets.touch_list import TouchList

__all__ = [
    "Backdrop",
    "Banner",
    "Chip",
    "Confetti",
    "Fade",
    "Figure",
    "Icon",
    "Key",
    "LanguageKey",
    "Medallion",
    "MemberCard",
    "Panel",
    "PanelBox",
    "Picture",
    "QrCode",
    "Ring",
    "Ripples",
    "Tappable",
    "Text",
    "TouchList",
    "WaitRing",
]
