"""Tables of people and their sessions, and of API keys."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, Code

EMAIL_MAX_CHARS = 254
"""RFC 5321, section 4.5.3.1.3, less the angle brackets of a path."""

HASH_MAX_CHARS = 128
SUBJECT_MAX_CHARS = 255
"""OpenID Connect Core 1.0, section 2: `sub` has 255 characters at most. Issuers are held to the same."""

CREDENTIAL_MAX_BYTES = 1023
"""Web Authentication Level 3, section 4: a credential's id has 1023 bytes at most."""


class OwnRole(Base):
    """A role that the chain composed itself. `limits_as` is the built-in role whose limits hold for it; empty: none."""

    __tablename__ = "own_roles"

    id: Mapped[Code] = mapped_column(primary_key=True)
    names: Mapped[dict[str, str]]
    permissions: Mapped[list[str]]
    limits_as: Mapped[Code]
    made_at: Mapped[datetime]


class Person(Base):
    """Somebody who works here, and what they may do where: one role, in `stores` and in the regions beside.

    With neither stores nor regions the role holds in the whole chain. `role` is a built-in one or one of our own. The
    secret of one-time codes is wrapped; a code is good once, so the last step that was used is kept. `issuer` and
    `subject` name the person at an outside provider of log-ins; `email` is what links them the first time.
    """

    __tablename__ = "people"
    __table_args__ = (
        CheckConstraint("state IN ('invited', 'active', 'disabled', 'sealed')", name="state_known"),
        CheckConstraint("(issuer IS NULL) = (subject IS NULL)", name="outside_identity_whole"),
        UniqueConstraint("issuer", "subject"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    login: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Code]
    language: Mapped[Code]
    email: Mapped[str | None] = mapped_column(String(EMAIL_MAX_CHARS), unique=True)
    state: Mapped[Code]
    role: Mapped[Code] = mapped_column(index=True)
    stores: Mapped[list[str]]
    password_hash: Mapped[str | None] = mapped_column(String(HASH_MAX_CHARS))
    totp_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    totp_step: Mapped[int | None]
    issuer: Mapped[str | None] = mapped_column(String(SUBJECT_MAX_CHARS))
    subject: Mapped[str | None] = mapped_column(String(SUBJECT_MAX_CHARS))
    made_at: Mapped[datetime]


class PersonRegion(Base):
    """A region that a person's role holds in; its stores are looked up at each request."""

    __tablename__ = "person_regions"

    person: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True)
    region: Mapped[Code] = mapped_column(primary_key=True)


class Passkey(Base):
    """A passkey of a person: the public half, and how often it says it was used."""

    __tablename__ = "passkeys"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person: Mapped[UUID] = mapped_column(ForeignKey("people.id"), index=True)
    name: Mapped[Code]
    credential: Mapped[bytes] = mapped_column(LargeBinary(CREDENTIAL_MAX_BYTES), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int]
    made_at: Mapped[datetime]


class RecoveryCode(Base):
    """One code that stands in for a lost second factor, once. It has 120 random bits, so a plain hash is safe."""

    __tablename__ = "recovery_codes"

    person: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)


class StaffSession(Base):
    """A person who is logged in. The token has 256 random bits; its hash is looked up.

    It ends at `ends_at`, or half an hour after it was last seen, or when somebody ends it. `confirmed_at` is when the
    person last proved to be there.
    """

    __tablename__ = "sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person: Mapped[UUID] = mapped_column(ForeignKey("people.id"), index=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    method: Mapped[Code]
    source: Mapped[Code]
    made_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    confirmed_at: Mapped[datetime]
    ends_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]


class Invitation(Base):
    """A token with which somebody sets login, password and second factor, once. Without a person: the first admin."""

    __tablename__ = "invitations"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"), index=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    totp_secret: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class FailedAttempts(Base):
    """How often somebody failed in a row to log in, by a keyed hash of the login or the source."""

    __tablename__ = "failed_attempts"

    whose: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime] = mapped_column(index=True)


class SpentTicket(Base):
    """A ticket that was used, so that it is not used again."""

    __tablename__ = "spent_tickets"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    ends_at: Mapped[datetime] = mapped_column(index=True)


class ApiKey(Base):
    """A program's key. The secret has 256 random bits, so its plain SHA-256 can stand here safely.

    `stores` empty means every store. `role` is what limits per role go by; empty is nobody's, and has none. While a
    secret is being replaced the one before, `old_hash`, works until `old_until`.
    """

    __tablename__ = "api_keys"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[Code]
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    old_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    old_until: Mapped[datetime | None]
    permissions: Mapped[list[str]]
    role: Mapped[Code]
    stores: Mapped[list[str]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
