"""Tables of the chain and its stores."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, Code


class Chain(Base):
    """The one chain that this hub serves. `zone` is the time zone in which its rules count days."""

    __tablename__ = "chain"
    __table_args__ = (CheckConstraint("id = 1", name="is_one"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    names: Mapped[dict[str, str]]
    languages: Mapped[list[str]]
    currency: Mapped[Code]
    zone: Mapped[Code]


class Store(Base):
    """A store. `jurisdiction` names the law on stored value that holds there.

    Its kiosks may record purchases only where `kiosks_record_purchases` says so.
    """

    __tablename__ = "stores"

    id: Mapped[Code] = mapped_column(primary_key=True)
    names: Mapped[dict[str, str]]
    region: Mapped[Code]
    jurisdiction: Mapped[Code]
    kiosks_record_purchases: Mapped[bool]
    opened_at: Mapped[datetime]


class ReceiptKey(Base):
    """A key with which a store's till signs the codes on its receipts; `public_key` is in DER.

    One that is revoked counts no more, also for receipts that it signed before: who has a stolen key can date them as
    they like.
    """

    __tablename__ = "receipt_keys"

    id: Mapped[Code] = mapped_column(primary_key=True)
    store: Mapped[Code] = mapped_column(ForeignKey("stores.id"), index=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary(200))
    made_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
