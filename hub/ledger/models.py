"""Tables of the ledger.

Nothing here is ever updated or deleted, but for the guarded figures: an account's balance, what remains of a lot or a
counter, and what a tally has counted.

Ids of accounts, transfers and lots are derived by their owners (`protocol.ids.derived_id`), so a replay names the
same rows. Transfers and lots carry no foreign keys to accounts: every booking has just locked those accounts, the
nightly proof compares all of them, and the checks would cost a third of the throughput.
"""

from datetime import date, datetime
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
    """One movement of value from `debit` to `credit`. Its id is derived from `fact`, what was booked, and `kind`.

    A reversal is a transfer of its own that names the original in `reverses`. `cause` says by which rule and version,
    `reason` what a person gave for it.
    """

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
        # Days are rolled up and periods closed by it; transfers come in its order, so a summary of blocks is enough.
        Index("ix_transfers_recorded_at", "recorded_at", postgresql_using="brin"),
        Index(
            "ix_transfers_reverses",
            "reverses",
            postgresql_where=text("reverses IS NOT NULL"),
            sqlite_where=text("reverses IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    fact: Mapped[UUID]
    kind: Mapped[Code]
    debit: Mapped[UUID]
    credit: Mapped[UUID]
    amount: Mapped[int]
    reverses: Mapped[UUID | None]
    actor: Mapped[Code]
    cause: Mapped[dict[str, Any]]
    reason: Mapped[str]
    effective_at: Mapped[datetime]
    recorded_at: Mapped[datetime]


class Lot(Base):
    """Value granted together, with one expiry. `origin` is the lot it was split from when value moved with its lots.

    `source` says what it was granted for; `unit_value` what VALUE_SCALE units were worth at the grant, in minor units
    of money (0 where that is not known).
    """

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
        Index(
            "ix_lots_expires_at",
            "expires_at",
            postgresql_where=text("remaining > 0"),
            sqlite_where=text("remaining > 0"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account: Mapped[UUID]
    origin: Mapped[UUID | None]
    source: Mapped[Code]
    granted: Mapped[int]
    remaining: Mapped[int]
    unit_value: Mapped[int]
    granted_at: Mapped[datetime]
    active_from: Mapped[datetime]
    expires_at: Mapped[datetime | None]


class LotUse(Base):
    """How much of a lot one transfer took; negative where it put value back.

    What remains of a lot is always what was granted less the sum of its uses.
    """

    __tablename__ = "lot_uses"
    __table_args__ = (CheckConstraint("amount <> 0", name="moves_something"),)

    transfer: Mapped[UUID] = mapped_column(primary_key=True)
    lot: Mapped[UUID] = mapped_column(primary_key=True, index=True)
    amount: Mapped[int]


class Counter(Base):
    """Something that can run out but belongs to nobody: the stock of a reward."""

    __tablename__ = "counters"
    __table_args__ = (CheckConstraint("remaining >= 0", name="not_exceeded"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    remaining: Mapped[int]


class Tally(Base):
    """How much was used of a cap or a budget. It only counts; how far it may go stands in the rule in force."""

    __tablename__ = "tallies"
    __table_args__ = (CheckConstraint("used >= 0", name="counts_up"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    used: Mapped[int]


class Rollup(Base):
    """What one account of the programme lost and gained in one unit on one day, by when it was recorded (UTC)."""

    __tablename__ = "rollups"

    account: Mapped[UUID] = mapped_column(primary_key=True)
    unit: Mapped[Code] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    debited: Mapped[int]
    credited: Mapped[int]
