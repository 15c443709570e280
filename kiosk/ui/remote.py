"""A Unix socket through which tours and tests look at the screen and tap on it. Absent unless a path is given.

One JSON object a line, one answer a line: `screen`, `tap`, `shot`, `wait`. The socket is for its owner only, because
whoever can tap can redeem.
"""

import json
import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from kivy.base import EventLoop
from kivy.clock import Clock

from kiosk.ui.inspection import OutOfReachError, Sight, find_target, look, scroll_into_view
from kiosk.ui.screenshot import take_screenshot
from kiosk.ui.touch import Finger
from kiosk.ui.window import KioskWindow

LINE_MAX_BYTES = 16 * 1024
ANSWER_MAX_S = 10.0
WAIT_MAX_S = 60.0
POLL_S = 0.02

SCROLLED_S = 0.05

Answer = dict[str, Any]
Pending = Future[Any]


class Remote:
    """Serves one client at a time while it is entered."""

    def __init__(self, path: Path, window: KioskWindow) -> None:
        self._path = path
        self._window = window
        self._finger = Finger()
        self._stopping = threading.Event()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._thread = threading.Thread(target=self._serve, name="remote", daemon=True)

    def __enter__(self) -> Self:
        # Nobody may find the socket before it listens, so it gets its name last.
        unnamed = self._path.with_suffix(".new")
        unnamed.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self._listener.bind(str(unnamed))
        finally:
            os.umask(before)
        self._listener.listen(1)
        unnamed.rename(self._path)
        EventLoop.add_input_provider(self._finger)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        # Shutting down is what wakes a thread out of accept(); closing alone does not.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        EventLoop.remove_input_provider(self._finger)
        self._path.unlink(missing_ok=True)

    def _serve(self) -> None:
        while not self._stopping.is_set():
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            with client, suppress(OSError):
                self._talk(client)

    def _talk(self, client: socket.socket) -> None:
        with client.makefile("rwb") as stream:
            while line := stream.readline(LINE_MAX_BYTES):
                stream.write(json.dumps(self._answer(line), ensure_ascii=False).encode() + b"\n")
                stream.flush()

    def _answer(self, line: bytes) -> Answer:
        try:
            asked = json.loads(line)
            match asked["do"]:
                case "screen":
                    return {"ok": True} | asdict(self._look())
                case "tap":
                    self._in_kivy(partial(self._tap, asked["target"]))
                case "shot":
                    self._in_kivy(partial(_shoot, Path(asked["path"])))
                case "wait":
                    return self._wait(asked["screen"], float(asked["timeout_s"]))
                case unknown:
                    return _refusal(f"cannot do {unknown}")
        except OutOfReachError as error:
            return _refusal(str(error))
        except (ValueError, KeyError, TypeError, OSError) as error:
            return _refusal(f"{type(error).__name__}: {error}")
        return {"ok": True}

    def _look(self) -> Sight:
        sight: Sight = self._in_kivy(lambda answer: answer.set_result(look(self._window.stage)))
        return sight

    def _tap(self, target: str, answer: Pending) -> None:
        """On the Kivy thread: the touch waits for the frame in which the list has scrolled."""
        widget = find_target(self._window.stage, target)
        scroll_into_view(widget)

        def touch(_elapsed_s: float) -> None:
            x, y = widget.to_window(widget.center_x, widget.center_y)
            self._finger.tap(x, y, lambda: answer.set_result(None))

        Clock.schedule_once(touch, SCROLLED_S)

    def _wait(self, screen: str, timeout_s: float) -> Answer:
        """Until the body or the question on top has this name."""
        for _ in range(int(min(timeout_s, WAIT_MAX_S) / POLL_S) + 1):
            sight = self._look()
            if screen in (sight.screen, sight.modal):
                return {"ok": True} | asdict(sight)
            self._stopping.wait(POLL_S)
        return _refusal(f"{screen} did not come in {timeout_s} s; {sight.screen} is on the screen")

    def _in_kivy(self, job: Callable[[Pending], None]) -> Any:
        answer: Pending = Future()

        def run(_elapsed_s: float) -> None:
            try:
                job(answer)
            except OutOfReachError as error:
                answer.set_exception(error)

        Clock.schedule_once(run, 0)
        return answer.result(ANSWER_MAX_S)


def _shoot(path: Path, answer: Pending) -> None:
    take_screenshot(path, lambda: answer.set_result(None))


def _refusal(why: str) -> Answer:
    return {"ok": False, "error": why}
