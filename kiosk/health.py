"""How the kiosk is, as it tells the hub once a minute."""

from dataclasses import dataclass

import structlog

from kiosk.outbox import Trust
from kiosk.ports import Clock
from kiosk.store.local import LocalStore
from protocol.limits import JOURNAL_FILLING_PERCENT
from protocol.state import Heartbeat

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the kiosk's parts say of themselves: the reader, the picture, and room on disk and in memory, in bytes."""

    reader_ready: bool
    frame_age_ms: int
    disk_free_bytes: int
    memory_bytes: int


def heartbeat(store: LocalStore, trust: Trust, around: Surroundings, clock: Clock) -> Heartbeat:
    """The kiosk's health now; `trust` is that of its journal."""
    chain, now, used = store.chain, clock.now(), store.used_percent
    if used >= JOURNAL_FILLING_PERCENT:
        log.warning("the journal fills up; nothing is promised when it is full", used_percent=used)
    return Heartbeat(
        at=now,
        clock=clock.trust(),
        unconfirmed=chain.unconfirmed,
        oldest_unconfirmed_s=chain.oldest_unconfirmed_age_s(now),
        reader="ready" if around.reader_ready else "missing",
        frame_age_ms=around.frame_age_ms,
        disk_free_bytes=around.disk_free_bytes,
        memory_bytes=around.memory_bytes,
        journal="writable" if store.is_writable else "read_only",
        snapshots=len(store.snapshots),
        journal_used_percent=used,
        chain=trust.value,
    )
