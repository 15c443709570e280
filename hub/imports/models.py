"""Tables of imports and exports. What their files say is sealed, and is gone when the job has ended."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, Code

WORKING = "state IN ('checking', 'running')"


class Import(Base):
    """A file of members on its way in. `mark` says how many pieces are done; a piece moves it with what it does.

    `header` is sealed, because a file may have none and begin with a person. `plan` says which column is which field
    and what becomes of members who are there already. `rows_done` of `rows` were looked at, of which `joined`,
    `updated`, `skipped` and `faulty` tell what became.
    """

    __tablename__ = "imports"
    __table_args__ = (
        CheckConstraint(
            "state IN ('uploaded', 'checking', 'checked', 'running', 'done', 'cancelled', 'failed')",
            name="state_known",
        ),
        Index("ix_imports_working", "state", postgresql_where=text(WORKING), sqlite_where=text(WORKING)),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[Code]
    header: Mapped[bytes] = mapped_column(LargeBinary)
    plan: Mapped[dict[str, Any]]
    pieces: Mapped[int]
    mark: Mapped[int]
    rows: Mapped[int]
    rows_done: Mapped[int]
    joined: Mapped[int]
    updated: Mapped[int]
    skipped: Mapped[int]
    faulty: Mapped[int]
    faults: Mapped[int]
    actor: Mapped[Code]
    made_at: Mapped[datetime] = mapped_column(index=True)
    began_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class ImportPiece(Base):
    """Some rows of a file, sealed until they are done."""

    __tablename__ = "import_pieces"

    of: Mapped[UUID] = mapped_column(ForeignKey("imports.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class ImportFault(Base):
    """What is wrong in one cell; only where it stands, because what stands there may be personal."""

    __tablename__ = "import_faults"

    of: Mapped[UUID] = mapped_column(ForeignKey("imports.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    line: Mapped[int]
    place: Mapped[int]
    field: Mapped[Code]
    code: Mapped[Code]
    data: Mapped[dict[str, Any]]


class MemberExport(Base):
    """A file of members on its way out. `last` is the last member that is in it; a piece moves it with what it adds.

    `filters` are not personal. With `is_open` personal data is in clear: a second person has agreed to that.
    """

    __tablename__ = "member_exports"
    __table_args__ = (
        CheckConstraint("state IN ('running', 'done', 'gone')", name="state_known"),
        CheckConstraint("format IN ('csv', 'xlsx')", name="format_known"),
        Index("ix_member_exports_state", "state", "until"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[Code]
    format: Mapped[Code]
    is_open: Mapped[bool]
    filters: Mapped[dict[str, Any]]
    last: Mapped[UUID | None]
    pieces: Mapped[int]
    members: Mapped[int]
    members_done: Mapped[int]
    actor: Mapped[Code]
    made_at: Mapped[datetime]
    until: Mapped[datetime]


class ExportPiece(Base):
    """Some rows of a file on its way out, sealed until it is gone."""

    __tablename__ = "export_pieces"

    of: Mapped[UUID] = mapped_column(ForeignKey("member_exports.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
