"""Keeps a handful of processes running: starts them in order, starts the fallen again, stops them in reverse order."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Self

import structlog

STOP_TIMEOUT_S = 15.0
"""How long a process has to end in order before it is killed."""

BACKOFF_MAX_S = 10.0
STABLE_S = 30.0
POLL_S = 0.2

_LIBC = ctypes.CDLL(None)
_SET_PARENT_DEATH_SIGNAL = 1

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Program:
    """Something to keep running."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] | None = None
    log_to: str | None = None


@dataclass(slots=True)
class _Running:
    program: Program
    process: subprocess.Popen[bytes]
    started_at: float
    failures: int = 0
    due_at: float | None = None


@dataclass(slots=True)
class Supervisor:
    """Programs that run together. Use it as a context: leaving it stops all of them."""

    _running: list[_Running] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def start(self, program: Program) -> int:
        """Start one more program; returns its process id."""
        process = _launch(program)
        self._running.append(_Running(program, process, monotonic()))
        return process.pid

    def pid_of(self, name: str) -> int:
        """Process id that a program has now."""
        return self._named(name).process.pid

    def kill(self, name: str) -> None:
        """Kill a program without warning, with everything it started, and forget it."""
        running = self._named(name)
        # One that has fallen already may have left others of its group behind, or nobody.
        with suppress(ProcessLookupError):
            os.killpg(running.process.pid, signal.SIGKILL)
        running.process.wait()
        self._running.remove(running)

    def is_running(self, name: str) -> bool:
        """Tell whether a program's process is alive."""
        return self._named(name).process.poll() is None

    def watch(self) -> None:
        """Start fallen programs again, with growing pauses, until `end` is called from elsewhere."""
        while not self._stopping.wait(POLL_S):
            for running in self._running:
                self._revive(running)

    def end(self) -> None:
        """Have `watch` return."""
        self._stopping.set()

    def stop(self) -> None:
        """Stop all programs, the last started first."""
        self._stopping.set()
        for running in reversed(self._running):
            stop_process(running.process)
        self._running.clear()

    def _named(self, name: str) -> _Running:
        return next(running for running in self._running if running.program.name == name)

    def _revive(self, running: _Running) -> None:
        code = running.process.poll()
        if code is None:
            return
        now = monotonic()
        if running.due_at is None:
            running.failures = 1 if now - running.started_at > STABLE_S else running.failures + 1
            wait_s = min(BACKOFF_MAX_S, 0.25 * 2**running.failures)
            running.due_at = now + wait_s
            log.warning("a process ended", name=running.program.name, code=code, again_in_s=wait_s)
        elif now >= running.due_at:
            running.process, running.started_at, running.due_at = _launch(running.program), now, None


def _launch(program: Program) -> subprocess.Popen[bytes]:
    with ExitStack() as opened:
        log_file = None if program.log_to is None else opened.enter_context(open(program.log_to, "ab"))  # noqa: PTH123
        # A session of its own keeps a Ctrl-C at the terminal from reaching the children before we stop them in order.
        return subprocess.Popen(  # noqa: S603
            program.command,
            env=program.environment,
            stdout=log_file,
            stderr=None if log_file is None else subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - one call into the kernel, which takes no lock
        )


def _end_with_parent() -> None:
    # A supervisor that is killed must not leave its programs behind: the kernel tells them (prctl(2), on Linux only).
    if sys.platform == "linux":
        _LIBC.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)


def stop_process(process: subprocess.Popen[bytes], timeout_s: float = STOP_TIMEOUT_S) -> None:
    """End a process in order; kill it if it does not listen."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
