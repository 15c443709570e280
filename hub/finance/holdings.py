"""What members can spend now, and what later: the figures that tills, kiosks and members are shown.

Balances of accounts are not that: they count what is pending, and what has expired and waits for the day's end.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.orm import Session

from hub.leases import queries as leases
from hub.ledger import queries as ledger
from hub.points.rules import ExpiryPolicy
from hub.points.service import debt_account, points_account, qualifying_account
from hub.wallet.service import bonus_account, principal_account


@dataclass(frozen=True, slots=True)
class Holdings:
    """What one member has; `version` rises with every change. Points and counts are integers, money is in minor units.

    `lent` is the part of `points` that lies at kiosks ahead, and is called back where it is wanted elsewhere.
    `pending` points can be spent later, the first of them from `pending_at` on. `expiring` are those of `points` that
    expire within the days of notice, the first of them at `expiring_at`.
    """

    version: int
    points: int
    lent: int
    pending: int
    pending_at: datetime | None
    expiring: int
    expiring_at: datetime | None
    qualifying: int
    debt: int
    principal: int
    bonus: int

    @property
    def stored_value(self) -> int:
        """Money that the member can spend, of both kinds."""
        return self.principal + self.bonus


def holdings(session: Session, members: Collection[UUID], at: datetime, policy: ExpiryPolicy) -> dict[UUID, Holdings]:
    """What members have at a moment, by member; who is no member is left out. Two queries, however many they are."""
    accounts = {account(member) for member in members for account in _ACCOUNTS}
    found = ledger.holdings(session, accounts, at, at + timedelta(days=policy.notice_days))
    rows, lent = {row.id: row for row in found}, leases.lent(session, members)
    known = [member for member in members if points_account(member) in rows]
    return {member: _holdings(member, rows, lent.get(member, 0)) for member in known}


_ACCOUNTS = (points_account, qualifying_account, debt_account, principal_account, bonus_account)


def _holdings(member: UUID, rows: dict[UUID, Row[*tuple[object, ...]]], lent: int) -> Holdings:
    def spendable(account: UUID) -> int:
        return rows[account].spendable if account in rows else 0

    points = rows[points_account(member)]
    return Holdings(
        version=points.version,
        points=points.spendable + lent,
        lent=lent,
        pending=points.pending,
        pending_at=points.pending_at,
        expiring=points.expiring,
        expiring_at=points.expiring_at,
        qualifying=spendable(qualifying_account(member)),
        debt=spendable(debt_account(member)),
        principal=spendable(principal_account(member)),
        bonus=spendable(bonus_account(member)),
    )
