"""All SQL of stored value."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, and_, case, cast, func, or_, select
from sqlalchemy.orm import Session, aliased

from hub.db.reading import Prepared, Rows
from hub.ledger.models import Account, Lot, Transfer
from hub.ledger.queries import of_member
from hub.wallet.models import WalletReceipt

_RECEIPT = (
    *(WalletReceipt.id, WalletReceipt.kind, WalletReceipt.store, WalletReceipt.receipt, WalletReceipt.member),
    *(WalletReceipt.unit, WalletReceipt.amount, WalletReceipt.principal, WalletReceipt.bonus, WalletReceipt.of),
    *(WalletReceipt.content, WalletReceipt.details, WalletReceipt.actor, WalletReceipt.at),
)


def receipts(session: Session, numbers: Collection[str], ids: Collection[UUID]) -> Rows:
    """Receipts by their numbers, in whatever store and of whatever kind; and by their ids, with what refunds them."""
    return _RECEIPTS.rows(session, numbers=numbers, ids=ids, refunded=ids)


_RECEIPTS = Prepared(
    lambda among: select(*_RECEIPT).where(
        or_(
            among(WalletReceipt.receipt, "numbers"),
            among(WalletReceipt.id, "ids"),
            among(WalletReceipt.of, "refunded"),
        )
    )
)


def newest_receipts(session: Session, member: UUID, limit: int) -> Rows:
    """A member's last receipts, newest first."""
    query = select(*_RECEIPT).where(WalletReceipt.member == member)
    return session.execute(query.order_by(WalletReceipt.at.desc(), WalletReceipt.id.desc()).limit(limit))


def holdings(session: Session, member: UUID, books: Collection[str]) -> Rows:
    """What a member's accounts of some books hold, by account and expiry, earliest expiry first."""
    total = cast(func.sum(Lot.remaining), BigInteger).label("amount")
    query = (
        select(Account.book, Account.unit, Lot.expires_at, total)
        .join(Lot, Lot.account == Account.id)
        .where(Account.owner == member, Account.book.in_(sorted(books)), Lot.remaining > 0)
        .group_by(Account.book, Account.unit, Lot.expires_at)
    )
    return session.execute(query.order_by(Account.book, Account.unit, Lot.expires_at.is_(None), Lot.expires_at))


def balance_before(session: Session, accounts: tuple[UUID, UUID], before: datetime) -> tuple[int, int]:
    """What two accounts held at a moment, from their entries."""
    first, second = (cast(func.coalesce(func.sum(_change(account)), 0), BigInteger) for account in accounts)
    query = select(first.label("first"), second.label("second"))
    row = session.execute(query.where(_touches(accounts), Transfer.recorded_at < before)).one()
    return row.first, row.second


def statement(session: Session, accounts: tuple[UUID, UUID], span: tuple[datetime, datetime], limit: int) -> Rows:
    """What every fact within a time changed on two accounts, with its receipt where it has one, oldest first.

    Of facts that were booked in the same instant those that add come first, so no balance between them is negative.
    """
    first, second = (func.sum(_change(account)) for account in accounts)
    since, until = span
    facts = (
        select(
            Transfer.fact,
            func.min(Transfer.kind).label("kind"),
            func.min(Transfer.reason).label("reason"),
            func.min(Transfer.recorded_at).label("at"),
            cast(first, BigInteger).label("principal"),
            cast(second, BigInteger).label("bonus"),
        )
        .where(_touches(accounts), Transfer.recorded_at >= since, Transfer.recorded_at < until)
        .group_by(Transfer.fact)
        .subquery()
    )
    receipt = aliased(WalletReceipt)
    query = select(
        facts.c.fact,
        func.coalesce(receipt.kind, facts.c.kind).label("kind"),
        facts.c.reason,
        facts.c.at,
        facts.c.principal,
        facts.c.bonus,
        receipt.store,
        receipt.receipt,
    ).outerjoin(receipt, receipt.id == facts.c.fact)
    added = facts.c.principal + facts.c.bonus
    return session.execute(query.order_by(facts.c.at, added.desc(), facts.c.fact).limit(limit))


def _touches(accounts: tuple[UUID, UUID]) -> Any:
    sides = (Transfer.debit, Transfer.credit)
    return or_(*(and_(of_member(side), side.in_(accounts)) for side in sides))


def _change(account: UUID) -> Any:
    gained = case((Transfer.credit == account, Transfer.amount), else_=0)
    return gained - case((Transfer.debit == account, Transfer.amount), else_=0)
