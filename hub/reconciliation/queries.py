"""All SQL of rejected acts."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Select, cast, func, select, update
from sqlalchemy.orm import Session

from hub.db.bulk import insert_rows
from hub.db.reading import Rows, among
from hub.fleet.models import Kiosk
from hub.ledger.models import Account
from hub.reconciliation.models import Rejection
from hub.rewards.models import Voucher

COLUMNS = (
    *("id", "kiosk", "store", "member", "kind", "code", "data", "promise", "points", "amount"),
    *("at", "rejected_at", "seen_at", "state", "settled_at", "settled_by", "approved_by", "reason"),
)

OLDEST_FIRST = (Rejection.rejected_at, Rejection.id)


def insert(session: Session, rows: Iterable[tuple[Any, ...]]) -> None:
    """Store new rejections; each row has the values of COLUMNS."""
    insert_rows(session, Rejection, COLUMNS, list(rows))


def locked(session: Session, ids: Collection[UUID]) -> dict[UUID, Rejection]:
    """Rejections by their ids, locked in the order of these."""
    query = select(Rejection).where(among(session, Rejection.id, ids)).order_by(Rejection.id).with_for_update()
    return {row.id: row for row in session.execute(query).scalars()}


def vouchers(session: Session, ids: Collection[UUID]) -> set[UUID]:
    """Which of these vouchers there are."""
    return set(session.execute(select(Voucher.id).where(among(session, Voucher.id, ids))).scalars())


def raise_versions(session: Session, accounts: Collection[UUID]) -> dict[UUID, int]:
    """Count a change of accounts that a booking has not loaded; the new version by owner."""
    query = select(Account.id).where(among(session, Account.id, accounts)).order_by(Account.id).with_for_update()
    ids = list(session.execute(query).scalars())
    if not ids:
        return {}
    raised = update(Account).where(Account.id.in_(ids)).values(version=Account.version + 1)
    session.execute(raised.execution_options(synchronize_session=False))
    found = session.execute(select(Account.owner, Account.version).where(Account.id.in_(ids)))
    return {row.owner: row.version for row in found}


def unseen(session: Session, members: Collection[UUID], since: datetime) -> Rows:
    """What members are still to be told, the newest first."""
    columns = (Rejection.id, Rejection.member, Rejection.kind, Rejection.code, Rejection.data, Rejection.at)
    query = select(*columns, Rejection.points).where(
        among(session, Rejection.member, members),
        Rejection.seen_at.is_(None),
        Rejection.state != "compensated",
        Rejection.rejected_at > since,
    )
    return session.execute(query.order_by(Rejection.rejected_at.desc(), Rejection.id))


def kiosks(store: str | None, kiosk: str | None, stores: Collection[str] | None) -> Select[str, str]:
    """Asks for kiosks and their stores; `stores` are those that the caller may look at, None for all."""
    query = select(Kiosk.id, Kiosk.store)
    if store is not None:
        query = query.where(Kiosk.store == store)
    if kiosk is not None:
        query = query.where(Kiosk.id == kiosk)
    return query if stores is None else query.where(Kiosk.store.in_(sorted(stores)))


def settled(session: Session, kiosks: Collection[str], since: datetime, until: datetime) -> Rows:
    """By kiosk and state: how many acts of a time were rejected, and what they would have moved."""
    count, points, amount = (
        cast(total, BigInteger) for total in (func.count(), func.sum(Rejection.points), func.sum(Rejection.amount))
    )
    query = select(
        *(Rejection.kiosk, Rejection.state, count.label("acts"), points.label("points"), amount.label("amount"))
    ).where(among(session, Rejection.kiosk, kiosks), Rejection.at >= since, Rejection.at < until)
    return session.execute(query.group_by(Rejection.kiosk, Rejection.state))


def of_kiosk(kiosk: str, since: datetime, until: datetime) -> Select[Rejection]:
    """Asks for what was rejected of one kiosk's acts of a time."""
    return select(Rejection).where(Rejection.kiosk == kiosk, Rejection.at >= since, Rejection.at < until)


def in_state(state: str, stores: Collection[str] | None) -> Select[Rejection]:
    """Asks for rejections in a state; `stores` are those that the caller may look at, None for all."""
    query = select(Rejection).where(Rejection.state == state)
    return query if stores is None else query.where(Rejection.store.in_(sorted(stores)))
