"""Tables of the ledger.

Nothing here is ever updated or deleted, but for the three guarded figures: an account's balance, what remains of a
lot, and what remains of a counter.

Ids of accounts, transfers and lots are derived by their owners (`protocol.ids.derived_id`), so a replay names the
same rows. Transfers and lots carry no foreign keys to accounts: every booking has just locked those accounts, the
nightly proof compares all of them, and the checks would cost a third of the throughput.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, Code

PROGRAMME_IDS_END = UUID(int=1 << 16)
"""Accounts of the programme itself have ids below this; they keep no balance row to be fought over."""

_OF_MEMBERS = f"> '{PROGRAMME_IDS_END}'"
_OF_MEMBERS_HEX = f"> '{PROGRAMME_IDS_END.hex}'"


class Account(Base):
    """Something of value with one owner and one unit. `version` counts its changes.

    With `has_lots` the balance is always the sum of what remains of the account's lots.
    """

    __tablename__ = "accounts"
    __table_args__ = (CheckConstraint("balance >= 0", name="not_overdrawn"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    owner: Mapped[UUID] = mapped_column(index=True)
    book: Mapped[Code]
    unit: Mapped[Code]
    has_lots: Mapped[bool]
    balance: Mapped[int]
    version: Mapped[int]
    opened_at: Mapped[datetime]


class Transfer(Base):
    """One movement of value from `debit` to `credit`. Its id is derived from `fact`, what was booked, and `kind`."""

    __tablename__ = "transfers"
    __table_args__ = (
        CheckConstraint("amount > 0", name="moves_something"),
        CheckConstraint("debit <> credit", name="has_two_sides"),
        Index(
            "ix_transfers_debit_recorded_at",
            "debit",
            "recorded_at",
            postgresql_where=text(f"debit {_OF_MEMBERS}"),
            sqlite_where=text(f"debit {_OF_MEMBERS_HEX}"),
        ),
        Index(
            "ix_transfers_credit_recorded_at",
            "credit",
            "recorded_at",
            postgresql_where=text(f"credit {_OF_MEMBERS}"),
            sqlite_where=text(f"credit {_OF_MEMBERS_HEX}"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    fact: Mapped[UUID]
    kind: Mapped[Code]
    debit: Mapped[UUID]
    credit: Mapped[UUID]
    amount: Mapped[int]
    actor: Mapped[Code]
    cause: Mapped[dict[str, Any]]
    effective_at: Mapped[datetime]
    recorded_at: Mapped[datetime]


class Lot(Base):
    """Value granted together, with one expiry. `origin` is the lot it was split from when value moved with its lots."""

    __tablename__ = "lots"
    __table_args__ = (
        CheckConstraint("remaining >= 0 AND remaining <= granted", name="within_grant"),
        Index(
            "ix_lots_open",
            "account",
            "expires_at",
            postgresql_where=text("remaining > 0"),
            sqlite_where=text("remaining > 0"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account: Mapped[UUID]
    origin: Mapped[UUID | None]
    granted: Mapped[int]
    remaining: Mapped[int]
    active_from: Mapped[datetime]
    expires_at: Mapped[datetime | None]


class LotUse(Base):
    """How much of a lot one transfer took."""

    __tablename__ = "lot_uses"
    __table_args__ = (CheckConstraint("amount > 0", name="takes_something"),)

    transfer: Mapped[UUID] = mapped_column(primary_key=True)
    lot: Mapped[UUID] = mapped_column(primary_key=True, index=True)
    amount: Mapped[int]


class Counter(Base):
    """Something that can run out but belongs to nobody: stock, a cap, a budget."""

    __tablename__ = "counters"
    __table_args__ = (CheckConstraint("remaining >= 0", name="not_exceeded"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    remaining: Mapped[int]
