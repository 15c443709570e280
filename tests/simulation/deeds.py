"""The register of everything that an act of a schedule can be, by name."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.simulation.game import Game

Deed = Callable[["Game", dict[str, Any]], None]

DEEDS: dict[str, Deed] = {}


def deed(act: Deed) -> Deed:
    """Enter an act under the name of its function."""
    DEEDS[act.__name__] = act
    return act
