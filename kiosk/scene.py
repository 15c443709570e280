"""What the screen depends on besides the visit. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal
from uuid import UUID

from kiosk.texts import Texts
from kiosk.visit.allowance import NOTHING, Allowance
from protocol.state import Configuration, Programme, Reward
from protocol.values import text_in

PictureOf = Callable[[str], Path | None]
"""Where the picture with a SHA-256 lies on this kiosk; None while it has not come."""


@dataclass(frozen=True, slots=True)
class Ending:
    """When the visit ends by itself: in so many seconds, None while nobody is here; and whether to ask first."""

    seconds: int | None = None
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """The kiosk at this moment.

    `allowance` is what it may give whoever is here by itself, `clock` whether its time is believed, `chain` whether the
    hub takes its journal, and `neighbours` whether the store's other kiosks can be asked.
    """

    texts: Texts
    now: datetime
    online: bool
    reader_ready: bool
    writable: bool
    catalogue: tuple[Reward, ...]
    programme: Programme | None
    configuration: Configuration | None
    picture_of: PictureOf
    ending: Ending = Ending()
    allowance: Allowance = NOTHING
    clock: bool = True
    journal_used_percent: int = 0
    chain: Literal["good", "waiting", "forked", "revoked"] = "good"
    neighbours: bool = False

    def written(self, texts: dict[str, str]) -> str:
        """A text that HQ wrote, in the language of the screen."""
        return text_in(texts, self.texts.language)

    def reward(self, reward: UUID) -> Reward | None:
        """A reward of the catalogue."""
        return next((known for known in self.catalogue if known.reward == reward), None)

    def reward_name(self, reward: UUID) -> str:
        """What a reward is called; empty where the catalogue does not have it any more."""
        known = self.reward(reward)
        return self.written(known.names) if known else ""
