"""How much can be redeemed offline, and at what price: deny, trust the cache, and what the hub lends ahead.

Members of a chain visit, earn and redeem for two months while the lines of their stores fail about weekly, for two
hours in the median; in the second part the hub fails for twelve hours more and cheaters tour the stores with copied
cards. What is lent is decided by the hub's own rule. Means of several seeds; how people behave is assumed.
"""

import sys
from dataclasses import dataclass, replace

from hub.leases.lending_rules import NOTHING, LendingPolicy
from tests.bench.report import Report, Size, options, publish
from tests.leases.lending import play
from tests.leases.months import Figures, Town, Way

TOWNS = {
    Size.QUICK: Town(stores=5, members=800),
    Size.NORMAL: Town(stores=20, members=4_000),
    Size.FULL: Town(stores=50, members=10_000),
}
SEEDS = {Size.QUICK: 2, Size.NORMAL: 5, Size.FULL: 5}
HUB_OUTAGE_H = 12
CHEATERS_PER_STORE = 0.4


@dataclass(frozen=True, slots=True)
class Row:
    """One way of redeeming offline."""

    name: str
    way: Way
    kiosks: int = 1
    policy: LendingPolicy = NOTHING


ROWS = (
    Row("deny", Way.DENY),
    Row("trust", Way.TRUST),
    Row("one_kiosk_half", Way.LEND, 1, LendingPolicy(share_percent=50, min_points=50)),
    Row("one_kiosk_coarse", Way.LEND, 1, LendingPolicy(min_points=50)),
    Row("one_kiosk", Way.LEND, 1, LendingPolicy()),
    Row("two_kiosks_split", Way.LEND, 2, LendingPolicy(kiosks_max=2)),
    Row("two_kiosks_split_more", Way.LEND, 2, LendingPolicy(cap_points=2_000, kiosks_max=2)),
    Row("two_kiosks_passing_on", Way.POOL, 2, LendingPolicy()),
)


def main() -> None:
    """Play every way through the same months, and publish; any overdraft of a lease makes it fail."""
    asked = options(__doc__ or "")
    town, figures = TOWNS[asked.size], dict[str, float]()
    worse = replace(town, hub_outage_h=HUB_OUTAGE_H, cheaters=round(town.stores * CHEATERS_PER_STORE))
    lent_too_much = 0
    for part, place in (("", town), ("_hub_away", worse)):
        for row in ROWS:
            found = [
                play(replace(place, kiosks=row.kiosks), row.way, row.policy, seed) for seed in range(SEEDS[asked.size])
            ]
            means = _means(found)
            figures |= {f"{row.name}{part}_{what}": value for what, value in means.items()}
            lent_too_much += row.way in {Way.LEND, Way.POOL} and means["overdrafts"] > 0
            sys.stderr.write(f"{row.name}{part}: {means['served_percent']:.1f} % served\n")
    publish(Report("policy", figures), asked)
    sys.exit(1 if lent_too_much else 0)


def _means(found: list[Figures]) -> dict[str, float]:
    """Shares over all seeds, and mean counts of one."""
    return {
        "served_percent": _percent(sum(f.offline_served for f in found), sum(f.offline_affordable for f in found)),
        "refused_percent": _percent(sum(f.online_refused for f in found), sum(f.online_affordable for f in found)),
        "overdrafts": sum(f.overdrafts for f in found) / len(found),
        "overdrawn_points": sum(f.overdrawn_points for f in found) / len(found),
    }


def _percent(part: int, whole: int) -> float:
    return 100 * part / max(whole, 1)


if __name__ == "__main__":
    main()
