"""Pure rules of rows: what a row says of a member, or what is wrong in which of its cells."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.imports.columns import CUSTOM, HOME_STORE, LANGUAGE, POINTS, SOURCE, Columns
from hub.imports.files import CELL_MAX_CHARS, Row
from hub.members.rules import NAME, PERSONAL
from protocol.errors import ErrorCode
from protocol.limits import VALUE_MAX

FORMULA_MARKS = ("=", "@", "\t", "\r")
SIGNS = ("+", "-")
SIGNED = frozenset({"phone", POINTS})
"""Fields whose values may begin with a sign; elsewhere a spreadsheet takes what begins so for a formula."""

TOKEN = re.compile(r"[^\x00-\x1f\x7f]{1,64}")
LANGUAGE_TAG = re.compile(r"[a-z]{2}")
POINTS_TEXT = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class CellFault:
    """What is wrong in one cell: `column` from 1, 0 where it is the row's. What stands there is never told."""

    line: int
    column: int
    field: str
    code: ErrorCode
    data: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Draft:
    """A member as a row tells of it, not judged yet; `plain` is what is neither personal nor the chain's own field."""

    line: int
    personal: Mapping[str, str | None]
    custom: Mapping[str, str | None]
    plain: Mapping[str, str]
    points: int
    has_points: bool


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds for members whose row does not say."""

    home_store: str
    language: str
    source: str

    def plain(self) -> dict[str, str]:
        """The defaults by field."""
        return {HOME_STORE: self.home_store, LANGUAGE: self.language, SOURCE: self.source}


def drafted(row: Row, columns: Columns, stores: frozenset[str]) -> tuple[Draft, list[CellFault]]:
    """What a row says, by its cells that can be what their columns are; and what is wrong with the others."""
    texts: dict[str, str] = {}
    faults = []
    for place, name in enumerate(columns, 1):
        if name is not None:
            text = row.cells[place - 1] if place <= len(row.cells) else ""
            code = _wrong(name, text, stores)
            if code is not None:
                faults.append(CellFault(row.line, place, name, code, _told(code)))
            elif text:
                # A cell that is empty says nothing; it takes nothing away.
                texts[name] = text
    draft = Draft(
        line=row.line,
        personal={name: text for name, text in texts.items() if name in PERSONAL},
        custom={name.removeprefix(CUSTOM): text for name, text in texts.items() if name.startswith(CUSTOM)},
        plain={name: texts[name] for name in (HOME_STORE, LANGUAGE, SOURCE) if name in texts},
        points=int(texts.get(POINTS, "0")),
        has_points=POINTS in texts,
    )
    return draft, faults


def _wrong(name: str, text: str, stores: frozenset[str]) -> ErrorCode | None:
    if len(text) > CELL_MAX_CHARS:
        return ErrorCode.CELL_TOO_LONG
    if text.startswith(FORMULA_MARKS) or (text.startswith(SIGNS) and name not in SIGNED):
        return ErrorCode.CELL_FORMULA
    if not text:
        return ErrorCode.CELL_MISSING if name == NAME else None
    match name:
        case "home_store":
            return None if text in stores else ErrorCode.STORE_UNKNOWN
        case "language":
            return None if LANGUAGE_TAG.fullmatch(text) else ErrorCode.CELL_INVALID
        case "source":
            return None if TOKEN.fullmatch(text) else ErrorCode.CELL_INVALID
        case "points":
            return None if POINTS_TEXT.fullmatch(text) and int(text) <= VALUE_MAX else ErrorCode.CELL_INVALID
        case _:
            return None


def _told(code: ErrorCode) -> dict[str, Any]:
    return {"max": CELL_MAX_CHARS} if code is ErrorCode.CELL_TOO_LONG else {}


def column_of(columns: Columns, name: str) -> int:
    """Which column a field stands in, from 1; 0 where none is it."""
    names: Sequence[str | None] = list(columns)
    return names.index(name) + 1 if name in names else 0
