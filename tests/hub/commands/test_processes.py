import signal
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from hub import secrets
from hub.db.session import Database
from tests.hub.settings_files import write_settings


@pytest.fixture
def settings(sqlite: Database, tmp_path: Path) -> Path:
    secrets.create(tmp_path / "secrets.json", Random(1).randbytes)
    return write_settings(tmp_path, sqlite.url.render_as_string())


@pytest.mark.parametrize(("command", "sign"), [("jobs", "jobs are run"), ("ingest", "no connection to the broker")])
@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_process_works_until_it_is_told_to_stop_and_ends_in_order(
    settings: Path, command: str, sign: str, stop: signal.Signals
) -> None:
    started = [sys.executable, "-m", "hub", command, "--settings", str(settings)]

    with subprocess.Popen(started, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        heard = next(line for line in process.stderr if sign in line)
        process.send_signal(stop)
        rest = process.stderr.read()

    assert process.returncode == 0
    assert "Traceback" not in heard + rest
