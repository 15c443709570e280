"""A balance over time as a drawing (SVG 1.1), to be shown as it is: no script, no font of its own. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from zoneinfo import ZoneInfo

WIDTH, HEIGHT = 720, 240
LEFT, RIGHT, TOP, BOTTOM = 72, 20, 44, 34
INK, FAINT, GRID, LINE, AREA = "#1f2933", "#6b7785", "#e3e8ee", "#1f6feb", "#1f6feb"
FONT = "system-ui, -apple-system, 'Segoe UI', 'Noto Sans SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"

POINTS_MAX = 400
"""Most corners that are drawn: beyond it one pixel would hold several, so only the last of each stretch is kept."""

STEPS_X = 4
STEPS_Y_MAX = 5


@dataclass(frozen=True, slots=True)
class Curve:
    """What is drawn: the balance at `since`, every change of it up to `until`, and the zone of the dates."""

    since: datetime
    until: datetime
    start: int
    changes: Sequence[tuple[datetime, int]]
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Labels:
    """What is written: a title and the newest balance; amounts on the scale are told in units of `per`."""

    title: str
    now: str
    language: str
    per: int = 1


def draw(curve: Curve, labels: Labels) -> str:
    """The drawing. It is a picture to a screen reader too: its title and the newest balance are read out."""
    corners = thinned(balances(curve))
    ticks = scale(max((balance for _at, balance in corners), default=0), labels.per)
    body = [*_grid(ticks, labels), *_dates(curve), *_curve(curve, corners, ticks[-1])]
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    spoken = f'role="img" lang="{escape(labels.language)}" font-family="{FONT}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} {spoken}>',
            f"<title>{escape(labels.title)}</title>",
            f"<desc>{escape(labels.now)}</desc>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
            _text(LEFT, 24, labels.title, size=15, ink=INK, anchor="start", weight="600"),
            _text(WIDTH - RIGHT, 24, labels.now, size=13, ink=FAINT, anchor="end"),
            *body,
            "</svg>",
            "",
        ]
    )


def balances(curve: Curve) -> list[tuple[datetime, int]]:
    """The balance from each moment on, oldest first; the first is that of the beginning."""
    corners, balance = [(curve.since, curve.start)], curve.start
    for at, change in curve.changes:
        balance += change
        if corners[-1][0] == at:
            corners.pop()
        corners.append((at, balance))
    return corners


def thinned(corners: Sequence[tuple[datetime, int]]) -> list[tuple[datetime, int]]:
    """At most POINTS_MAX corners: of every stretch of equal count the last, and always the first and last of all."""
    if len(corners) <= POINTS_MAX:
        return list(corners)
    stretch = -(-len(corners) // (POINTS_MAX - 1))
    last = len(corners) - 1
    return [corner for place, corner in enumerate(corners) if place in {0, last} or place % stretch == stretch - 1]


def scale(highest: int, per: int) -> list[int]:
    """Round amounts from 0 up to one that is not below the highest: at most STEPS_Y_MAX of them above 0."""
    step = per
    while step * STEPS_Y_MAX < highest:
        # 1, 2, 5, 10, 20, 50 and so on, each of them times `per`.
        step = step * 5 // 2 if str(step // per).startswith("2") else step * 2
    return [step * number for number in range(max(1, -(-highest // step)) + 1)]


def _grid(ticks: Sequence[int], labels: Labels) -> list[str]:
    lines = []
    for tick in ticks:
        y = _y(tick, ticks[-1])
        lines.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="{GRID}"/>')
        lines.append(_text(LEFT - 10, y + 4, f"{tick // labels.per:,}", size=11, ink=FAINT, anchor="end"))
    return lines


def _dates(curve: Curve) -> list[str]:
    span = curve.until - curve.since
    moments = [curve.since + span * number / STEPS_X for number in range(STEPS_X + 1)]
    shown = "%Y-%m-%d" if span >= timedelta(days=STEPS_X) else "%m-%d %H:%M"
    anchors = ["start", *["middle"] * (STEPS_X - 1), "end"]
    return [
        _text(_x(at, curve), HEIGHT - 12, at.astimezone(curve.zone).strftime(shown), size=11, ink=FAINT, anchor=anchor)
        for at, anchor in zip(moments, anchors, strict=True)
    ]


def _curve(curve: Curve, corners: Sequence[tuple[datetime, int]], top: int) -> list[str]:
    path = []
    for number, (at, balance) in enumerate(corners):
        x, y = _x(at, curve), _y(balance, top)
        path.append(f"M{x:.1f} {y:.1f}" if number == 0 else f"H{x:.1f}V{y:.1f}")
    path.append(f"H{_x(curve.until, curve):.1f}")
    line, floor = "".join(path), _y(0, top)
    area = f"{line}V{floor:.1f}H{_x(curve.since, curve):.1f}Z"
    end = f'<circle cx="{_x(curve.until, curve):.1f}" cy="{_y(corners[-1][1], top):.1f}" r="3.5" fill="{LINE}"/>'
    return [
        f'<path d="{area}" fill="{AREA}" fill-opacity="0.10"/>',
        f'<path d="{line}" fill="none" stroke="{LINE}" stroke-width="2" stroke-linejoin="round"/>',
        end,
    ]


def _x(at: datetime, curve: Curve) -> float:
    share = (at - curve.since) / (curve.until - curve.since)
    return LEFT + min(1.0, max(0.0, share)) * (WIDTH - LEFT - RIGHT)


def _y(balance: int, top: int) -> float:
    return HEIGHT - BOTTOM - balance / top * (HEIGHT - TOP - BOTTOM)


def _text(x: float, y: float, text: str, *, size: int, ink: str, anchor: str, weight: str = "400") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}"'
    return f'<text {place} fill="{ink}" text-anchor="{anchor}">{escape(text)}</text>'
