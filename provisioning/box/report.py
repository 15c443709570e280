"""What a tour found: every step with its outcome and duration, figures, and the pictures that were taken."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(slots=True)
class Report:
    """Grows while a tour runs. `say` is told of each step as it ends."""

    folder: Path
    say: Callable[[str], None]
    steps: list[dict[str, Any]] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    screens: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Tell whether every step held."""
        return bool(self.steps) and all(step["ok"] for step in self.steps)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Do one step; what it raises is noted, and the tour goes on with the next."""
        began, problem = time.monotonic(), ""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - a tour tells of everything that goes wrong
            problem = f"{type(error).__name__}: {error}"
        took_ms = round((time.monotonic() - began) * 1000)
        self.steps.append({"name": name, "ok": not problem, "ms": took_ms, **({"problem": problem} if problem else {})})
        self.say(f"{'ok  ' if not problem else 'FAIL'} {took_ms:>7} ms  {name}{f'  ({problem})' if problem else ''}")

    def figure(self, name: str, value: float) -> None:
        """Note a figure; its unit is the last part of its name."""
        self.figures[name] = round(value, 1)

    def screen(self, name: str) -> Path:
        """Where a picture of this name goes."""
        self.screens.append(f"{name}.png")
        return self.folder / f"{name}.png"

    def write(self) -> Path:
        """Write report.json; returns where it is."""
        path = self.folder / "report.json"
        content = {"ok": self.ok, "steps": self.steps, "figures": self.figures, "screens": self.screens}
        path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        return path
