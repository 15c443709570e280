"""Disks as power cuts leave them, opened by the million: what was acknowledged is there, whole, and spent once.

Histories of a bare journal, every other one on a disk that also refuses operations, and lives of what a kiosk promises
take turns, two to one. Their seeds go on where the last run ended, and `out/power.json` adds up what all runs have
opened, by the version of the store. `--images N` opens about so many more. Those with the same bytes are opened once
in each history: `opened` counts what differs.
"""

import argparse
import hashlib
import json
import sys
import time
from collections import Counter
from pathlib import Path

from tests.bench.report import Report, Size, options, publish
from tests.kiosk.store.campaign import campaign
from tests.kiosk.store.lives import DoubledError, promises

IMAGES = {Size.QUICK: 20_000, Size.NORMAL: 200_000, Size.FULL: 1_000_000}
TURN_IMAGES = 1_000
"""Opened of one kind before it is the other's turn."""

STORE = Path(__file__).parents[2] / "kiosk" / "store"
KEPT = Path("out") / "power.json"


def main() -> None:
    """Open images, add up, and publish; anything lost or doubled makes it fail."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--images", type=int)
    known, sys.argv[1:] = parser.parse_known_args()
    asked = options(__doc__ or "")
    kept = _kept()
    version = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(STORE.glob("*.py")))).hexdigest()[:12]
    begun, opened = time.process_time(), 0
    while opened < (known.images or IMAGES[asked.size]):
        found = turn(sum(counts["turns"] for counts in kept.values()))
        opened += found["images"]
        kept[version] = kept.get(version, Counter()) + found
        _keep(kept)
    total = sum(kept.values(), Counter())
    figures: dict[str, float] = {name: total[name] for name in ("images", "opened", "lost", "doubled")}
    figures["images_of_this_version"] = kept[version]["images"]
    figures["images_per_s"] = opened / (time.process_time() - begun)
    publish(Report("power", figures), asked)
    sys.exit(1 if total["lost"] or total["doubled"] else 0)


def turn(number: int) -> Counter[str]:
    """Open the images of one turn; a history that fails is told and counted, and the next one begins."""
    begin = promises if number % 3 == 2 else campaign
    try:
        found = begin(TURN_IMAGES, f"bench/{number}")
    except DoubledError as error:
        sys.stderr.write(f"turn {number}: spent twice: {error}\n")
        return Counter(doubled=1, turns=1)
    except AssertionError as error:
        sys.stderr.write(f"turn {number}: lost: {error}\n")
        return Counter(lost=1, turns=1)
    return Counter(images=found["images"], opened=found["opened"], turns=1)


def _kept() -> dict[str, Counter[str]]:
    if not KEPT.exists():
        return {}
    return {version: Counter(counts) for version, counts in json.loads(KEPT.read_text(encoding="utf-8")).items()}


def _keep(kept: dict[str, Counter[str]]) -> None:
    KEPT.parent.mkdir(exist_ok=True)
    fresh = KEPT.with_suffix(".fresh")
    fresh.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    fresh.replace(KEPT)


if __name__ == "__main__":
    main()
