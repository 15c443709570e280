"""Pure rules about people and their rights: what somebody may give to others."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reach:
    """What somebody may do, and in which stores; `stores` None is the whole chain.

    `is_fixed` tells that the stores are named one by one; those of a region change when stores open and move.
    """

    permissions: frozenset[str]
    stores: frozenset[str] | None
    is_fixed: bool = True


def covers(own: Reach, other: Reach) -> bool:
    """Tell whether `own` reaches at least as far: nobody gives, changes or takes what they do not have themselves.

    A region may grow, so only who reaches everywhere covers one.
    """
    if not other.permissions <= own.permissions:
        return False
    if own.stores is None:
        return True
    return other.is_fixed and other.stores is not None and bool(other.stores) and other.stores <= own.stores
