"""Tables of what members may demand: erasures and who has carried them out, exports, and proofs of destruction."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, Code


class Erasure(Base):
    """The erasure of a member: who wanted it, and since when the last kiosk has forgotten the member too."""

    __tablename__ = "erasures"

    member: Mapped[UUID] = mapped_column(ForeignKey("members.id"), primary_key=True)
    request: Mapped[UUID]
    asked_by: Mapped[Code]
    approved_by: Mapped[Code]
    reason: Mapped[str]
    began_at: Mapped[datetime]
    done_at: Mapped[datetime | None] = mapped_column(index=True)


class ErasedCopy(Base):
    """A kiosk that knew an erased member, and the duty by which it forgets; what it did when is the certificate.

    After a restore the duty may have a higher number than it was given.
    """

    __tablename__ = "erased_copies"

    member: Mapped[UUID] = mapped_column(ForeignKey("erasures.member"), primary_key=True)
    kiosk: Mapped[Code] = mapped_column(ForeignKey("kiosks.id"), primary_key=True)
    duty: Mapped[int]
    forgotten_at: Mapped[datetime | None]


class PersonalExport(Base):
    """Everything about a member, sealed under the member's own key until it is fetched once, or too old."""

    __tablename__ = "personal_exports"

    request: Mapped[UUID] = mapped_column(primary_key=True)
    member: Mapped[UUID] = mapped_column(ForeignKey("members.id"), index=True)
    asked_by: Mapped[Code]
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]
    until: Mapped[datetime] = mapped_column(index=True)
    fetched_at: Mapped[datetime | None]


class Destruction(Base):
    """Proof that data was destroyed because its time was over: how much of what, and a digest of the rows' ids."""

    __tablename__ = "destructions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[Code]
    before: Mapped[datetime]
    rows: Mapped[int]
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    at: Mapped[datetime] = mapped_column(index=True)
