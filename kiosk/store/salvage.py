"""Reads what is left of a damaged journal, for whoever replaces it."""

from collections.abc import Iterator
from contextlib import suppress

from kiosk.store.disk import Disk
from kiosk.store.operations import Operation
from kiosk.store.records import decode
from kiosk.store.scan import readable


def salvage(disk: Disk, name: str) -> Iterator[Operation]:
    """Operations of every record that is still sound, oldest first; the file is not changed.

    What lay in between is lost, so they are facts about documents that existed, not the tables as they were.
    """
    file = disk.open(name)
    try:
        for record in readable(file, 0, file.size()):
            # A sound record of a kind that this release does not know is left to one that does.
            with suppress(ValueError):
                yield from decode(record.raw)
    finally:
        file.close()
