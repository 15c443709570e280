"""What must wait while a restored hub does not know yet what its kiosks gave out. Pure.

Kiosks give out points and rewards alone. So whatever spends points waits, and lending does; earning, top-ups, payments
with stored value and what a person does on purpose go on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

Spends = Callable[[Any], bool]
"""Tells by its body whether an item spends what a kiosk may have given out."""


def _always(_body: Any) -> bool:
    return True


SPENDING: Mapping[str, Spends] = {
    "lease.ask": _always,
    "points.lent": _always,
    "stock.lent": _always,
    "points.transferred": _always,
    "hold.placed": lambda body: body.book == "points",
    "purchase.recorded": lambda body: getattr(body, "points_paid", 0) > 0,
}
"""Kinds that may have to wait. What a kiosk's journal tells never waits: it is what is waited for."""


def spends(kind: str, body: Any) -> bool:
    """Tell whether an item has to wait while kiosks are awaited."""
    says = SPENDING.get(kind)
    return says is not None and says(body)


@dataclass(frozen=True, slots=True)
class Journal:
    """What is known of an awaited kiosk's journal; None where nothing is.

    `head` is how many places it said there are, `hub_epoch` for which hub it has replayed them, and `booked` how many
    have come here.
    """

    head: int | None
    hub_epoch: str | None
    booked: int | None

    @property
    def behind(self) -> int:
        """How many places are known to exist and have not come yet."""
        return 0 if self.head is None else max(0, self.head - (self.booked or 0))

    def is_replayed(self, restore: UUID) -> bool:
        """Tell whether the kiosk has told this database everything that it knew when it came."""
        if self.head is None or self.booked is None:
            return False
        return self.hub_epoch == str(restore) and self.booked >= self.head
