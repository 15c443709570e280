"""Looks at a kiosk's screen and taps on it, through the socket that `--remote` opens."""

import json
import socket
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ANSWER_TIMEOUT_S = 90.0


class ScreenError(Exception):
    """The kiosk does not show what was waited for, or has nothing of that name to tap on."""


class Screen:
    """A kiosk's screen, for as long as it is entered."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(ANSWER_TIMEOUT_S)

    def __enter__(self) -> Self:
        self._socket.connect(str(self._path))
        self._stream = self._socket.makefile("rwb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()
        self._socket.close()

    def look(self) -> dict[str, Any]:
        """What is on the screen: the body's name, whether a question lies over it, and every visible text."""
        return self._do(do="screen")

    def wait(self, screen: str, timeout_s: float = 15.0) -> dict[str, Any]:
        """Wait until a body or question of this name is on the screen."""
        return self._do(do="wait", screen=screen, timeout_s=timeout_s)

    def tap(self, target: str) -> None:
        """Touch something by its name, as a finger would."""
        self._do(do="tap", target=target)

    def shoot(self, path: Path) -> None:
        """Save what is on the screen as a PNG file."""
        self._do(do="shot", path=str(path))

    def _do(self, **what: Any) -> dict[str, Any]:
        self._stream.write(json.dumps(what).encode() + b"\n")
        self._stream.flush()
        answer: dict[str, Any] = json.loads(self._stream.readline() or b'{"ok": false, "error": "the kiosk hung up"}')
        if not answer["ok"]:
            raise ScreenError(answer["error"])
        return answer
