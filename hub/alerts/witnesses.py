"""Pure rule about the audit log's witnesses: heads of it that kiosks remember must still lie on its chain."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hub.alerts.rules import Finding


@dataclass(frozen=True, slots=True)
class Witness:
    """What a kiosk remembers of an entry of the log, and which hash the entry has now; "" where it is gone."""

    kiosk: str
    store: str
    number: int
    hash: str
    has_now: str


def contradictions(witnesses: Iterable[Witness]) -> Iterator[Finding]:
    """Somebody has cut the log or written it anew since a kiosk was told where it ended."""
    for one in witnesses:
        if one.hash != one.has_now:
            told = {"number": one.number, "remembered": one.hash, "has_now": one.has_now}
            yield Finding(
                "audit.contradicted", "high", f"kiosk:{one.kiosk}", f"{one.number} {one.hash}", told, one.store
            )
