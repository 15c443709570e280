"""Journals of real processes on the real disk: killed, kept out, and used by several threads."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from kiosk.store.disk import RealDisk
from kiosk.store.errors import JournalLockedError
from kiosk.store.journal import Journal
from kiosk.store.operations import Put
from kiosk.store.tables import JournalDB
from tests.kiosk.store.victim import LIMITS, document

KILLS = 4


def victim_command(directory: Path) -> list[str]:
    return [sys.executable, "-m", "tests.kiosk.store.victim", str(directory)]


def test_nothing_that_was_said_durable_is_lost_by_a_kill(tmp_path: Path) -> None:
    for kill in range(KILLS):
        with subprocess.Popen(victim_command(tmp_path), stdout=subprocess.PIPE, text=True) as victim:
            assert victim.stdout is not None
            said = [victim.stdout.readline() for _ in range(100 + 37 * kill)]
            victim.kill()
            said += victim.stdout.readlines()
        durable = max(int(line[2:]) for line in said if line.startswith("! ") and line.endswith("\n"))
        attempted = max(int(line[2:]) for line in said if line.startswith("? ") and line.endswith("\n"))

        journal = Journal.open(RealDisk(tmp_path), "events", LIMITS)
        ids = journal.ids("events")
        newest = ids[-1]

        assert newest in (durable, attempted)
        assert ids == list(range(max(1, newest - 49), newest + 1))
        assert all(journal.read("events", doc_id) == document(doc_id) for doc_id in ids)
        journal.close()


def test_second_process_is_kept_out(tmp_path: Path) -> None:
    journal = Journal.open(RealDisk(tmp_path), "events", LIMITS)

    second = subprocess.run(victim_command(tmp_path), capture_output=True, text=True, check=False)

    assert second.returncode == 1
    assert JournalLockedError.__name__ in second.stderr
    journal.append([Put("events", 1, b"goes on")])


def test_threads_share_a_journal_that_is_compacted_meanwhile(tmp_path: Path) -> None:
    journal = Journal.open(RealDisk(tmp_path), "events", LIMITS)
    table = JournalDB(journal).table("events")
    done = threading.Event()

    def insert(thread: int) -> list[tuple[int, int]]:
        return [(table.insert({"thread": thread, "n": n}), n) for n in range(60)]

    def read() -> None:
        while not done.is_set():
            assert all(document["n"] < 60 for document in table)

    def compact() -> None:
        while not done.is_set():
            journal.compact()

    with ThreadPoolExecutor(6) as pool:
        background = [pool.submit(read), pool.submit(compact)]
        try:
            inserted = list(pool.map(insert, range(4)))
        finally:
            done.set()
        for task in background:
            task.result()

    ids = [doc_id for pairs in inserted for doc_id, _ in pairs]
    assert sorted(ids) == list(range(1, 241))
    journal.close()
    again = JournalDB(Journal.open(RealDisk(tmp_path), "events", LIMITS)).table("events")
    for thread, pairs in enumerate(inserted):
        assert all(again.get(doc_id=doc_id) == {"thread": thread, "n": n} for doc_id, n in pairs)
