import pytest

from kiosk.ui import theme
from kiosk.ui.theme import Colour

AA_TEXT = 4.5
AA_LARGE = 3.0

PAIRS = {
    "ink on paper": (theme.INK, theme.PAPER),
    "ink on a tile": (theme.INK, theme.SURFACE),
    "muted on paper": (theme.MUTED, theme.PAPER_DEEP),
    "muted in a well": (theme.MUTED, theme.WELL),
    "price": (theme.BRAND, theme.SURFACE),
    "primary button, dark end": (theme.ON_BRAND, theme.BRAND_DEEP),
    "primary button, light end": (theme.ON_BRAND, theme.BRAND),
    "headline on night, top": (theme.ON_NIGHT, theme.NIGHT_END),
    "subtitle on night, top": (theme.ON_NIGHT_SOFT, theme.NIGHT_END),
    "banner": (theme.ON_AMBER, theme.AMBER_TINT),
    "hurry": (theme.ON_AMBER, theme.AMBER),
    "spend": (theme.RED, theme.WELL),
    "rest": (theme.BRAND, theme.WELL),
    "confirmed": (theme.BRAND_DEEP, theme.BRAND_TINT),
    "rejected": (theme.ON_RED, theme.RED_TINT),
    "gone": (theme.ON_NIGHT, theme.INK),
    "ticket": (theme.INK, theme.TICKET),
}


def luminance(colour: Colour) -> float:
    """Relative luminance (WCAG 2.2, definition of terms)."""
    red, green, blue = ((c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4) for c in colour[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("name", PAIRS)
def test_text_can_be_read_on_what_it_stands_on(name: str) -> None:
    assert contrast(*PAIRS[name]) >= AA_TEXT


def laid_over(top: Colour, ground: Colour) -> Colour:
    """What a translucent colour looks like on another one."""
    red, green, blue = (over * top[3] + under * (1 - top[3]) for over, under in zip(top[:3], ground[:3], strict=True))
    return red, green, blue, 1.0


def test_glassy_keys_can_be_read_where_the_night_glows_brightest() -> None:
    glow = laid_over(theme.NIGHT_GLOW, theme.NIGHT_END)

    assert contrast(theme.ON_NIGHT, laid_over(theme.GLASS, glow)) >= AA_TEXT


def test_countdown_can_be_read_where_the_paper_glows() -> None:
    glow = laid_over(theme.PAPER_GLOW, theme.PAPER_DEEP)

    assert contrast(theme.MUTED, laid_over(theme.FROST, glow)) >= AA_TEXT


@pytest.mark.parametrize("tier", theme.TIERS)
def test_every_tier_can_be_read(tier: theme.TierColours) -> None:
    for ground in tier.hero:
        assert contrast(theme.ON_NIGHT, ground) >= AA_TEXT
        assert contrast(tier.soft, ground) >= AA_TEXT
    for ground in tier.metal:
        assert contrast(tier.on_metal, ground) >= AA_TEXT


@pytest.mark.parametrize("tier", theme.TIERS)
def test_ring_stands_out_from_its_panel(tier: theme.TierColours) -> None:
    assert contrast(tier.metal[0], tier.hero[0]) >= AA_LARGE


@pytest.mark.parametrize(
    ("size", "unit_px"),
    [
        ((1080, 1920), 1.0),
        ((2160, 3840), 2.0),
        ((1280, 800), 0.8),
        ((1920, 1080), 1.08),
        ((3840, 2160), 2.16),
        ((800, 480), 0.48),
    ],
)
def test_design_unit_follows_the_display(size: tuple[int, int], unit_px: float) -> None:
    assert theme.design_unit_px(*size) == pytest.approx(unit_px)


@pytest.mark.parametrize("size", [(1024, 768), (1280, 1024), (768, 1024), (480, 800), (1000, 1001), (800, 800)])
def test_canvas_fits_every_shape_of_display(size: tuple[int, int]) -> None:
    unit = theme.design_unit_px(*size)

    width, height = theme.PORTRAIT_UNITS if theme.is_portrait(*size) else theme.LANDSCAPE_UNITS

    assert size[0] / unit >= width - 0.001
    assert size[1] / unit >= height - 0.001


@pytest.mark.parametrize(
    ("rank", "ranks", "look"),
    [
        (0, 4, 0),
        (1, 4, 1),
        (2, 4, 2),
        (3, 4, 3),
        (0, 1, 0),
        (0, 2, 0),
        (1, 2, 3),
        (2, 3, 3),
        (7, 8, 3),
        (9, 4, 3),
        (-1, 4, 0),
    ],
)
def test_looks_are_spread_over_any_number_of_tiers(rank: int, ranks: int, look: int) -> None:
    assert theme.tier_colours(rank, ranks) is theme.TIERS[look]
