"""Every maximum of the store, by name, its unit last."""

from dataclasses import dataclass
from datetime import timedelta

RECORD_MAX_BYTES = 64 * 1024 * 1024
"""Largest payload of one record: a change to every one of 100,000 documents still fits."""

TABLE_NAME_MAX_BYTES = 255
"""Longest name of a table in UTF-8; the format gives its length one byte."""

DOCUMENT_ID_MIN = -(2**63)
DOCUMENT_ID_MAX = 2**63 - 2
"""Highest document id: the format gives ids 64 bits with sign, and the next id must fit as well."""

WINDOW_BYTES = 256 * 1024
"""Read at once when a file is scanned or copied. Small, so that no append waits long for disk or interpreter."""

READ_MANY_DOCUMENTS = 256
"""Read at once when a table is gone through; the lock is held that long, and no longer."""

STEP_RECORDS = 64
"""Records that a compaction handles before it gives way: below a millisecond of work."""

SYNC_EVERY_BYTES = 128 * 1024
"""Most that a compaction leaves unsynced, so that the sync of an append never queues behind more."""

LEASES_MAX = 10_000
"""Most leases ahead that are open at a time; what is lent beyond that is given back at once."""

CLOSED_AT_ONCE_MAX = 64
"""Most leases ahead that are closed in one put."""

TAPS_MAX_MEMBERS = 20_000
"""Of so many members, those recognised last, the codes that were used up are kept."""


KEPT_MAX = 20_000
"""Most notes that a kiosk remembers as given, and most that it remembers as taken; beyond that it passes nothing on."""

KEPT_PAST_DEADLINE = timedelta(days=400)
"""How long past its deadline a note is remembered: a hub that was restored may come back to it as late as it can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes that suit one journal. The defaults hold a month offline of one kiosk several times over.

    `max_bytes` caps the file; a compaction needs room for the live part once more. `grow_bytes` is the step of
    preallocation. `reserve_bytes` of the preallocated space are kept for records that make room: some 1,000 leases can
    be closed in a full journal, or 2,000 receipts taken. A compaction is due when at least `compact_min_bytes` are used
    and at least `compact_garbage_percent` of them are garbage, or when a compaction gives a full journal its reserve
    back.
    """

    max_bytes: int = 512 * 1024 * 1024
    grow_bytes: int = 1024 * 1024
    reserve_bytes: int = 512 * 1024
    compact_min_bytes: int = 4 * 1024 * 1024
    compact_garbage_percent: int = 50


DEFAULT_LIMITS = Limits()
