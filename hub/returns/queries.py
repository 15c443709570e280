"""All SQL of returns."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, case, cast, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from hub.db.reading import Rows, among
from hub.ledger.models import LotUse, Transfer
from hub.points.service import EXPIRED
from hub.purchases.models import Purchase, PurchaseLine
from hub.returns.models import Return, ReturnLine


def lock_sales(session: Session, ids: Collection[UUID], receipts: Collection[str]) -> Rows:
    """Lock purchases, by id or receipt number, in the order of their ids: their returns wait for each other.

    Bookings do this before they lock accounts, and nothing else locks purchases.
    """
    named = or_(among(session, Purchase.id, ids), among(session, Purchase.receipt, receipts))
    columns = (Purchase.id, Purchase.store, Purchase.receipt, Purchase.member)
    return session.execute(select(*columns).where(named).order_by(Purchase.id).with_for_update())


def lines(session: Session, purchases: Collection[UUID]) -> Rows:
    """Lines of purchases, each with what has come back of it."""
    back = (
        select(
            ReturnLine.purchase,
            ReturnLine.line,
            _sum(ReturnLine.quantity).label("quantity"),
            _sum(ReturnLine.amount).label("amount"),
        )
        .where(among(session, ReturnLine.purchase, purchases))
        .group_by(ReturnLine.purchase, ReturnLine.line)
        .subquery("back")
    )
    query = select(
        *(PurchaseLine.purchase, PurchaseLine.line, PurchaseLine.product, PurchaseLine.category, PurchaseLine.name),
        *(PurchaseLine.quantity, PurchaseLine.amount, PurchaseLine.points, PurchaseLine.qualifying),
        *(PurchaseLine.points_paid, PurchaseLine.value_paid),
        func.coalesce(back.c.quantity, 0).label("quantity_back"),
        func.coalesce(back.c.amount, 0).label("amount_back"),
    ).outerjoin(back, (back.c.purchase == PurchaseLine.purchase) & (back.c.line == PurchaseLine.line))
    mine = among(session, PurchaseLine.purchase, purchases)
    return session.execute(query.where(mine).order_by(PurchaseLine.purchase, PurchaseLine.line))


def asked(session: Session, purchases: Collection[UUID]) -> Rows:
    """For each purchase that something came back of: how many points were asked back, and forgiven among them."""
    all_of = _sum(Return.points_back + Return.points_owed + Return.points_forgiven)
    query = select(Return.purchase, all_of.label("asked"), _sum(Return.points_forgiven).label("forgiven"))
    return session.execute(query.where(among(session, Return.purchase, purchases)).group_by(Return.purchase))


def uses_of(session: Session, lots: Collection[UUID]) -> Rows:
    """How much all transfers took of lots, and how much of that is points that expired and stayed so."""
    expired = case((or_(Transfer.credit == EXPIRED, Transfer.debit == EXPIRED), LotUse.amount), else_=0)
    query = select(LotUse.lot, _sum(LotUse.amount).label("used"), _sum(expired).label("expired"))
    joined = query.join(Transfer, Transfer.id == LotUse.transfer)
    return session.execute(joined.where(among(session, LotUse.lot, lots)).group_by(LotUse.lot))


def known(session: Session, receipts: Collection[str]) -> Rows:
    """Returns with these receipt numbers, of any store."""
    query = select(
        *(Return.store, Return.receipt, Return.id, Return.purchase, Return.content, Return.points_back),
        *(Return.points_owed, Return.points_forgiven, Return.points_given, Return.value_given, Return.qualifying_back),
    )
    return session.execute(query.where(among(session, Return.receipt, receipts)))


def _sum(figure: InstrumentedAttribute[int] | ColumnElement[int]) -> ColumnElement[int]:
    return cast(func.sum(figure), BigInteger)
