"""Packages as other domains use them: the accounts that hold members' counts."""

from uuid import UUID

from hub.ledger.rules import AccountState, Books
from protocol.ids import derived_id

COUNTS = "counts"
UNIT_PREFIX = "count."
FAMILY = "package"

COUNTS_SOLD = UUID(int=15)
"""Programme account: the counts of packages come from here, and go back here when a package is refunded."""
COUNTS_USED = UUID(int=16)
"""Programme account: counts that members have used go here."""
COUNTS_EXPIRED = UUID(int=17)
"""Programme account: counts that nobody used in time go here."""


def count_unit(item: str) -> str:
    """Unit in which an item is counted."""
    return f"{UNIT_PREFIX}{item}"


def count_account(member: UUID, item: str) -> UUID:
    """Account of a member's counts of one item. It is there from the first package on."""
    return derived_id(member, count_unit(item))


def open_counts(books: Books, member: UUID, item: str) -> UUID:
    """The account of a member's counts of one item, opened if need be."""
    account, unit = count_account(member, item), count_unit(item)
    return books.open(AccountState(account, member, COUNTS, unit, has_lots=True, balance=0, version=0)).id
