"""How many requests one caller may send: a bucket each, which refills steadily. Pure; the moment is passed in.

Buckets stand in memory that the API processes of one machine share. A process of its own for counting, or a table of
the database, would cost every request a round trip, where a batched request takes 300 µs as a whole; this takes 2 to 3.
With N machines a caller may send up to N times as much. What must hold exactly (money, log-ins, PINs) is limited in the
database.
"""

from dataclasses import dataclass
from math import ceil

from hub.tally import Tally

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


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a caller may still send, and in how many seconds all of it again. `wait_s` is 0 for who may send now."""

    limit: int
    remaining: int
    reset_s: int
    wait_s: int


class Buckets:
    """A bucket for each caller: the generic cell rate algorithm (ITU-T I.371), which keeps one number for each.

    `kind` tells these callers from others that are counted in the same tally.
    """

    def __init__(self, per_minute: int, tally: Tally, kind: bytes = b"") -> None:
        self._per_minute = per_minute
        self._interval_s = MINUTE_S / per_minute
        self._tally = tally
        self._kind = kind

    def take(self, caller: bytes, now_s: float) -> Allowance:
        """Count a request; one that comes too early is not counted."""
        place, known = self._tally.read(self._kind + caller)
        full_at = max(known, now_s)
        left_s = MINUTE_S - (full_at - now_s)
        if left_s < self._interval_s:
            return Allowance(self._per_minute, 0, ceil(full_at - now_s), ceil(self._interval_s - left_s))
        full_at += self._interval_s
        self._tally.write(place, full_at)
        return Allowance(
            self._per_minute, int((MINUTE_S - (full_at - now_s)) / self._interval_s), ceil(full_at - now_s), 0
        )
