"""What a kiosk may know of a member, put together from every domain that has a say in it."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import UNSET
from msgspec.structs import replace
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.db.reading import among
from hub.finance.holdings import Holdings, holdings
from hub.members import fields
from hub.members import service as members_service
from hub.members.models import Member
from hub.members.vault import Vault
from hub.points.rules import ExpiryPolicy
from hub.programme import service as programme
from hub.reconciliation import service as reconciliation
from hub.rewards import queries as rewards
from hub.tiers.models import Standing
from protocol.state import MemberSnapshot, OpenVoucher

VOUCHERS_MAX = 20
"""Most open vouchers in a snapshot; who has more sees the oldest."""


def snapshots(session: Session, vault: Vault, members: Collection[UUID], now: datetime) -> dict[UUID, MemberSnapshot]:
    """Snapshots of members, by member."""
    if not members:
        return {}
    terms = programme.in_force(session)
    policy = terms.policy("expiry", ExpiryPolicy)
    held = holdings(session, members, now, policy)
    vouchers: dict[UUID, list[OpenVoucher]] = {}
    for voucher in rewards.open_vouchers(session, members):
        opened = OpenVoucher(voucher.id, voucher.reward, voucher.redeemed_at)
        vouchers.setdefault(voucher.member, []).append(opened)
    names = members_service.display_names(session, vault, members)
    notices = reconciliation.notices(session, members, now)
    own = fields.on_kiosks(session, vault, terms, members)
    query = (
        select(Member.id, Member.language, Standing.tier)
        .join(Standing, Standing.member == Member.id)
        .where(among(session, Member.id, members))
    )
    found = {
        row.id: _snapshot(row, names[row.id], vouchers.get(row.id, []), (held[row.id], now))
        for row in session.execute(query)
    }
    return {
        member: replace(one, notices=notices.get(member, UNSET), fields=own.get(member, UNSET))
        for member, one in found.items()
    }


def _snapshot(row: Any, name: str, vouchers: list[OpenVoucher], figures: tuple[Holdings, datetime]) -> MemberSnapshot:
    held, now = figures
    return MemberSnapshot(
        member=row.id,
        version=held.version,
        as_of=now,
        display_name=name,
        language=row.language,
        tier=row.tier,
        points=held.points,
        lent=held.lent or UNSET,
        pending=held.pending or UNSET,
        pending_at=held.pending_at or UNSET,
        qualifying=held.qualifying,
        debt=held.debt or UNSET,
        expiring=held.expiring,
        expiring_at=held.expiring_at or UNSET,
        stored_value=held.stored_value,
        bonus=held.bonus or UNSET,
        vouchers=vouchers[:VOUCHERS_MAX],
    )
