"""A PostgreSQL server of our own, for tests and benches: started in a scratch folder, gone afterwards."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

HOST = "127.0.0.1"
SUPERUSER = "postgres"
START_TIMEOUT_S = 60
POLL_S = 0.01

DURABLE = {"shared_buffers": "512MB", "max_connections": "60", "max_wal_size": "4GB"}
"""As a hub would run it, for measuring: every commit reaches the disk."""

FORGETFUL = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_connections": "200"}
"""For tests, which never cut the power."""


class PostgresqlMissingError(Exception):
    """The server's programs are not installed."""


def programs() -> Path:
    """Folder with initdb and pg_ctl.

    Raises:
        PostgresqlMissingError: there is none.
    """
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not found:
        raise PostgresqlMissingError("PostgreSQL's server is not installed (Debian: postgresql)")
    return found[-1]


@dataclass(slots=True)
class Server:
    """A running server; leave it to stop it and to remove what it stored."""

    folder: Path
    port: int

    @classmethod
    def start(cls, port: int, options: dict[str, str]) -> Self:
        """Make a cluster and start it."""
        folder = Path(tempfile.mkdtemp(prefix="membertap-postgresql-"))
        owner = _owner()
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        server = cls(folder, port)
        bin_folder = programs()
        server._run(bin_folder / "initdb", "-D", "data", "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--no-locale")
        settings = {"listen_addresses": HOST, "port": str(port), "unix_socket_directories": str(folder), **options}
        lines = "".join(f"{name} = '{value}'\n" for name, value in settings.items())
        with (folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(lines)
        server.restart()
        return server

    def restart(self) -> None:
        """Start the server on the cluster that is there; after a kill it first mends it from its log."""
        self._run(programs() / "pg_ctl", "-D", "data", "-l", "log", "-w", "-t", str(START_TIMEOUT_S), "start")

    def kill(self) -> None:
        """Kill all of the server's processes without warning."""
        # Its processes stand in its folder. One that was just being made is found the next time.
        while processes := [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/cwd") if self._is_here(path)]:
            for process in processes:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            time.sleep(POLL_S)
        # Where nobody collects the dead, their number would still count as a server that runs.
        for left in ("data/postmaster.pid", f".s.PGSQL.{self.port}.lock"):
            (self.folder / left).unlink()

    def stop(self) -> None:
        """Stop the server at once and forget everything."""
        self._run(programs() / "pg_ctl", "-D", "data", "-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def create(self, database: str) -> None:
        """Make an empty database."""
        self._run(programs() / "createdb", "-h", HOST, "-p", str(self.port), "-U", SUPERUSER, database)

    def url(self, database: str) -> str:
        """How the hub is told of one of the server's databases."""
        return f"postgresql+psycopg://{SUPERUSER}@{HOST}:{self.port}/{database}"

    def _is_here(self, cwd: Path) -> bool:
        # A process that has ended meanwhile, or is only a number that nobody has asked for yet, stands nowhere.
        try:
            return cwd.readlink() == self.folder / "data"
        except OSError:
            return False

    def _run(self, program: Path, *arguments: str) -> None:
        # The server refuses to run as root, so root hands it to the user that Debian made for it.
        owner = _owner()
        identity = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        subprocess.run(
            [str(program), *arguments],
            check=True,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            **identity,  # type: ignore[call-overload]
        )


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as opened:
        opened.bind((HOST, 0))
        port: int = opened.getsockname()[1]
        return port


def _owner() -> pwd.struct_passwd:
    return pwd.getpwnam(SUPERUSER) if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
