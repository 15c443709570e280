"""PostgreSQL's own yardstick: pgbench's TPC-B-like transaction, on the server that the bench beside it uses."""

import re
import subprocess

from tests.services.postgresql import HOST, SUPERUSER, Server, programs

DATABASE = "pgbench"
SCALE = 10
CLIENTS = 16
THREADS = 2


class Pgbench:
    """A filled pgbench database."""

    def __init__(self, server: Server, clients: int = CLIENTS) -> None:
        server.create(DATABASE)
        self._clients = clients
        self._port = server.port
        self._run("--initialize", "--quiet", f"--scale={SCALE}")

    def transactions_per_s(self, seconds: int) -> float:
        """Run for so long with the default transaction, prepared statements and fast parameters for the server."""
        output = self._run(
            "--no-vacuum",
            "--protocol=prepared",
            f"--client={self._clients}",
            f"--jobs={THREADS}",
            f"--time={seconds}",
        )
        found = re.search(r"tps = ([0-9.]+)", output)
        assert found, output
        return float(found[1])

    def _run(self, *options: str) -> str:
        command = [str(programs() / "pgbench"), "-h", HOST, "-p", str(self._port), "-U", SUPERUSER, *options, DATABASE]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
