import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from provisioning.box.waiting import until
from provisioning.supervisor import Program, Supervisor, stop_process

LASTING = ("sleep", "600")
WAIT_S = 30.0


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    with Supervisor() as made:
        yield made


@pytest.fixture
def diary(tmp_path: Path) -> Path:
    """Where programs write what they do."""
    path = tmp_path / "diary"
    path.touch()
    return path


def entries(diary: Path) -> list[str]:
    return diary.read_text(encoding="utf-8").split()


def wait_for_entries(diary: Path, count: int) -> list[str]:
    until(lambda: len(entries(diary)) >= count, f"{count} entries", WAIT_S)
    return entries(diary)


def shell(script: str) -> tuple[str, ...]:
    return ("sh", "-c", script)


def make_program(name: str = "program", *command: str, diary: Path | None = None) -> Program:
    return Program(name, command or LASTING, log_to=None if diary is None else str(diary))


def is_gone(pid: int) -> bool:
    """Tell whether a process has ended; one that nobody has collected yet has."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except FileNotFoundError:
        return True
    return status.rpartition(")")[2].split()[0] == "Z"


def test_started_program_runs_under_its_name(supervisor: Supervisor) -> None:
    pid = supervisor.start(make_program("first"))
    supervisor.start(make_program("second"))

    assert supervisor.pid_of("first") == pid != supervisor.pid_of("second")
    assert supervisor.is_running("first")


def test_program_that_does_not_exist_is_told_at_once(supervisor: Supervisor) -> None:
    with pytest.raises(FileNotFoundError):
        supervisor.start(make_program("missing", "/nonexistent/program"))


def test_program_speaks_into_its_log_behind_what_was_there(supervisor: Supervisor, diary: Path) -> None:
    diary.write_text("before\n", encoding="utf-8")

    supervisor.start(make_program("speaker", *shell("echo out; echo err >&2"), diary=diary))

    assert wait_for_entries(diary, 3) == ["before", "out", "err"]


def test_program_gets_its_environment_and_nothing_else(supervisor: Supervisor, diary: Path) -> None:
    command = ("/bin/sh", "-c", 'echo "$WORD"; echo "[$HOME]"')

    supervisor.start(Program("speaker", command, {"WORD": "given"}, str(diary)))

    assert wait_for_entries(diary, 2) == ["given", "[]"]


def test_program_is_out_of_reach_of_the_terminal(supervisor: Supervisor) -> None:
    pid = supervisor.start(make_program())

    assert os.getsid(pid) == pid != os.getsid(0)


def watch_until(supervisor: Supervisor, diary: Path, count: int) -> list[str]:
    """Watch until the diary has so many entries."""
    found: list[str] = []

    def end() -> None:
        try:
            found.extend(wait_for_entries(diary, count))
        finally:
            supervisor.end()

    ender = threading.Thread(target=end)
    ender.start()
    supervisor.watch()
    ender.join()
    return found


def test_fallen_program_is_started_again_after_growing_pauses(supervisor: Supervisor, diary: Path) -> None:
    supervisor.start(make_program("weak", *shell("echo started; exit 3"), diary=diary))

    with capture_logs() as told:
        found = watch_until(supervisor, diary, 3)

    assert found == ["started"] * 3
    assert [line["again_in_s"] for line in told][:2] == [0.5, 1.0]
    assert {(line["name"], line["code"]) for line in told} == {("weak", 3)}


def test_killed_program_is_started_again_and_its_neighbour_left_alone(supervisor: Supervisor, diary: Path) -> None:
    first = supervisor.start(make_program("weak", *shell("echo started; exec sleep 600"), diary=diary))
    neighbour = supervisor.start(make_program("neighbour"))
    wait_for_entries(diary, 1)
    os.kill(first, signal.SIGKILL)

    watch_until(supervisor, diary, 2)

    assert supervisor.is_running("weak")
    assert supervisor.pid_of("weak") != first
    assert supervisor.pid_of("neighbour") == neighbour


def test_killing_takes_everything_that_the_program_started(supervisor: Supervisor, diary: Path) -> None:
    parent = supervisor.start(make_program("family", *shell("sleep 600 & echo $!; wait"), diary=diary))
    child = int(wait_for_entries(diary, 1)[0])

    supervisor.kill("family")

    until(lambda: is_gone(parent) and is_gone(child), "the end of the family", WAIT_S)


def test_killed_program_is_forgotten_and_its_name_free(supervisor: Supervisor) -> None:
    first = supervisor.start(make_program("reborn"))

    supervisor.kill("reborn")
    second = supervisor.start(make_program("reborn"))

    assert supervisor.pid_of("reborn") == second != first


def test_program_that_has_fallen_already_can_be_killed(supervisor: Supervisor) -> None:
    supervisor.start(make_program("fallen", "true"))
    until(lambda: not supervisor.is_running("fallen"), "the fall", WAIT_S)

    supervisor.kill("fallen")

    assert supervisor._running == []


def test_last_started_is_stopped_first(supervisor: Supervisor, diary: Path) -> None:
    for name in ("a", "b", "c"):
        script = f"trap 'echo {name}; exit' TERM; echo ready; while :; do sleep 0.02; done"
        supervisor.start(make_program(name, *shell(script), diary=diary))
    wait_for_entries(diary, 3)

    supervisor.stop()

    assert entries(diary)[3:] == ["c", "b", "a"]


def test_leaving_stops_all_and_fallen_ones_do_not_matter() -> None:
    with Supervisor() as supervisor:
        lasting = supervisor.start(make_program("lasting"))
        supervisor.start(make_program("fallen", "true"))
        until(lambda: not supervisor.is_running("fallen"), "the fall", WAIT_S)

    assert is_gone(lasting)


def test_watching_ends_with_a_stop(supervisor: Supervisor) -> None:
    supervisor.stop()

    supervisor.watch()


@pytest.fixture
def deaf(diary: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that takes no notice of being asked to end."""
    with diary.open("ab") as log:
        process = subprocess.Popen(shell("trap '' TERM; echo deaf; while :; do sleep 0.02; done"), stdout=log)
    with process:
        yield process
        process.kill()


def test_program_that_does_not_listen_is_killed(deaf: subprocess.Popen[bytes], diary: Path) -> None:
    wait_for_entries(diary, 1)

    stop_process(deaf, timeout_s=0.3)

    assert deaf.returncode == -signal.SIGKILL


def test_program_that_listens_is_not_killed() -> None:
    with subprocess.Popen(LASTING) as process:
        stop_process(process)

        assert process.returncode == -signal.SIGTERM


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent's death")
def test_programs_end_with_a_killed_supervisor(diary: Path) -> None:
    script = (
        "import signal\n"
        "from provisioning.supervisor import Program, Supervisor\n"
        "supervisor = Supervisor()\n"
        "print(supervisor.start(Program('orphan', ['sleep', '600'])), flush=True)\n"
        "signal.pause()\n"
    )
    with diary.open("ab") as log, subprocess.Popen([sys.executable, "-c", script], stdout=log) as process:
        orphan = int(wait_for_entries(diary, 1)[0])
        assert not is_gone(orphan)

        process.kill()

        until(lambda: is_gone(orphan), "the end of the orphan", WAIT_S)
