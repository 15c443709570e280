"""Seeded games of hub and kiosks with a hostile network, failing disks, dying processes and restores; resumable.

Everything in a game is drawn from its seed and runs in one thread, the real code of both sides; time is simulated, and
quiet hours are jumped over. Counts add up in out/simulation.json, apart for every version of the code; a new version
goes on with seeds that none before it has played. `--small` plays games of one burst and two kiosks, which are
counted by themselves. `--seed N --trace` plays one game again and prints all that happened; `--shrink` first drops
whatever it can do without. What counts is that `wrong`, `lost`, `doubled` and `overdrafts` are 0; `played_h` is the
processors' time, of this version and of all of them.
"""

import argparse
import hashlib
import json
import logging
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from time import monotonic, process_time
from typing import Any

import structlog

from tests.bench.report import Report, Size, options, publish
from tests.services.memory import new_folder
from tests.simulation.arena import Arena
from tests.simulation.campaign import Result, play, shrink
from tests.simulation.schedule import SMALL, WHOLE, Scale, Schedule, draw

SEEDS = {Size.QUICK: 400, Size.NORMAL: 1_000, Size.FULL: 10_000}
QUICK_S = 35.0
"""A quick run begins no game after so long."""

SOURCES = ("hub", "kiosk", "protocol", "devices", "provisioning", "tests/simulation")
SAVED_EVERY_SEEDS = 10
HOURS_PER_DAY = 24
SECONDS_PER_HOUR = 3_600


def main() -> None:
    """Play on from where the last run ended; a game that ends wrong makes the bench fail."""
    _be_quiet()
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--seeds", type=int, help="how many games")
    parser.add_argument("--seed", type=int, help="play this game alone")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--trace", action="store_true")
    parser.add_argument("--shrink", action="store_true")
    parser.add_argument("--processes", type=int, default=2)
    known, sys.argv[1:] = parser.parse_known_args()
    asked = options(__doc__ or "")
    scale, place = (SMALL, "out/simulation_small.json") if known.small else (WHOLE, "out/simulation.json")
    if known.seed is not None:
        again = draw(known.seed, scale)
        sys.exit(1 if replay(again, is_traced=known.trace, is_shrunk=known.shrink).wrong else 0)
    campaign = Campaign.read(Path(place), scale)
    total = campaign.play(known.seeds or SEEDS[asked.size], known.processes, asked.size)
    publish(report(total, campaign.of_all_versions()), asked)
    sys.exit(1 if total["wrong"] else 0)


def replay(schedule: Schedule, *, is_traced: bool, is_shrunk: bool) -> Result:
    """Play one game again, and print it."""
    with scratch() as folder:
        place = Arena(folder)
        schedule = shrink(place, schedule) if is_shrunk else schedule
        result = play(place, schedule, is_traced=is_traced)
    lines = [*result.traces, *map(str, schedule.acts), str(schedule.weather), *result.wrong]
    sys.stdout.write("\n".join([*lines, str(dict(result.figures)), result.digest]) + "\n")
    return result


@dataclass(slots=True)
class Campaign:
    """Games of one scale, and what those that were played add up to, by version of the code."""

    file: Path
    scale: Scale
    versions: dict[str, Any]

    @classmethod
    def read(cls, file: Path, scale: Scale) -> "Campaign":
        """Go on where the last run was left."""
        return cls(file, scale, json.loads(file.read_text(encoding="utf-8")) if file.exists() else {})

    def play(self, seeds: int, processes: int, size: Size) -> Counter[str]:
        """Play so many games more than were played with this version of the code; what all of them add up to."""
        begin = max((int(version["next"]) for version in self.versions.values()), default=0)
        kept = self.versions.setdefault(code_version(), {"next": begin, "figures": {}, "failed": []})
        total, first = Counter(kept["figures"]), int(kept["next"])
        until = monotonic() + QUICK_S if size is Size.QUICK else float("inf")
        with scratch() as folder, get_context("spawn").Pool(processes, _begin, (str(folder), self.scale)) as pool:
            # In order, so that `next` always stands behind games that were all played.
            for number, (figures, wrong) in enumerate(pool.imap(_play, range(first, first + seeds)), 1):
                total += figures
                kept["next"] = first + number
                if wrong:
                    kept["failed"].append({"seed": first + number - 1, "wrong": wrong[:3]})
                    sys.stderr.write(f"seed {first + number - 1}: {wrong[0][-400:]}\n")
                kept["figures"] = dict(total)
                if number % SAVED_EVERY_SEEDS == 0 or number == seeds:
                    self._save()
                if monotonic() > until:
                    break
        self._save()
        return total

    def of_all_versions(self) -> Counter[str]:
        """What the games of every version of the code add up to."""
        total: Counter[str] = Counter()
        for version in self.versions.values():
            total.update(version["figures"])
        return total

    def _save(self) -> None:
        self.file.parent.mkdir(exist_ok=True)
        fresh = self.file.with_suffix(".new")
        fresh.write_text(json.dumps(self.versions, indent=1) + "\n", encoding="utf-8")
        fresh.replace(self.file)


def report(total: Counter[str], of_all: Counter[str]) -> Report:
    """All games of this version of the code, those of earlier runs among them; and how many all versions played."""
    counts = ("seeds", "wrong", "faults", "acts", "asked", "served", "passed", "receipts")
    names = (*counts, "lost", "doubled", "overdrafts")
    figures: dict[str, float] = {name: total[name] for name in names}
    figures["kiosk_days"] = total["kiosk_hours"] / HOURS_PER_DAY
    figures["played_h"] = total["played_s"] / SECONDS_PER_HOUR
    figures["all_seeds"], figures["all_played_h"] = of_all["seeds"], of_all["played_s"] / SECONDS_PER_HOUR
    return Report("simulation", figures, {"served_per_asked": total["served"] / max(total["asked"], 1)})


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for places to play in, for as long as it is needed."""
    folder = new_folder("membertap-sim-")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def code_version() -> str:
    """Digest of all code that takes part: counts of different versions are never added up."""
    digest = hashlib.sha256()
    for source in SOURCES:
        for file in sorted(Path(source).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _be_quiet() -> None:
    """Games break things by the thousand, and the program says so each time: nobody reads that."""
    quiet = structlog.make_filtering_bound_logger(logging.WARNING)
    structlog.configure(wrapper_class=quiet, logger_factory=structlog.ReturnLoggerFactory())


_places: list[tuple[Arena, Scale]] = []


def _begin(folder: str, scale: Scale) -> None:
    """Make a place to play in for this process."""
    _be_quiet()
    _places.append((Arena(Path(tempfile.mkdtemp(dir=folder))), scale))


def _play(seed: int) -> tuple[Counter[str], list[str]]:
    begin, (arena, scale) = process_time(), _places[0]
    result = play(arena, draw(seed, scale))
    return result.figures | Counter(played_s=round(process_time() - begin)), result.wrong


if __name__ == "__main__":
    main()
