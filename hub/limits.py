"""How many requests one caller may send: a bucket each, which refills steadily. Pure; the moment is passed in.

Buckets stand in the memory of one API process. A process of its own for counting would cost every request a round trip,
and the ready-made counters took 6 to 30 µs each, where a batched request takes 300 as a whole. So with N processes a
caller may send up to N times as much. What must hold exactly (money, log-ins, PINs) is limited in the database.
"""

from dataclasses import dataclass
from math import ceil

MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Most requests in a minute, under one key or session, and from one network address; so many may come at once.

    Look-ups of members by what they are known by are fewer: whoever tries out phone numbers is not to get far.
    """

    key_per_minute: int = 6_000
    source_per_minute: int = 12_000
    lookups_per_minute: int = 600


LIMITS = Limits()

CALLERS_MAX = 100_000
"""So many callers are remembered; beyond it those are forgotten who came first."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a caller may still send, and in how many seconds all of it again. `wait_s` is 0 for who may send now."""

    limit: int
    remaining: int
    reset_s: int
    wait_s: int


class Buckets:
    """A bucket for each caller: the generic cell rate algorithm (ITU-T I.371), which keeps one number for each."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._interval_s = MINUTE_S / per_minute
        self._full_at: dict[object, float] = {}

    def take(self, caller: object, now_s: float) -> Allowance:
        """Count a request; one that comes too early is not counted."""
        full_at = max(self._full_at.get(caller, now_s), now_s)
        left_s = MINUTE_S - (full_at - now_s)
        if left_s < self._interval_s:
            return Allowance(self._per_minute, 0, ceil(full_at - now_s), ceil(self._interval_s - left_s))
        if caller not in self._full_at and len(self._full_at) >= CALLERS_MAX:
            self._forget(now_s)
        self._full_at[caller] = full_at = full_at + self._interval_s
        return Allowance(
            self._per_minute, int((MINUTE_S - (full_at - now_s)) / self._interval_s), ceil(full_at - now_s), 0
        )

    def _forget(self, now_s: float) -> None:
        busy = {caller: full_at for caller, full_at in self._full_at.items() if full_at > now_s}
        # They stand in the order in which they came.
        self._full_at = dict(list(busy.items())[-CALLERS_MAX // 2 :])
