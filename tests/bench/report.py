"""What every bench shares: its arguments, its table, and its report as JSON (design: benches).

A bench is a module of `tests.bench` that is run by `python -m`; it measures, fills a `Report` and publishes it.
"""

import argparse
import json
import os
import platform
import sys
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

FIGURE_DIGITS = 4


class Size(Enum):
    """How long a bench takes. QUICK ends within 50 s on two cores, whatever else is left out."""

    QUICK = "quick"
    NORMAL = "normal"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Options:
    """What a bench was asked for."""

    size: Size
    json: Path | None


@dataclass(frozen=True, slots=True)
class Report:
    """What a bench found. Figures have their unit in the name; ratios compare what ran side by side."""

    name: str
    figures: dict[str, float]
    ratios: dict[str, float] = field(default_factory=dict)


def options(description: str) -> Options:
    """Read the command line that all benches have."""
    parser = argparse.ArgumentParser(description=description)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", dest="size", action="store_const", const=Size.QUICK, help="end within 50 s")
    size.add_argument("--full", dest="size", action="store_const", const=Size.FULL, help="take the time it takes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report there as well")
    given = parser.parse_args()
    return Options(given.size or Size.NORMAL, given.json)


def publish(report: Report, asked: Options) -> None:
    """Print a report as a table, and write it where the options say."""
    rows = {**report.figures, **report.ratios}
    width = max(map(len, rows))
    lines = [
        f"{report.name} on {machine()}",
        *(f"  {name:<{width}}  {_short(value):>12g}" for name, value in rows.items()),
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    if asked.json is not None:
        asked.json.write_text(json.dumps(as_json(report), indent=2) + "\n", encoding="utf-8")


def as_json(report: Report) -> dict[str, object]:
    """Give a report the form in which it is kept."""
    return {
        "name": report.name,
        "machine": machine(),
        "figures": {name: _short(value) for name, value in report.figures.items()},
        "ratios": {name: _short(value) for name, value in report.ratios.items()},
    }


def machine() -> str:
    """Say what a figure was measured on, without saying whose it is."""
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    system = f"{platform.system()} {platform.machine()}"
    return f"{system}, {os.cpu_count()} x {_processor()}, {memory_gb:.0f} GB, Python {platform.python_version()}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _short(value: float) -> float:
    return float(f"{value:.{FIGURE_DIGITS}g}")
