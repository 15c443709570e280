"""All SQL of purchases."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.db.reading import Asked, Prepared, Rows, among
from hub.ledger.models import Account, Tally
from hub.purchases.models import Purchase


def ask_known(session: Session, receipts: Collection[str]) -> Asked[Rows]:
    """Purchases with these receipt numbers, of any store."""
    return _KNOWN.ask(session, receipts=receipts)


_KNOWN = Prepared(
    lambda among: select(
        *(Purchase.store, Purchase.receipt, Purchase.id, Purchase.content),
        *(Purchase.points, Purchase.points_paid, Purchase.value_paid),
    ).where(among(Purchase.receipt, "receipts"))
)


def ask_owners_in_debt(session: Session, accounts: Collection[UUID]) -> Asked[set[UUID]]:
    """Owners of those accounts of debt in which something is owed, without locking them."""
    return _IN_DEBT.ask(session, accounts=accounts).then(lambda rows: {row.owner for row in rows})


_IN_DEBT = Prepared(lambda among: select(Account.owner).where(among(Account.id, "accounts"), Account.balance > 0))


def counted(session: Session, tallies: Collection[UUID]) -> dict[UUID, int]:
    """What has been counted on tallies, without locking them; those that nobody has counted on are not there."""
    query = select(Tally.id, Tally.used).where(among(session, Tally.id, tallies))
    return {row.id: row.used for row in session.execute(query)}
