"""Whole copies of a database, and putting one back. What is copied has been read back before it gets its name."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import datetime
from pathlib import Path

from sqlalchemy import text

from hub.db.session import Database
from hub.errors import SetupError

PAGES_AT_ONCE = 1_000
"""So many pages (4 KiB each) are copied before whoever books has their turn."""

SIDECARS = ("-wal", "-shm")
"""What SQLite keeps beside a database. Left beside another database it would be taken for that one's own."""


class BackupError(SetupError):
    """A copy could not be made, or is not whole. What there was before has not been touched."""


def back_up(database: Database, folder: Path, at: datetime, *, programs: Path | None = None) -> Path:
    """Copy the database while it is used, and check the copy; returns where it stands.

    SQLite gives one file. PostgreSQL gives the base to which its archived WAL leads on; `programs` is the folder of its
    client programs, where they are not on the PATH.

    Raises:
        BackupError: the copy could not be made or is not whole.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stamp = at.strftime("%Y%m%dT%H%M%SZ")
    target = folder / (f"hub-{stamp}.db" if database.is_sqlite else f"base-{stamp}")
    if target.exists():
        raise BackupError(f"{target} is there already")
    draft = target.with_name(f"{target.name}.part")
    if database.is_sqlite:
        _copy_sqlite(database, draft)
    else:
        _copy_postgresql(database, draft, programs)
    draft.rename(target)
    _sync(folder)
    return target


def has_archive(database: Database) -> bool:
    """Tell whether what is booked after a backup is kept outside the server, too: always in vain on SQLite."""
    if database.is_sqlite:
        return False
    with database.read() as session:
        if session.execute(text("SHOW archive_mode")).scalar_one() != "off":
            return True
        query = "SELECT count(*) FROM pg_stat_replication WHERE application_name <> 'pg_basebackup'"
        receivers: int = session.execute(text(query)).scalar_one()
        return receivers > 0


def put_back(database: Database, copy: Path, at: datetime) -> Path:
    """Have a copy take the place of a SQLite database that nobody uses; returns where the old one stands now.

    Raises:
        BackupError: the copy is not whole, or this is not SQLite.
    """
    if not database.is_sqlite:
        raise BackupError("PostgreSQL is restored on its own machine; docs/restore.md says how")
    check_sqlite(copy)
    place = Path(database.url.database or "")
    draft = place.with_name(f"{place.name}.part")
    shutil.copyfile(copy, draft)
    _sync(draft)
    aside = place.with_name(f"{place.name}.replaced-{at.strftime('%Y%m%dT%H%M%SZ')}")
    for sidecar in ("", *SIDECARS):
        old = place.with_name(place.name + sidecar)
        if old.exists():
            old.rename(aside.with_name(aside.name + sidecar))
    draft.rename(place)
    _sync(place.parent)
    return aside


def check_sqlite(file: Path) -> None:
    """Insist that a file is a whole SQLite database.

    Raises:
        BackupError: if it is not.
    """
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True)) as opened:
            told = [row[0] for row in opened.execute("PRAGMA integrity_check(1)")]
    except sqlite3.DatabaseError as error:
        raise BackupError(f"{file} is no whole SQLite database") from error
    if told != ["ok"] or file.stat().st_size == 0:
        raise BackupError(f"{file} is damaged or empty")


def _copy_sqlite(database: Database, draft: Path) -> None:
    draft.unlink(missing_ok=True)
    with closing(sqlite3.connect(Path(database.url.database or ""))) as source, closing(sqlite3.connect(draft)) as copy:
        source.backup(copy, pages=PAGES_AT_ONCE)
        # A copy that is to be read anywhere stands in one file.
        copy.execute("PRAGMA journal_mode = DELETE").close()
    check_sqlite(draft)
    _sync(draft)


def _copy_postgresql(database: Database, draft: Path, programs: Path | None) -> None:
    shutil.rmtree(draft, ignore_errors=True)
    url = database.url
    # A password on a command line would be seen by everybody on the machine.
    environment = os.environ | ({"PGPASSWORD": str(url.password)} if url.password else {})
    plain = url.set(drivername="postgresql", password=None, database="").render_as_string(hide_password=False)
    base = ["--dbname", plain, "--pgdata", str(draft), "--wal-method", "stream", "--checkpoint", "fast"]
    _run(_program("pg_basebackup", programs), *base, "--no-password", environment=environment)
    _run(_program("pg_verifybackup", programs), str(draft), environment=environment)


def _program(name: str, programs: Path | None) -> str:
    found = shutil.which(name, path=None if programs is None else str(programs))
    if found is None:
        raise BackupError(f"{name} is not installed where it is looked for; name the folder of PostgreSQL's programs")
    return found


def _run(program: str, *arguments: str, environment: dict[str, str]) -> None:
    done = subprocess.run([program, *arguments], env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
        raise BackupError(f"{Path(program).name} failed: {last}")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
