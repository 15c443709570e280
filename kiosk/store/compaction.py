"""Rewrites the live part of a journal into a fresh file while the old one goes on taking records.

It takes no lock: what it copies stands still in a frozen log, which reads through an opening of its own.
"""

from collections.abc import Iterator

from kiosk.store.disk import Disk
from kiosk.store.limits import STEP_RECORDS, SYNC_EVERY_BYTES
from kiosk.store.log import Log, begin, damage
from kiosk.store.operations import Advance, Clear, Operation, Put
from kiosk.store.records import RECORDS_START, encode
from kiosk.store.scan import scan


def rewrite(disk: Disk, name: str, old: Log) -> Log:
    """Write the tables of a frozen log to a new file, in their order, each document as a record of its own.

    The last record gets the sequence of the old log's last, so that what follows there can follow here. The end of
    the file is not synced yet.

    Raises:
        JournalDamagedError: the old file has lost what it held; rot must not get a fresh checksum.
        OSError: the disk refuses.
    """
    _verify(disk, old)
    tables = _tables(old)
    records = bool(tables) + sum(map(len, old.index.tables.values()))
    fresh = begin(disk, name, base=old.sequence - records, size=RECORDS_START)
    try:
        _copy(disk, old, tables, fresh)
    except BaseException:
        fresh.file.close()
        raise
    return fresh


def catch_up(fresh: Log, source: Log, start: int, stop: int) -> int:
    """Copy the whole records between two places of the old file as they are, unsynced; return `stop`.

    Raises:
        JournalDamagedError: they are not sound any more.
        OSError: the disk refuses.
    """
    for record in scan(source.file, start, stop):
        fresh.write(bytes(record.raw))
        fresh.accept(record.raw)
        start = record.stop
    if start != stop:
        raise damage(source.upto(start, fresh.sequence))
    return stop


def _verify(disk: Disk, old: Log) -> None:
    end, sequence = RECORDS_START, old.base
    for record in scan(old.file, end, old.end):
        end, sequence = record.stop, record.sequence
        if sequence % STEP_RECORDS == 0:
            disk.give_way()
    if end != old.end:
        raise damage(old.upto(end, sequence), newest=old.sequence)


def _tables(old: Log) -> list[Operation]:
    begun: list[Operation] = [Clear(table) for table in old.index.tables]
    return begun + [Advance(table, next_id) for table, next_id in old.index.next_ids.items()]


def _copy(disk: Disk, old: Log, tables: list[Operation], fresh: Log) -> None:
    unsynced = 0
    if tables:
        _add(fresh, [encode(fresh.sequence + 1, tables)])
    for chunk in _documents(old):
        first = fresh.sequence + 1
        unsynced += _add(fresh, [encode(first + ahead, [put]) for ahead, put in enumerate(chunk)])
        if unsynced >= SYNC_EVERY_BYTES:
            fresh.file.fdatasync()
            unsynced = 0
        disk.give_way()


def _documents(old: Log) -> Iterator[list[Operation]]:
    for table, places in old.index.tables.items():
        ids = list(places)
        for at in range(0, len(ids), STEP_RECORDS):
            chunk = ids[at : at + STEP_RECORDS]
            found = old.read_all([places[doc_id] for doc_id in chunk])
            yield [Put(table, doc_id, data) for doc_id, data in zip(chunk, found, strict=True)]


def _add(fresh: Log, records: list[bytes]) -> int:
    data = b"".join(records)
    fresh.write(data)
    for raw in records:
        fresh.accept(raw)
    return len(data)
