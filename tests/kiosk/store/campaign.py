"""Random lives of a journal on a disk that loses its power at every single step.

Each history appends, removes, compacts (with appends in between), closes and opens. After each operation of the
disk every image that a power cut may leave is opened and compared, byte for byte, with what had been acknowledged:
every prefix of the writes that were not synced, every hole in them, every sector alone, and mixtures. With `faults`,
operations of the disk are refused as well.

`python -m tests.kiosk.store.campaign 1000000 SEED` is as long as one likes; any seed shows other histories.
"""

import errno
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from random import Random
from typing import TypeVar

import pytest

from kiosk.store.errors import (
    CompactionFailedError,
    JournalFailedError,
    JournalReadOnlyError,
    StoreError,
    StoreFullError,
)
from kiosk.store.journal import Journal
from kiosk.store.limits import Limits
from kiosk.store.operations import Clear, Drop, Operation, Put, Remove
from tests.simulation.disk import Extent, Fault, SimDisk

Result = TypeVar("Result")

NAME = "events"
TABLES = ("events", "leases")
LIMITS = Limits(max_bytes=40_000, grow_bytes=1_500, reserve_bytes=200, compact_min_bytes=0, compact_garbage_percent=0)
ACTIONS = 12
DOCUMENT_BYTES = (1, 40, 300, 700, 1_300)


@dataclass(frozen=True, slots=True)
class State:
    """Everything a journal says: documents by table, in order, and the next ids."""

    tables: dict[str, list[tuple[int, bytes]]]
    next_ids: tuple[int, ...]


@dataclass(slots=True)
class Model:
    """What a journal should say, kept the plain way."""

    tables: dict[str, dict[int, bytes]] = field(default_factory=dict)
    next_ids: dict[str, int] = field(default_factory=dict)

    def after(self, operations: list[Operation]) -> "Model":
        """Take the model as it is once these operations have happened."""
        after = Model({name: table.copy() for name, table in self.tables.items()}, self.next_ids.copy())
        for operation in operations:
            after._apply(operation)
        return after

    def state(self) -> State:
        """Take what is to be compared."""
        tables = {name: list(table.items()) for name, table in self.tables.items()}
        return State(tables, tuple(self.next_ids.get(table, 1) for table in TABLES))

    def _apply(self, operation: Operation) -> None:
        match operation:
            case Put(table, doc_id, data):
                self.tables.setdefault(table, {})[doc_id] = data
                self.next_ids[table] = max(self.next_ids.get(table, 1), doc_id + 1)
            case Remove(table, doc_id):
                self.tables.get(table, {}).pop(doc_id, None)
            case Clear(table):
                self.tables[table] = {}
            case Drop(table):
                self.tables.pop(table, None)
            case _:
                raise AssertionError(operation)


def state_of(journal: Journal) -> State:
    """Read everything a journal says, the way its users do."""
    tables = {table: journal.read_many(table, journal.ids(table)) for table in journal.tables()}
    return State(tables, tuple(journal.next_id(table) for table in TABLES))


class History:
    """One life, that its seed fixes.

    `images` counts the disks that power cuts left, `opened` those that differ, `refusals` what was raised.
    """

    def __init__(self, seed: str, *, faults: dict[int, Fault] | None = None, power_cuts: bool = True) -> None:
        self.images = 0
        self.opened = 0
        self.refusals: Counter[str] = Counter()
        self.disk = SimDisk()
        self.disk.faults = faults or {}
        self.disk.after_step = self._after_step
        self._seed = seed
        self._random = Random(seed)
        self._choice = Random(f"{seed} images")
        self._power_cuts = power_cuts
        self._acknowledged = Model()
        self._unsure: Model | None = None
        self._compacting = False
        self._known: dict[bytes, State] = {}
        self._again: dict[bytes, State] = {}
        self._journal: Journal

    def run(self) -> None:
        """Live it; raises AssertionError at the first thing that is not as it must be."""
        self._open()
        for _ in range(ACTIONS):
            self._random.choices((self._append, self._compact, self._restart, self._reopen), weights=(16, 3, 2, 1))[0]()
        self._restart()

    def _restart(self) -> None:
        self._journal.close()
        self._open()

    def _open(self) -> None:
        self._journal = self._insist(lambda: Journal.open(self.disk, NAME, LIMITS))
        self._end_doubt()

    def _reopen(self) -> None:
        self._insist(self._journal.reopen)
        self._end_doubt()

    def _append(self) -> None:
        operations = self._operations()
        self._unsure = self._acknowledged.after(operations)
        try:
            self._journal.append(operations)
        except StoreFullError as error:
            self._refused(error)
            self._unsure = None
            self._expect(self._state(), "after a refusal for want of room")
        except JournalFailedError as error:
            self._recover(error)
        else:
            self._acknowledged, self._unsure = self._unsure, None

    def _compact(self) -> None:
        self._compacting = True
        try:
            self._journal.compact()
        except (StoreFullError, CompactionFailedError) as error:
            self._refused(error)
        except JournalFailedError as error:
            self._recover(error)
        finally:
            self._compacting = False
        self._expect(self._state(), "after a compaction")

    def _recover(self, error: StoreError) -> None:
        """See that nothing is taken after a failure, then open again, with a cache that forgot or still lies."""
        self._refused(error)
        unsure, self._unsure = self._unsure, None
        with pytest.raises(JournalReadOnlyError):
            self._journal.append([Put("events", 1, b"refused")])
        self._expect(self._state(), "while read-only")
        self._unsure = unsure
        if self._random.random() < 0.5:
            self.disk.forget_cache()
        self._reopen()

    def _insist(self, attempt: Callable[[], Result]) -> Result:
        while True:
            try:
                return attempt()
            except (StoreFullError, JournalFailedError) as error:
                self._refused(error)

    def _end_doubt(self) -> None:
        """Hold on to what an opening shows: from now on it may not change any more."""
        found = self._state()
        self._expect(found, "after opening again")
        self._acknowledged = next(model for model in self._possible() if model.state() == found)
        self._unsure = None

    def _after_step(self) -> None:
        if self._power_cuts:
            self._cut_power()
        # Another thread may append between any two steps of a compaction that does not hold the journal's lock.
        if self._compacting and self._journal.writable and not self._is_locked() and self._random.random() < 0.3:
            self._compacting = False
            self._append()
            self._compacting = True

    def _is_locked(self) -> bool:
        return self._journal.lock._is_owned()  # type: ignore[attr-defined, no-any-return]

    def _cut_power(self) -> None:
        for disk in self.disk.crash_images(NAME, self._choice):
            self.images += 1
            # Many cuts leave the same bytes; opening those once more would show nothing new.
            contents = _contents(disk)
            if contents in self._known:
                self._expect(self._known[contents], "after a power cut")
            else:
                self._known[contents] = self._look_into(disk)
        self.images += 1
        self._look_into(self.disk.killed())

    def _look_into(self, disk: SimDisk) -> State:
        self.opened += 1
        if self._choice.random() < 0.05:
            disk.after_step = partial(self._cut_power_while_opening, disk)
        found = _opened(disk)
        self._expect(found, "after a power cut")
        # What an opening shows may be acted upon, so no second cut may take it away.
        for again in disk.crash_images(NAME, self._choice):
            assert self._read(again) == found, self._where("after a second power cut")
        return found

    def _read(self, disk: SimDisk) -> State:
        contents = _contents(disk)
        if contents not in self._again:
            self._again[contents] = _opened(disk)
        return self._again[contents]

    def _cut_power_while_opening(self, disk: SimDisk) -> None:
        for again in disk.crash_images(NAME, self._choice):
            self._expect(self._read(again), "after a power cut while opening")

    def _state(self) -> State:
        faults, self.disk.faults = self.disk.faults, {}
        state = state_of(self._journal)
        self.disk.faults = faults
        return state

    def _possible(self) -> list[Model]:
        return [self._acknowledged] + ([self._unsure] if self._unsure else [])

    def _expect(self, found: State, moment: str) -> None:
        assert found in [model.state() for model in self._possible()], self._where(moment)

    def _where(self, moment: str) -> str:
        return f"history {self._seed!r}, step {self.disk.steps}, {moment}"

    def _refused(self, error: StoreError) -> None:
        self.refusals[type(error).__name__] += 1

    def _operations(self) -> list[Operation]:
        return [self._operation() for _ in range(self._random.choice((1, 1, 1, 2, 4)))]

    def _operation(self) -> Operation:
        table = self._random.choice(TABLES)
        doc_id = self._random.randrange(1, 8)
        kind = self._random.choices(("new", "replace", "remove", "clear", "drop"), weights=(10, 3, 4, 1, 1))[0]
        match kind:
            case "new":
                return Put(table, self._acknowledged.next_ids.get(table, 1), self._document())
            case "replace":
                return Put(table, doc_id, self._document())
            case "remove":
                return Remove(table, doc_id)
            case "clear":
                return Clear(table)
            case _:
                return Drop(table)

    def _document(self) -> bytes:
        return self._random.randbytes(self._random.choice(DOCUMENT_BYTES))


def campaign(images: int, seed: str) -> "Counter[str]":
    """Live histories until that many images were opened; every other one on a disk that also refuses things."""
    tally: Counter[str] = Counter()
    random = Random(seed)
    while tally["images"] < images:
        faulty = tally["histories"] % 2 == 1
        faults = {random.randrange(200): _fault(random) for _ in range(3)} if faulty else {}
        history = History(f"{seed}/{tally['histories']}", faults=faults)
        history.run()
        tally += Counter(images=history.images, opened=history.opened, histories=1)
        tally += Counter(refused=history.refusals.total())
    return tally


def _fault(random: Random) -> Fault:
    return Fault(random.choice((errno.EIO, errno.ENOSPC)), random.choice(list(Extent)))


def _contents(disk: SimDisk) -> bytes:
    return sha256(disk.contents(NAME)).digest() if NAME in disk.names() else b""


def _opened(disk: SimDisk) -> State:
    return state_of(Journal.open(disk, NAME, LIMITS))


if __name__ == "__main__":
    sys.stdout.write(f"{dict(campaign(int(sys.argv[1]), sys.argv[2]))}\n")
