"""How many states of the lease protocol were explored, how deep, and how fast; any that is wrong makes it fail.

The instances of the tests and larger ones, one after the other: every interleaving of lending, spending, recalling,
passing on, writing off, crashes and a restored hub within their bounds, whatever is lost, repeated or out of order.
"""

import sys
import time

from tests.bench.report import Report, Size, options, publish
from tests.leases.invariants import wrong
from tests.leases.search import Found, Search
from tests.leases.states import Bounds
from tests.leases.test_protocol import INSTANCES

LARGER = {
    "more credits": Bounds(credits=3, leases=2, tills=1, recalls=1, write_offs=1),
    "crashes, two leases": Bounds(credits=2, leases=2, lent_max=1, notes=1, crashes=2),
    "two leases, passed on": Bounds(credits=2, leases=2, notes=1, recalls=1),
    "two leases, two notes": Bounds(credits=2, leases=2, notes=2),
    "hub restored, two leases passed on": Bounds(credits=1, leases=2, lent_max=1, notes=1, restores=1),
}
LARGEST = {
    "three kiosks, three leases": Bounds(kiosks=3, credits=3, leases=3, tills=1),
    "hub restored, larger leases": Bounds(credits=2, leases=2, notes=1, restores=1),
}
SIZES = {Size.QUICK: {}, Size.NORMAL: LARGER, Size.FULL: LARGER | LARGEST}


def main() -> None:
    """Explore and publish."""
    asked = options(__doc__ or "")
    figures: dict[str, float] = {"states": 0, "depth": 0, "wrong": 0}
    begun = time.process_time()
    for name, bounds in (INSTANCES | SIZES[asked.size]).items():
        found = Search(bounds).run(wrong)
        _tell(name, found)
        figures["states"] += found.states
        figures["depth"] = max(figures["depth"], found.depth)
        figures["wrong"] += found.wrong is not None
    figures["states_per_s"] = figures["states"] / (time.process_time() - begun)
    publish(Report("leases", figures), asked)
    sys.exit(1 if figures["wrong"] else 0)


def _tell(name: str, found: Found) -> None:
    sys.stderr.write(f"{name}: {found.states} states, depth {found.depth}\n")
    if found.wrong is not None:
        sys.stderr.write("\n  ".join((found.wrong, *found.trace)) + "\n")


if __name__ == "__main__":
    main()
