"""Pure rules of the fields that a chain defines for its members: what a definition may say, and which values it takes.

Patterns are shapes and not regular expressions: a shape is read once from left to right, so none can take for ever.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta

from hub.members.rules import Fault, Normal, one_line
from protocol.errors import ErrorCode

TEXT_MAX_CHARS = 500
CHOICES_MAX = 100
SEPARATOR = ";"
"""Stands between the choices of a field that takes several."""

Screen = Literal["till", "kiosk", "console", "web"]
CONSOLE: Screen = "console"
"""Where a field is shown unless it says otherwise, and which screen a caller means who names none."""

Kind = Literal["text", "number", "date", "choice", "multi", "yes_no"]
Texts = Annotated[dict[str, Annotated[str, Meta(min_length=1, max_length=64)]], Meta(min_length=1)]
Token = Annotated[str, Meta(pattern=r"^[a-z0-9_]{1,32}$")]
Given = str | int | float | bool | list[str] | None
"""A value as it comes over the API, or as text from a file."""

_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")
_YES, _NO = frozenset({"yes", "true", "1", "是"}), frozenset({"no", "false", "0", "否"})


@dataclass(frozen=True, slots=True)
class FieldDefinition:
    """One field. `min` and `max` bound a number, or the length of a text; `earliest` and `latest` bound a date.

    `shape` is a text's: 9 is any digit, A any Latin letter, everything else stands for itself. `roles` are those that
    see the values in clear, all where it is empty; `screens` are where the field is shown at all. A kiosk's screen is
    read by whoever stands before it, so a field with `roles` is on none.
    """

    kind: Kind
    names: Texts
    required: bool = False
    searchable: bool = False
    min: int | None = None
    max: int | None = None
    earliest: date | None = None
    latest: date | None = None
    shape: Annotated[str, Meta(max_length=64)] = ""
    choices: Annotated[dict[Token, Texts], Meta(max_length=CHOICES_MAX)] = field(default_factory=dict)
    screens: list[Screen] = field(default_factory=lambda: [CONSOLE])
    roles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Refuse what contradicts itself, or bounds what the kind does not have."""
        choosing = self.kind in {"choice", "multi"}
        if choosing != bool(self.choices):
            raise ValueError("`choices` are for the kinds `choice` and `multi`, which need some")
        if self.shape and self.kind != "text":
            raise ValueError("`shape` is for the kind `text`")
        if (self.min is not None or self.max is not None) and self.kind not in {"text", "number"}:
            raise ValueError("`min` and `max` are for the kinds `text` and `number`")
        if (self.earliest or self.latest) and self.kind != "date":
            raise ValueError("`earliest` and `latest` are for the kind `date`")

    def is_seen_by(self, role: str) -> bool:
        """Tell whether a role sees the values."""
        return not self.roles or role in self.roles

    def is_on(self, screen: Screen) -> bool:
        """Tell whether a screen shows the field."""
        return screen in self.screens and not (screen == "kiosk" and self.roles)


def judged(definitions: Mapping[str, FieldDefinition], given: Mapping[str, Given], *, joins: bool = False) -> Normal:
    """Bring values into their one form, or tell what is wrong. Who joins must bring all that is required."""
    values: dict[str, str | None] = {}
    faults = []
    missing = {name for name, each in definitions.items() if joins and each.required} - given.keys()
    for name in sorted({*given, *missing}):
        definition, value = definitions.get(name), given.get(name)
        if definition is None:
            faults.append(Fault(name, ErrorCode.FIELD_UNKNOWN))
        elif value is None or value in ("", []):
            values[name] = None
            if definition.required:
                faults.append(Fault(name, ErrorCode.FIELD_REQUIRED))
        elif (form := one_form(definition, value)) is None:
            faults.append(Fault(name, ErrorCode.FIELD_INVALID))
        else:
            values[name] = form
    return Normal(values, tuple(faults))


def one_form(definition: FieldDefinition, value: Given) -> str | None:
    """A value as it is kept, which is text; None where the definition does not take it."""
    text = _as_text(value)
    match definition.kind:
        case "text":
            return _text(definition, text)
        case "number":
            return _number(definition, text)
        case "date":
            return _date(definition, text)
        case "choice":
            return text if text in definition.choices else None
        case "multi":
            chosen = {part.strip() for part in text.split(SEPARATOR)} - {""}
            return SEPARATOR.join(sorted(chosen)) if chosen and chosen <= definition.choices.keys() else None
        case "yes_no":
            low = text.casefold()
            return "yes" if low in _YES else "no" if low in _NO else None


def _as_text(value: Given) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case float():
            # As somebody would write it: 0.1 is no number of 55 digits, and 3.0 is 3.
            return f"{Decimal(repr(value)).normalize():f}"
        case list():
            return SEPARATOR.join(value)
        case _:
            return str(value).strip()


def _text(definition: FieldDefinition, text: str) -> str | None:
    line = one_line(text, TEXT_MAX_CHARS if definition.max is None else definition.max)
    if line is None or len(line) < (definition.min or 0):
        return None
    return line if not definition.shape or fits(line, definition.shape) else None


def _number(definition: FieldDefinition, text: str) -> str | None:
    if not _NUMBER.fullmatch(text):
        return None
    number = Decimal(text)
    is_low = definition.min is not None and number < definition.min
    is_high = definition.max is not None and number > definition.max
    return None if is_low or is_high else f"{number.normalize():f}".replace("-0", "0", 1 if number == 0 else 0)


def _date(definition: FieldDefinition, text: str) -> str | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    is_early = definition.earliest is not None and day < definition.earliest
    is_late = definition.latest is not None and day > definition.latest
    return None if is_early or is_late else day.isoformat()


def fits(text: str, shape: str) -> bool:
    """Tell whether a text has a shape, character by character."""
    if len(text) != len(shape):
        return False
    return all(
        character in "0123456789"
        if wanted == "9"
        else (character.isascii() and character.isalpha())
        if wanted == "A"
        else character == wanted
        for character, wanted in zip(text, shape, strict=True)
    )
