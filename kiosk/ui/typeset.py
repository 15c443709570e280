"""Breaking a text into lines that fit, for Chinese and English alike. Pure: widths come from a function.

Kivy breaks lines at spaces only, which tears Chinese apart and lets lines begin with a comma. The rules here are the
plain ones of the Unicode line breaking algorithm (UAX 14): between words and between ideographs, never before closing
nor after opening punctuation.
"""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

Measure = Callable[[str], float]

ELLIPSIS = "…"
NEVER_FIRST = frozenset("，。、；：！？）」』】》〉…—～·,.;:!?)]}%’”")
NEVER_LAST = frozenset("（「『【《〈([{¥$‘“")
BALANCE_STEPS = 6
ONE_LINE_SCALE = 0.85
"""Down to this scale, one smaller line reads better than two."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Lines as they are drawn, the scale they were made smaller by, and whether words had to be left out."""

    lines: tuple[str, ...]
    scale: float
    cut: bool


@dataclass(frozen=True, slots=True)
class _Piece:
    """What stays on one line; `space` is the width of the blank before it, which counts unless it begins a line."""

    text: str
    width: float
    space: float


def set_text(text: str, measure: Measure, width: float, *, lines: int, scales: Sequence[float]) -> Setting:
    """Set `text` into a box `width` wide and `lines` lines high: at the first scale that fits, else cut.

    `measure` tells a text's width at scale 1, and widths shrink with the scale. `scales` run from large to small.
    """
    flat = " ".join(text.split())
    if not flat:
        return Setting((), scales[0], cut=False)
    whole = measure(flat)
    for scale in scales:
        if whole * scale <= width and (lines == 1 or scale >= ONE_LINE_SCALE):
            return Setting((flat,), scale, cut=False)
    pieces = tuple(_pieces(flat, measure))
    for scale in scales:
        found = _fill(pieces, width / scale)
        if found is not None and len(found) <= lines:
            return Setting(_balance(pieces, width / scale, found), scale, cut=False)
    return Setting(_cut(flat, measure, width / scales[-1], lines), scales[-1], cut=True)


def _pieces(text: str, measure: Measure) -> Iterator[_Piece]:
    blank = measure(" ")
    for number, word in enumerate(text.split(" ")):
        for index, part in enumerate(_unbroken(word)):
            yield _Piece(part, measure(part), blank if number and index == 0 else 0.0)


def _unbroken(word: str) -> list[str]:
    """Parts of a word between which a line may end."""
    parts: list[str] = []
    for letter in word:
        if parts and not _may_break(parts[-1][-1], letter):
            parts[-1] += letter
        else:
            parts.append(letter)
    return parts


def _may_break(before: str, after: str) -> bool:
    if before in NEVER_LAST or after in NEVER_FIRST:
        return False
    return _is_wide(before) or _is_wide(after)


def _is_wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in "WF"


def _fill(pieces: Sequence[_Piece], width: float) -> tuple[str, ...] | None:
    """As much as fits on each line; None when a single piece is wider than a line."""
    lines = [""]
    used = 0.0
    for piece in pieces:
        if piece.width > width:
            return None
        if lines[-1] and used + piece.space + piece.width > width:
            lines.append("")
            used = 0.0
        joined = piece.space > 0 and bool(lines[-1])
        lines[-1] += f" {piece.text}" if joined else piece.text
        used += piece.width + (piece.space if joined else 0.0)
    return tuple(lines)


def _balance(pieces: Sequence[_Piece], width: float, found: tuple[str, ...]) -> tuple[str, ...]:
    """The same number of lines, as equally long as they get, so that no last line holds a single word."""
    narrow, wide = width / len(found), width
    for _ in range(BALANCE_STEPS):
        middle = (narrow + wide) / 2
        tried = _fill(pieces, middle)
        if tried is not None and len(tried) == len(found):
            found, wide = tried, middle
        else:
            narrow = middle
    return found


def _cut(text: str, measure: Measure, width: float, lines: int) -> tuple[str, ...]:
    """`lines` lines with an ellipsis at the end, breaking inside words where nothing else helps."""
    done: list[str] = []
    rest = text
    while len(done) < lines - 1:
        line = _head(rest, measure, width)
        done.append(line.rstrip())
        rest = rest[len(line) :].lstrip()
    head = _longest(rest, lambda part: measure(part + ELLIPSIS) <= width)
    return (*done, head.rstrip(" ，。、,.;:") + ELLIPSIS)


def _head(text: str, measure: Measure, width: float) -> str:
    """What the first line of `text` takes, up to the last place where it may end."""
    head = _longest(text, lambda part: measure(part) <= width)
    end = len(head)
    while 0 < end < len(text) and " " not in text[end - 1 : end + 1] and not _may_break(text[end - 1], text[end]):
        end -= 1
    return head[:end] if end else head


def _longest(text: str, fits: Callable[[str], bool]) -> str:
    """Longest beginning of `text` that fits; at least one letter, so that cutting always goes on."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(text[:middle]) else (low, middle - 1)
    return text[:low]
