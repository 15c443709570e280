from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.finance.chart import POINTS_MAX, STEPS_Y_MAX, Curve, Labels, balances, draw, scale, thinned

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
SVG = "{http://www.w3.org/2000/svg}"


def curve(*changes: tuple[int, int], start: int = 0, days: int = 100) -> Curve:
    moments = [(SINCE + timedelta(days=day), change) for day, change in changes]
    return Curve(SINCE, SINCE + timedelta(days=days), start, moments, ZoneInfo("Asia/Shanghai"))


def parsed(drawing: str) -> ET.Element:
    return ET.fromstring(drawing)  # noqa: S314 - it was drawn here


def texts(drawing: str) -> Sequence[str | None]:
    return [text.text for text in parsed(drawing).iter(f"{SVG}text")]


def test_a_drawing_is_well_formed_and_says_what_it_shows() -> None:
    drawing = draw(curve((10, 500), (50, -200)), Labels("Points <over> time", "300 points & more", "en"))

    root = parsed(drawing)
    assert root.attrib["role"] == "img"
    assert [root.findtext(f"{SVG}{tag}") for tag in ("title", "desc")] == ["Points <over> time", "300 points & more"]
    assert texts(drawing)[:2] == ["Points <over> time", "300 points & more"]
    assert "script" not in drawing


def test_the_line_goes_by_steps_from_the_first_day_to_the_last() -> None:
    drawing = draw(curve((50, 100), start=100), Labels("t", "n", "en"))

    [_area, line] = [path.attrib["d"] for path in parsed(drawing).iter(f"{SVG}path")]
    # Half way of 72 to 700 the balance doubles, from the middle of the scale (206 to 44) to its top.
    assert line == "M72.0 125.0H386.0V44.0H700.0"


def test_an_account_on_which_nothing_happened_is_a_line_on_the_floor() -> None:
    drawing = draw(curve(), Labels("t", "n", "zh"))

    assert "M72.0 206.0H700.0" in drawing


def test_dates_are_local_and_amounts_are_told_in_whole_units() -> None:
    drawing = draw(curve((1, 123_456), days=4), Labels("t", "n", "zh", per=100))

    assert "2026-01-01" in texts(drawing)
    assert texts(drawing)[2:6] == ["0", "500", "1,000", "1,500"]


@pytest.mark.parametrize(
    ("highest", "per", "ticks"),
    [
        (0, 1, [0, 1]),
        (7, 1, [0, 2, 4, 6, 8]),
        (118, 1, [0, 50, 100, 150]),
        (118, 100, [0, 100, 200]),
        (1_000, 1, [0, 200, 400, 600, 800, 1_000]),
    ],
)
def test_a_scale_has_round_steps(highest: int, per: int, ticks: list[int]) -> None:
    assert scale(highest, per) == ticks


@given(st.integers(0, 10**15), st.sampled_from([1, 100, 1_000]))
def test_a_scale_reaches_the_highest_with_few_steps(highest: int, per: int) -> None:
    ticks = scale(highest, per)

    assert ticks[-1] >= highest
    assert 2 <= len(ticks) <= STEPS_Y_MAX + 1
    assert all(tick % per == 0 for tick in ticks)


def test_changes_of_one_moment_are_one_corner() -> None:
    assert [balance for _at, balance in balances(curve((1, 5), (1, 7), (2, -2), start=1))] == [1, 13, 11]


def test_too_many_corners_are_thinned_and_both_ends_stay() -> None:
    corners = balances(curve(*((day, 1) for day in range(1, 3_000)), days=3_000))

    kept = thinned(corners)

    assert len(kept) <= POINTS_MAX
    assert (kept[0], kept[-1]) == (corners[0], corners[-1])
    assert kept == sorted(kept)
