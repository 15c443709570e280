"""Pure rules about cards: one that is at two places at once, and kiosks where copies of taps are tried."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from hub.alerts.rules import AlertPolicy, Finding


@dataclass(frozen=True, slots=True)
class Seen:
    """A card that was shown to a kiosk of a store and opened a visit there."""

    card: UUID
    member: UUID
    store: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Replays:
    """How many taps a kiosk presented on a day, by UTC, whose code had been used before."""

    kiosk: str
    store: str
    day: str
    count: int


def far_apart(seen: Iterable[Seen], policy: AlertPolicy) -> Iterator[Finding]:
    """A card is shown in two stores within less time than a way between them takes: one of the two may be a copy."""
    of_card: dict[UUID, list[Seen]] = defaultdict(list)
    for one in sorted(seen, key=lambda one: one.at):
        of_card[one.card].append(one)
    within = timedelta(minutes=policy.far_apart_min)
    for card, shown in of_card.items():
        for before, after in pairwise(shown):
            if before.store != after.store and after.at - before.at < within:
                told = {
                    "member": str(after.member),
                    "stores": [before.store, after.store],
                    "at": [before.at.isoformat(), after.at.isoformat()],
                }
                yield Finding("card.far_apart", "high", f"card:{card}", f"{after.at:%Y-%m-%d}", told, after.store)
                break


def replayed_often(replays: Iterable[Replays], policy: AlertPolicy) -> Iterator[Finding]:
    """Again and again a kiosk is shown codes that were used before: somebody holds a copy to it.

    A single one may be honest: a tap whose question came late, after a newer one of the same card.
    """
    for found in replays:
        if found.count >= policy.replayed_taps:
            told = {"count": found.count, "day": found.day}
            yield Finding("card.replayed_often", "high", f"kiosk:{found.kiosk}", found.day, told, found.store)
