"""All SQL of the catalogue and of vouchers."""

from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.db.reading import Rows, among
from hub.rewards.models import Reward, Voucher


def rewards(session: Session, ids: Collection[UUID]) -> Rows:
    """Prices and conditions of rewards."""
    columns = (Reward.id, Reward.points, Reward.tiers, Reward.offered, Reward.limited)
    return session.execute(select(*columns).where(among(session, Reward.id, ids)))


OFFERED = select(Reward).where(Reward.offered)
"""Asks for everything that is offered."""

BY_PLACE = (Reward.place, Reward.id)


def catalogue(session: Session) -> Iterable[Reward]:
    """Everything that is offered, in the catalogue's order."""
    return session.execute(OFFERED.order_by(*BY_PLACE)).scalars()


def open_vouchers(session: Session, members: Collection[UUID]) -> Iterable[Voucher]:
    """Vouchers of these members that wait to be handed out, oldest first."""
    query = select(Voucher).where(among(session, Voucher.member, members), Voucher.state == "open")
    return session.execute(query.order_by(Voucher.redeemed_at, Voucher.id)).scalars()


def vouchers_by_code(session: Session, code: str) -> Iterable[Voucher]:
    """Vouchers with a code, newest first. Two may share one; 50 bits make that rarer than misreading it."""
    return session.execute(
        select(Voucher).where(Voucher.code == code).order_by(Voucher.redeemed_at.desc()).with_for_update()
    ).scalars()
