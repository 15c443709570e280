"""Pure rules about kiosks' journals: one that fills up, one that forked, one that lost something with a restore."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub.alerts.rules import Finding
from protocol.limits import JOURNAL_FILLING_PERCENT, JOURNAL_NEARLY_FULL_PERCENT


@dataclass(frozen=True, slots=True)
class JournalHealth:
    """What a kiosk last said of its journal, and what the hub knows of its epochs; `gaps` are places, by epoch."""

    kiosk: str
    store: str
    at: datetime
    used_percent: int = 0
    forked: tuple[UUID, ...] = ()
    gaps: tuple[tuple[UUID, int, int], ...] = ()


def sick_journals(kiosks: Iterable[JournalHealth]) -> Iterator[Finding]:
    """What somebody has to look at, or go to: a full journal promises nothing any more, a fork waits for a person."""
    for kiosk in kiosks:
        subject = f"kiosk:{kiosk.kiosk}"
        reached = [
            limit for limit in (JOURNAL_NEARLY_FULL_PERCENT, JOURNAL_FILLING_PERCENT) if limit <= kiosk.used_percent
        ]
        if reached:
            severity = "high" if reached[0] == JOURNAL_NEARLY_FULL_PERCENT else "medium"
            told = {"used_percent": kiosk.used_percent, "at": kiosk.at.isoformat()}
            yield Finding("journal.filling", severity, subject, f"{reached[0]} {kiosk.at:%Y-%m}", told, kiosk.store)
        for epoch in kiosk.forked:
            yield Finding("journal.forked", "high", subject, str(epoch), {"epoch": str(epoch)}, kiosk.store)
        for epoch, first, last in kiosk.gaps:
            lost = {"epoch": str(epoch), "first": first, "last": last}
            yield Finding("journal.gap", "high", subject, f"{epoch} {first}", lost, kiosk.store)
