"""Tables of members. Every personal field is encrypted; see `hub.members.vault`."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, Code


class Member(Base):
    """A member. `number` is what staff read out; the columns of bytes are ciphertexts and keyed hashes.

    `phone_index` and `email_index` are keyed hashes, so that both can be found without being stored in clear; a phone
    number is one member's alone. `identified_at` is when somebody saw proof of who the member is; the law lets
    identified members hold more money. A member that is erased keeps its row, without anything personal.
    """

    __tablename__ = "members"
    __table_args__ = (
        CheckConstraint(
            "state IN ('active', 'blocked', 'inactive', 'merged', 'erasing', 'erased')",
            name="state_known",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[Code] = mapped_column(unique=True)
    state: Mapped[Code]
    home_store: Mapped[Code] = mapped_column(ForeignKey("stores.id"))
    language: Mapped[Code]
    source: Mapped[Code]
    name: Mapped[bytes] = mapped_column(LargeBinary)
    phone: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_index: Mapped[bytes | None] = mapped_column(LargeBinary(16), unique=True)
    email: Mapped[bytes | None] = mapped_column(LargeBinary)
    email_index: Mapped[bytes | None] = mapped_column(LargeBinary(16), index=True)
    birthday: Mapped[bytes | None] = mapped_column(LargeBinary)
    gender: Mapped[bytes | None] = mapped_column(LargeBinary)
    address: Mapped[bytes | None] = mapped_column(LargeBinary)
    identity_number: Mapped[bytes | None] = mapped_column(LargeBinary)
    bank_account: Mapped[bytes | None] = mapped_column(LargeBinary)
    joined_at: Mapped[datetime]
    identified_at: Mapped[datetime | None]


class MemberKey(Base):
    """The member's data key, wrapped by a key-encryption key. Destroying this row destroys the personal data."""

    __tablename__ = "member_keys"

    member: Mapped[UUID] = mapped_column(ForeignKey("members.id"), primary_key=True)
    wrapped_by: Mapped[Code] = mapped_column(index=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary(64))


class MemberToken(Base):
    """A keyed hash of one or two neighbouring characters of a member's name, by which the name is found."""

    __tablename__ = "member_tokens"
    __table_args__ = (Index("ix_member_tokens_member", "member"),)

    token: Mapped[bytes] = mapped_column(LargeBinary(8), primary_key=True)
    member: Mapped[UUID] = mapped_column(ForeignKey("members.id"), primary_key=True)


class MemberField(Base):
    """What a member has in a field that the chain has defined, sealed. `search_index` is there where it is found by."""

    __tablename__ = "member_fields"
    __table_args__ = (Index("ix_member_fields_field_search_index", "field", "search_index"),)

    member: Mapped[UUID] = mapped_column(ForeignKey("members.id"), primary_key=True)
    field: Mapped[Code] = mapped_column(primary_key=True)
    value: Mapped[bytes] = mapped_column(LargeBinary)
    search_index: Mapped[bytes | None] = mapped_column(LargeBinary(16))


class Consent(Base):
    """A member's yes or no to one purpose. Rows are only added; the latest of a purpose is what holds.

    `text_version` and `text_hash` (SHA-256) say which words the member was shown.
    """

    __tablename__ = "consents"
    __table_args__ = (Index("ix_consents_member_purpose_at", "member", "purpose", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    member: Mapped[UUID] = mapped_column(ForeignKey("members.id"))
    purpose: Mapped[Code]
    given: Mapped[bool]
    text_version: Mapped[Code]
    text_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    channel: Mapped[Code]
    actor: Mapped[Code]
    at: Mapped[datetime] = mapped_column(index=True)
