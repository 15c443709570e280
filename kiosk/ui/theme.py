"""Colours, type scale and the design unit: the numbers behind every screen. Knows no widget.

All lengths in layouts are design units; Kivy's `dp()` turns them into pixels once `design_unit_px` is its density.
"""

from dataclasses import dataclass

Colour = tuple[float, float, float, float]

PORTRAIT_UNITS = (1080, 1600)
LANDSCAPE_UNITS = (1400, 1000)
"""The narrowest and lowest canvas a layout has to fit, in design units; a real screen is longer one way."""

TOUCH_MIN_UNITS = 88

DISPLAY = 96
TITLE = 56
HEADING = 44
LEAD = 36
BODY = 30
NOTE = 26
"""The type scale, in design units."""


def hex_colour(code: str, alpha: float = 1.0) -> Colour:
    """Colour from `RRGGBB`."""
    red, green, blue = (int(code[at : at + 2], 16) / 255 for at in (0, 2, 4))
    return red, green, blue, alpha


def faded(colour: Colour, alpha: float) -> Colour:
    """The same colour, less of it. A gradient that ends in nothing must end in this, or it turns grey on the way."""
    return *colour[:3], alpha


INK = hex_colour("11202E")
MUTED = hex_colour("526077")
LINE = hex_colour("E2E8EF")
PAPER = hex_colour("F3F6F9")
PAPER_DEEP = hex_colour("E7EEF2")
PAPER_GLOW = hex_colour("CFEBE2", 0.85)
SURFACE = hex_colour("FFFFFF")
WELL = hex_colour("F1F4F8")
FROST = hex_colour("FFFFFF", 0.7)
CLEAR = hex_colour("FFFFFF", 0.0)

BRAND = hex_colour("0B7A63")
BRAND_DEEP = hex_colour("07584A")
BRAND_BRIGHT = hex_colour("1FBF8F")
BRAND_TINT = hex_colour("DFF3EC")
ON_BRAND = hex_colour("FFFFFF")

NIGHT = hex_colour("071A24")
NIGHT_END = hex_colour("0C4A47")
NIGHT_GLOW = hex_colour("16B58C", 0.36)
DUSK_END = hex_colour("1A3442")
DUSK_GLOW = hex_colour("D98A2B", 0.4)
GOLD_GLOW = hex_colour("E0A84A", 0.22)
ON_NIGHT = hex_colour("FFFFFF")
ON_NIGHT_SOFT = hex_colour("C4DFDC")
GLASS = hex_colour("FFFFFF", 0.13)
SMOKE = hex_colour("000000", 0.24)
ON_SMOKE = hex_colour("FFE2A6")
PICTOGRAM = hex_colour("FFFFFF", 0.92)

AMBER = hex_colour("F2A93B")
AMBER_DEEP = hex_colour("D98A2B")
AMBER_BRIGHT = hex_colour("F6BE5B")
AMBER_TINT = hex_colour("FFF1D2")
ON_AMBER = hex_colour("4A2D00")
RED = hex_colour("C42B3A")
RED_BRIGHT = hex_colour("E8636F")
RED_TINT = hex_colour("FDE7E8")
ON_RED = hex_colour("A31C2B")

TICKET = hex_colour("FFF7E6")
TICKET_EDGE = hex_colour("F0D08C")
ON_TICKET = hex_colour("8A5608")
CARD = (hex_colour("C9821F"), hex_colour("FFE9B5"))
CARD_CHIP = (hex_colour("A66A12"), hex_colour("F7D78B"))
CARD_BACK = (hex_colour("0A4D4C"), hex_colour("27B58F"))

SHADE = hex_colour("0B1E33")
"""What shadows are made of."""
DIM = hex_colour("04101A", 0.66)
"""What lies between a question and the page it interrupts."""


@dataclass(frozen=True, slots=True)
class TierColours:
    """One tier's look: the hero panel from corner to corner, the ring and badge along their gradient, text on both."""

    hero: tuple[Colour, Colour]
    metal: tuple[Colour, Colour]
    on_metal: Colour
    soft: Colour


TIERS = (
    TierColours(
        hero=(hex_colour("08343A"), hex_colour("0B6E5B")),
        metal=(hex_colour("3FC79A"), hex_colour("B9F3D6")),
        on_metal=hex_colour("06392C"),
        soft=hex_colour("C9EBE1"),
    ),
    TierColours(
        hero=(hex_colour("1B2838"), hex_colour("4A6076")),
        metal=(hex_colour("A9B8C9"), hex_colour("F4F8FC")),
        on_metal=hex_colour("1E2C3C"),
        soft=hex_colour("DCE5EE"),
    ),
    TierColours(
        hero=(hex_colour("241808"), hex_colour("7A5217")),
        metal=(hex_colour("E2A53A"), hex_colour("FFE7A8")),
        on_metal=hex_colour("452B00"),
        soft=hex_colour("F6E6C4"),
    ),
    TierColours(
        hero=(hex_colour("17123F"), hex_colour("4C46A8")),
        metal=(hex_colour("8F9BFF"), hex_colour("D6F4FF")),
        on_metal=hex_colour("1C1756"),
        soft=hex_colour("E0E0FF"),
    ),
)
"""From the lowest tier's look to the highest's."""


def tier_colours(rank: int, ranks: int) -> TierColours:
    """Look of tier `rank` of `ranks`, spread over the looks so that the highest tier always has the last one."""
    if ranks <= 1:
        return TIERS[0]
    share = min(max(rank, 0), ranks - 1) / (ranks - 1)
    return TIERS[round(share * (len(TIERS) - 1))]


def is_portrait(width_px: int, height_px: int) -> bool:
    """True when the screen stands upright."""
    return height_px > width_px


def design_unit_px(width_px: int, height_px: int) -> float:
    """Pixels per design unit, so that the canvas of this orientation fits whole."""
    width, height = PORTRAIT_UNITS if is_portrait(width_px, height_px) else LANDSCAPE_UNITS
    return min(width_px / width, height_px / height)
