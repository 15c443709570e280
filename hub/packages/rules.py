"""Pure rules of packages: what one consists of, when it is sold, and what is left of its price."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated

from msgspec import Meta

from hub.ledger.rules import VALUE_SCALE

MONEY_MAX_MINOR = 10**12
"""Highest price of a package, in minor units."""

COUNTS_MAX = 1_000
"""Most counts in one package. With more, what is left of a price could be a coin off; see `value_left`."""

ItemName = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9_-]{0,47}$")]


@dataclass(frozen=True, slots=True)
class Package:
    """What is sold for a price: so many counts of each item, for so many days (None: for ever).

    Empty `stores` means all of them. It is sold from one moment on and until another, where these are given.
    """

    items: dict[ItemName, Annotated[int, Meta(ge=1, le=COUNTS_MAX)]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    price: Annotated[int, Meta(ge=0, le=MONEY_MAX_MINOR)] = 0
    valid_days: Annotated[int, Meta(ge=1, le=3_660)] | None = None
    stores: tuple[str, ...] = ()
    sold_from: Annotated[datetime, Meta(tz=True)] | None = None
    sold_until: Annotated[datetime, Meta(tz=True)] | None = None

    def __post_init__(self) -> None:
        """Refuse a package that a price cannot be shared over.

        Raises:
            ValueError: if there is nothing in it, or too much.
        """
        if not 1 <= self.counts <= COUNTS_MAX:
            raise ValueError(f"a package has 1 to {COUNTS_MAX} counts in all")

    @property
    def counts(self) -> int:
        """All counts of all items together."""
        return sum(self.items.values())

    @property
    def unit_value(self) -> int:
        """What VALUE_SCALE counts are worth, in minor units, rounded down: each count has the same share."""
        return self.price * VALUE_SCALE // self.counts

    def is_sold(self, store: str, at: datetime) -> bool:
        """Tell whether a store sells it at a moment."""
        return (
            (not self.stores or store in self.stores)
            and (self.sold_from is None or self.sold_from <= at)
            and (self.sold_until is None or at < self.sold_until)
        )

    def expires_at(self, sold_at: datetime) -> datetime | None:
        """When the counts of a package expire that is sold now."""
        return None if self.valid_days is None else sold_at + timedelta(days=self.valid_days)


def value_left(count: int, unit_value: int) -> int:
    """What counts are worth that nobody has used, in minor units, rounded half up.

    A package of which nothing was used is so worth its price exactly, because all counts together lose less than a
    tenth of a minor unit by the rounding of `unit_value`.
    """
    return (count * unit_value + VALUE_SCALE // 2) // VALUE_SCALE
