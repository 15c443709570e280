"""All SQL of purchases."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.db.bulk import Prepared, Rows, among
from hub.ledger.models import Account, Tally
from hub.purchases.models import Purchase


def known(session: Session, receipts: Collection[str]) -> Rows:
    """Purchases with these receipt numbers, of any store."""
    return _KNOWN.rows(session, receipts=receipts)


_KNOWN = Prepared(
    lambda among: select(
        *(Purchase.store, Purchase.receipt, Purchase.id, Purchase.content),
        *(Purchase.points, Purchase.points_paid, Purchase.value_paid),
    ).where(among(Purchase.receipt, "receipts"))
)


def owners_in_debt(session: Session, accounts: Collection[UUID]) -> set[UUID]:
    """Owners of those accounts of debt in which something is owed, without locking them."""
    return {row.owner for row in _IN_DEBT.rows(session, accounts=accounts)}


_IN_DEBT = Prepared(lambda among: select(Account.owner).where(among(Account.id, "accounts"), Account.balance > 0))


def counted(session: Session, tallies: Collection[UUID]) -> dict[UUID, int]:
    """What has been counted on tallies, without locking them; those that nobody has counted on are not there."""
    query = select(Tally.id, Tally.used).where(among(session, Tally.id, tallies))
    return {row.id: row.used for row in session.execute(query)}
