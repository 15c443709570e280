"""What a kiosk may know of a member, put together from every domain that has a say in it."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec import UNSET
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.db.bulk import among
from hub.ledger import queries as ledger
from hub.members import service as members_service
from hub.members.models import Member
from hub.members.vault import Vault
from hub.points.service import points_account, qualifying_account
from hub.rewards import queries as rewards
from hub.tiers.models import Standing
from hub.wallet.service import principal_account
from protocol.state import MemberSnapshot, OpenVoucher

EXPIRY_NOTICE_DAYS = 30
"""How far ahead a member is told that points expire."""

VOUCHERS_MAX = 20
"""Most open vouchers in a snapshot; who has more sees the oldest."""


def snapshots(session: Session, vault: Vault, members: Collection[UUID], now: datetime) -> dict[UUID, MemberSnapshot]:
    """Snapshots of members, by member."""
    if not members:
        return {}
    accounts = {owner(member): member for member in members for owner in _ACCOUNTS}
    balances = ledger.balances(session, accounts)
    expiring = {
        row.account: row
        for row in ledger.expiring(session, [points_account(member) for member in members], _notice_end(now))
    }
    vouchers: dict[UUID, list[OpenVoucher]] = {}
    for voucher in rewards.open_vouchers(session, members):
        opened = OpenVoucher(voucher.id, voucher.reward, voucher.redeemed_at)
        vouchers.setdefault(voucher.member, []).append(opened)
    names = members_service.display_names(session, vault, members)
    query = (
        select(Member.id, Member.language, Standing.tier)
        .join(Standing, Standing.member == Member.id)
        .where(among(session, Member.id, members))
    )
    return {
        row.id: _snapshot(row, names[row.id], vouchers.get(row.id, []), (balances, expiring, now))
        for row in session.execute(query)
    }


_ACCOUNTS = (points_account, qualifying_account, principal_account)


def _notice_end(now: datetime) -> datetime:
    return now + timedelta(days=EXPIRY_NOTICE_DAYS)


def _snapshot(row: Any, name: str, vouchers: list[OpenVoucher], figures: tuple[Any, Any, datetime]) -> MemberSnapshot:
    balances, expiring, now = figures
    account = points_account(row.id)
    points, version = balances[account]
    soon = expiring.get(account)
    return MemberSnapshot(
        member=row.id,
        version=version,
        as_of=now,
        display_name=name,
        language=row.language,
        tier=row.tier,
        points=points,
        qualifying=balances[qualifying_account(row.id)][0],
        expiring=soon.amount if soon else 0,
        expiring_at=soon.first_at if soon else UNSET,
        stored_value=balances.get(principal_account(row.id), (0, 0))[0],
        vouchers=vouchers[:VOUCHERS_MAX],
    )
