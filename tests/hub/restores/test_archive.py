"""A PostgreSQL server whose disk is lost, and made again from a base backup and what was archived of its WAL."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from hub import migrations, secrets
from hub.db.session import Database
from hub.intake import Verdict
from tests.hub.commands.conftest import Installation
from tests.hub.restores.chain import Keeper, books
from tests.hub.settings_files import write_settings
from tests.hub.world import World
from tests.services.postgresql import HOST, SUPERUSER, Server, free_port, programs

ARCHIVE = "test ! -f ../archive/%f && cp %p ../archive/%f"
"""The server's own archiving; it stands in the folder of its data."""

RESTORE = "restore_command = 'cp ../archive/%f %p || cp ../archive/%f.partial %p'\nsynchronous_standby_names = ''\n"
RECEIVER = "archive"
POLLS_MAX = 600


class Machine:
    """A database server, the disk of its archive, and the hub that uses it."""

    def __init__(self, folder: Path, *, archives: bool) -> None:
        options = {"archive_mode": "on", "archive_command": ARCHIVE} if archives else {}
        # The power is never cut here, and what a process has written outlives it.
        self.server = Server.start(free_port(), {"wal_level": "replica", "fsync": "off", **options})
        self.archive = self.server.folder / "archive"
        self.archive.mkdir()
        self.own(self.archive)
        self.server.create("hub")
        self.url = self.server.url("hub")
        migrations.upgrade(self.url)
        secrets.create(folder / "secrets.json", lambda count: bytes(range(count)))
        self.hub = Installation(folder, write_settings(folder, self.url), Database(self.url))
        self.copies = folder / "copies"

    def own(self, path: Path) -> None:
        """Give files to whom the server runs as."""
        owner = self.server.folder.stat()
        for each in (path, *path.rglob("*")):
            os.chown(each, owner.st_uid, owner.st_gid)

    def back_up(self) -> None:
        done = self.hub.with_settings("backup", "--to", self.copies, "--programs", programs())
        assert done.exit_code == 0, done.output

    def sql(self, statement: str) -> object:
        with psycopg.connect(self.url.replace("+psycopg", ""), autocommit=True) as connection:
            row = connection.execute(statement.encode()).fetchone() if statement.startswith("SELECT") else None
            if row is None and not statement.startswith("SELECT"):
                connection.execute(statement.encode())
            return None if row is None else row[0]

    def wait_for(self, statement: str) -> None:
        """Ask until the answer is true."""
        for _ in range(POLLS_MAX):
            if self.sql(statement):
                return
            self.sql("SELECT pg_sleep(0.05)")
        raise TimeoutError(statement)

    def lose_disk(self) -> None:
        """Kill the server and remove everything that it stored."""
        self.hub.database.close()
        self.server.kill()
        shutil.rmtree(self.server.folder / "data")

    def recover(self) -> None:
        """Make the server again, as docs/restore.md says."""
        data = self.server.folder / "data"
        [base] = self.copies.glob("base-*")
        shutil.copytree(base, data)
        with (data / "postgresql.auto.conf").open("a", encoding="utf-8") as file:
            file.write(RESTORE)
        (data / "recovery.signal").touch()
        self.own(data)
        self.own(self.archive)
        data.chmod(0o700)
        self.server.restart()
        self.wait_for("SELECT NOT pg_is_in_recovery()")

    @contextmanager
    def receiving(self) -> Iterator[None]:
        """Have another program take every commit before it is acknowledged."""
        arguments = ["--directory", str(self.archive), "--synchronous", "--no-password", "--no-loop"]
        receiver = subprocess.Popen(
            [str(programs() / "pg_receivewal"), "-h", HOST, "-p", str(self.server.port), "-U", SUPERUSER, *arguments],
            env=os.environ | {"PGAPPNAME": RECEIVER},
            stderr=subprocess.DEVNULL,
        )
        try:
            self.wait_for("SELECT count(*) > 0 FROM pg_stat_replication WHERE application_name = 'archive'")
            self.sql(f"ALTER SYSTEM SET synchronous_standby_names = '{RECEIVER}'")
            self.sql("SELECT pg_reload_conf()")
            self.wait_for("SELECT count(*) > 0 FROM pg_stat_replication WHERE sync_state = 'sync'")
            yield
        finally:
            receiver.send_signal(signal.SIGKILL)
            receiver.wait()


@pytest.fixture(params=[True, False], ids=["archived", "received"])
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path, archives=request.param)
    yield made
    made.hub.database.close()
    made.server.stop()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("machine", [False], ids=["received"], indirect=True)
def test_nothing_that_was_acknowledged_is_lost_with_the_disk(machine: Machine) -> None:
    world = World.found(machine.hub.database)
    keeper, member = Keeper(world, world.add_kiosk()), world.add_member()
    with machine.receiving():
        machine.back_up()
        world.earn(member, 500)
        keeper.sell(member, 7_000)
        expected = books(world)
        machine.lose_disk()

    machine.recover()

    assert books(world) == expected
    world.assert_books_are_right()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("machine", [True], ids=["archived"], indirect=True)
def test_what_only_the_api_brought_comes_from_the_archive_and_kiosks_have_nothing_to_add(machine: Machine) -> None:
    world = World.found(machine.hub.database)
    keeper, member = Keeper(world, world.add_kiosk()), world.add_member()
    keeper.come()
    machine.back_up()
    world.earn(member, 500)
    keeper.sell(member, 7_000)
    expected = books(world)
    machine.sql("SELECT pg_switch_wal()")
    machine.wait_for("SELECT last_archived_wal >= pg_walfile_name(pg_current_wal_lsn() - 1) FROM pg_stat_archiver")
    machine.lose_disk()

    machine.recover()
    assert machine.hub.with_settings("restored").exit_code == 0

    assert [outcome.verdict for outcome in world.book(*keeper.journal)] == [Verdict.IGNORED]
    assert books(world) == expected
    world.assert_books_are_right()


@pytest.mark.parametrize("machine", [True, False], ids=["archived", "alone"], indirect=True)
def test_a_backup_says_whether_anything_keeps_what_comes_after_it(
    machine: Machine, request: pytest.FixtureRequest
) -> None:
    done = machine.hub.with_settings("backup", "--to", machine.copies, "--programs", programs())

    assert done.exit_code == 0
    assert ("docs/restore.md" in done.output) is (request.node.callspec.id == "alone")
