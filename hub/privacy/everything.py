"""Everything that the hub keeps about one member: which table holds what, and how it is told to the member.

A table that names members and is missing here fails the tests, so that nothing new is forgotten.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, LargeBinary, Select, or_, select
from sqlalchemy.orm import Session

from hub.audit.models import AuditEntry
from hub.cards.models import Card, CardTap, Visit
from hub.day_end.models import ExpiryNotice, LateMember
from hub.db.base import Base
from hub.duplicates.models import Suspicion
from hub.fleet.models import MemberCopy
from hub.holds.models import Hold
from hub.leases.models import Lease, Lending
from hub.ledger.models import Account, Lot, Transfer
from hub.members import fields, profile
from hub.members.models import Consent, Member, MemberField, MemberKey, MemberToken
from hub.members.rules import PERSONAL
from hub.members.vault import Vault
from hub.merges.models import Merge
from hub.privacy.models import ErasedCopy, Erasure, PersonalExport
from hub.programme.service import in_force
from hub.purchases.models import Purchase, PurchaseLine
from hub.reconciliation.models import Rejection
from hub.returns.models import Return, ReturnLine
from hub.rewards.models import Voucher
from hub.tiers.models import Standing, TierChange
from hub.wallet.models import WalletReceipt

Where = Callable[[UUID], ColumnElement[bool]]


def _of(model: type[Any]) -> Where:
    return lambda member: model.member == member


def _accounts(member: UUID) -> Select[UUID]:
    return select(Account.id).where(Account.owner == member)


TOLD: dict[type[Base], Where] = {
    Account: lambda member: Account.owner == member,
    AuditEntry: lambda member: AuditEntry.subject == str(member),
    Card: _of(Card),
    CardTap: lambda member: CardTap.card.in_(select(Card.id).where(Card.member == member)),
    Consent: _of(Consent),
    ErasedCopy: _of(ErasedCopy),
    Erasure: _of(Erasure),
    ExpiryNotice: _of(ExpiryNotice),
    Hold: _of(Hold),
    Lease: _of(Lease),
    Lending: _of(Lending),
    Lot: lambda member: Lot.account.in_(_accounts(member)),
    MemberCopy: _of(MemberCopy),
    Merge: lambda member: or_(Merge.kept == member, Merge.merged == member),
    PersonalExport: _of(PersonalExport),
    Purchase: _of(Purchase),
    PurchaseLine: lambda member: PurchaseLine.purchase.in_(select(Purchase.id).where(Purchase.member == member)),
    Rejection: _of(Rejection),
    Return: _of(Return),
    ReturnLine: lambda member: ReturnLine.of.in_(select(Return.id).where(Return.member == member)),
    Standing: _of(Standing),
    TierChange: _of(TierChange),
    Transfer: lambda member: or_(Transfer.debit.in_(_accounts(member)), Transfer.credit.in_(_accounts(member))),
    Visit: _of(Visit),
    Voucher: _of(Voucher),
    WalletReceipt: _of(WalletReceipt),
}
"""Tables whose rows are told as they stand, and which of their rows are about a member."""

NOT_TOLD: dict[type[Base], str] = {
    LateMember: "says only that the day's end is to look at the member again",
    Member: "told in clear, as `profile`",
    MemberField: "told in clear, as `fields`",
    MemberKey: "the key of what is told in clear",
    MemberToken: "made of the name, which is told in clear",
    Suspicion: "names somebody else, who may well be another person",
}
"""Tables that name members and are told otherwise, or not; and why."""


def everything(session: Session, vault: Vault, member: UUID) -> dict[str, Any]:
    """All of it, as plain JSON: the profile and own fields in clear, and the rows of every table by its name.

    Ciphertexts and keyed hashes are left out: they tell a member nothing.
    """
    own = fields.definitions(in_force(session))
    [known] = _rows(session, Member, Member.id == member)
    return {
        "profile": known | profile.read(session, vault, [member], list(PERSONAL))[member],
        "fields": fields.read(session, vault, [member], list(own))[member],
        "tables": {model.__tablename__: _rows(session, model, where(member)) for model, where in TOLD.items()},
    }


def _rows(session: Session, model: type[Base], where: ColumnElement[bool]) -> list[dict[str, Any]]:
    table = model.__table__
    columns = [column for column in table.columns if not isinstance(column.type, LargeBinary)]
    rows = session.execute(select(*columns).where(where).order_by(*table.primary_key)).mappings()
    return [{name: _json(value) for name, value in row.items()} for row in rows]


def _json(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    return value.isoformat() if isinstance(value, datetime | date) else value
