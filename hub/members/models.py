"""Tables of members. Every personal field is encrypted; see `hub.members.vault`."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, Code


class Member(Base):
    """A member. `number` is what staff read out; `name`, `phone` and `birthday` are ciphertexts.

    `phone_index` is a keyed hash, so that a phone number can be found and is unique without being stored in clear.
    `identified_at` is when somebody saw proof of who the member is; the law lets identified members hold more money.
    """

    __tablename__ = "members"
    __table_args__ = (CheckConstraint("state IN ('active', 'blocked')", name="state_known"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[Code] = mapped_column(unique=True)
    state: Mapped[Code]
    home_store: Mapped[Code] = mapped_column(ForeignKey("stores.id"))
    language: Mapped[Code]
    source: Mapped[Code]
    name: Mapped[bytes] = mapped_column(LargeBinary)
    phone: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_index: Mapped[bytes | None] = mapped_column(LargeBinary(16), unique=True)
    birthday: Mapped[bytes | None] = mapped_column(LargeBinary)
    joined_at: Mapped[datetime]
    identified_at: Mapped[datetime | None]


class MemberKey(Base):
    """The member's data key, wrapped by a key-encryption key. Destroying this row destroys the personal data."""

    __tablename__ = "member_keys"

    member: Mapped[UUID] = mapped_column(ForeignKey("members.id"), primary_key=True)
    wrapped_by: Mapped[Code]
    wrapped: Mapped[bytes] = mapped_column(LargeBinary(64))
