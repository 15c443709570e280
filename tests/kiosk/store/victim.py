"""A process that keeps a journal and says on its output what it was told is durable, until it is killed.

Run as `python -m tests.kiosk.store.victim DIRECTORY`. It compacts all the time, so a kill often falls into that.
"""

import sys
import threading
from pathlib import Path

from kiosk.store.disk import RealDisk
from kiosk.store.journal import Journal
from kiosk.store.limits import Limits
from kiosk.store.operations import Put, Remove

LIMITS = Limits(grow_bytes=16_384, compact_min_bytes=0)


def document(doc_id: int) -> bytes:
    """Give the bytes that belong to an id."""
    return f'{{"seq": {doc_id}, "pad": "{"x" * (doc_id % 700)}"}}'.encode()


def main() -> None:
    """Append for ever; remove every document a while after it was put."""
    journal = Journal.open(RealDisk(Path(sys.argv[1])), "events", LIMITS)
    threading.Thread(target=_compact_for_ever, args=(journal,), daemon=True).start()
    while True:
        doc_id = journal.next_id("events")
        sys.stdout.write(f"? {doc_id}\n")
        sys.stdout.flush()
        journal.append([Put("events", doc_id, document(doc_id)), Remove("events", doc_id - 50)])
        sys.stdout.write(f"! {doc_id}\n")
        sys.stdout.flush()


def _compact_for_ever(journal: Journal) -> None:
    while True:
        journal.compact()


if __name__ == "__main__":
    main()
