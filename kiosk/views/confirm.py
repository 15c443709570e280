"""The confirm screen: a reward, what it takes, and what remains."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PriceRow:
    """One line of the sum; `tone` is `plain`, `spend` or `rest`."""

    label: str
    value: str
    tone: str


@dataclass(frozen=True, slots=True)
class ConfirmView:
    """A question over the dimmed member screen. While `waiting`, the buttons give way to `waiting_label`."""

    title: str
    subtitle: str
    picture: Path | None
    rows: tuple[PriceRow, ...]
    confirm_label: str
    cancel_label: str
    waiting: bool
    waiting_label: str
