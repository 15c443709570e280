"""An import whose process is killed, wherever it is then: the next one goes on, and nobody is there twice."""

import signal
import subprocess
import sys
import time
from random import Random

import pytest

from hub.imports import service
from tests.hub.imports.desk import Desk
from tests.hub.imports.files import csv_of, people

PIECES = 4
DELAY_MAX_S = 0.3
"""About how long a piece takes: so long after one has ended, the next one is killed somewhere in its middle."""


def killed_in_the_middle(desk: Desk, id_: str, delay_s: float) -> None:
    """Let a process do a piece and begin another, then kill it."""
    url = desk.world.hub.database.url.render_as_string(hide_password=False)
    command, before = [sys.executable, "-m", "tests.hub.imports.victim", url], desk.show(id_)["rows_done"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        while desk.show(id_)["rows_done"] == before:
            assert process.poll() is None, "the process has ended without doing anything"
            time.sleep(0.01)
        time.sleep(delay_s)
        process.send_signal(signal.SIGKILL)


@pytest.mark.timeout(300)
def test_killed_again_and_again_every_row_joins_once(desk: Desk) -> None:
    rows = people(PIECES * service.PIECE_ROWS - 500)
    id_, random = desk.checked(csv_of(*rows)), Random(4)
    desk.run(id_)

    while desk.show(id_)["state"] == "running":
        killed_in_the_middle(desk, id_, random.uniform(0, DELAY_MAX_S))
        shown = desk.show(id_)
        assert desk.count() == shown["joined"] == shown["rows_done"]

    shown = desk.show(id_)
    assert (shown["state"], shown["joined"], desk.count()) == ("done", len(rows), len(rows))
    assert sum(desk.points().values()) == sum(int(row[4]) for row in rows)
    desk.world.assert_books_are_right()


def test_a_check_that_was_cut_off_begins_again_and_counts_nothing_twice(small_desk: Desk) -> None:
    id_ = small_desk.uploaded(csv_of(*people(2_500), ("", "13900009999", "", "", "")))
    small_desk.check(id_)
    small_desk.worker.step()

    other = Desk(small_desk.world)
    other.worker.run()

    shown = small_desk.show(id_)
    assert (shown["state"], shown["rows_done"], shown["joined"], shown["faulty"]) == ("checked", 2_501, 2_500, 1)
