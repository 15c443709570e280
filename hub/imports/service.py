"""Imports from upload to end: taken in, checked without writing anything, run in pieces, cancelled."""

from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Literal
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from hub.db.bulk import insert_rows
from hub.imports import queries
from hub.imports.drafts import Defaults
from hub.imports.files import FileError, Row
from hub.imports.models import Import, ImportPiece
from hub.imports.reading import table_of
from hub.members.vault import Vault
from hub.webhooks import service as webhooks
from hub.webhooks.rules import Event
from hub.webhooks.service import News
from protocol.errors import ErrorCode
from protocol.ids import derived_id

PIECE_ROWS = 1_000
"""Rows of one transaction: long enough that its commit costs nothing, short enough that nobody waits for it."""

Duplicates = Literal["skip", "update", "fail"]

Cells = tuple[int, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done with a file: its columns, members who are there already, and what rows do not say."""

    columns: list[str | None]
    duplicates: Duplicates
    home_store: str
    language: str = "zh"
    source: str = "import"

    @property
    def defaults(self) -> Defaults:
        """What holds for members whose row does not say."""
        return Defaults(self.home_store, self.language, self.source)


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that was read to its end: its header and its pieces, sealed, and how many rows they have together."""

    header: bytes
    pieces: list[bytes]
    rows: int


def take_in(vault: Vault, id_: UUID, data: bytes) -> Taken:
    """Read a file to its end and seal it. To be done outside of a transaction: a workbook may take ten seconds.

    Raises:
        FileError: if it cannot be read; nothing of it is kept then.
    """
    header, rows = table_of(data)
    pieces: list[bytes] = []
    count = 0
    while piece := [(row.line, row.cells) for row in islice(rows, PIECE_ROWS)]:
        pieces.append(vault.wrap_secret(msgspec.msgpack.encode(piece), place_of(id_, len(pieces))))
        count += len(piece)
    if not pieces:
        raise FileError(ErrorCode.IMPORT_EMPTY)
    return Taken(vault.wrap_secret(msgspec.msgpack.encode(header.cells), place_of(id_, "header")), pieces, count)


def add(session: Session, id_: UUID, taken: Taken, *, actor: str, now: datetime) -> Import:
    """Keep a file that was taken in."""
    added = Import(id=id_, state="uploaded", header=taken.header, plan={}, actor=actor, made_at=now)
    added.pieces, added.rows = len(taken.pieces), taken.rows
    added.mark = added.rows_done = added.joined = added.updated = added.skipped = added.faulty = added.faults = 0
    session.add(added)
    session.flush()
    rows = [(id_, number, sealed) for number, sealed in enumerate(taken.pieces)]
    insert_rows(session, ImportPiece, ("of", "number", "sealed"), rows)
    return added


def header_of(vault: Vault, one: Import) -> tuple[str, ...]:
    """The headers of a file's columns."""
    return msgspec.msgpack.decode(vault.unwrap_secret(one.header, place_of(one.id, "header")), type=tuple[str, ...])


def rows_of(session: Session, vault: Vault, id_: UUID, number: int) -> list[Row]:
    """The rows of one piece."""
    sealed = vault.unwrap_secret(queries.piece(session, id_, number), place_of(id_, number))
    return [Row(line, cells) for line, cells in msgspec.msgpack.decode(sealed, type=list[Cells])]


def place_of(id_: UUID, part: object) -> str:
    """Place of a part of an import, as the vault names it."""
    return f"imports|{id_}|{part}"


def plan_of(one: Import) -> Plan:
    """What is to be done with a file."""
    return msgspec.convert(one.plan, Plan)


def begin_check(session: Session, one: Import, plan: Plan) -> None:
    """Have a file checked by a plan, from its beginning."""
    one.plan = msgspec.to_builtins(plan)
    one.state = "checking"
    begin_again(session, one)


def begin_run(session: Session, one: Import, now: datetime) -> None:
    """Have the members of a file brought in."""
    one.state, one.began_at = "running", now
    begin_again(session, one)


def begin_again(session: Session, one: Import) -> None:
    """Set the mark to the first piece, and forget what was counted."""
    one.mark = one.rows_done = one.joined = one.updated = one.skipped = one.faulty = one.faults = 0
    queries.forget_faults(session, one.id)


def end(session: Session, one: Import, state: str, now: datetime) -> None:
    """End an import; what its file said is forgotten."""
    one.state, one.ended_at = state, now
    queries.forget_pieces(session, one.id)
    # Counts of an import that never ran are those of its check, which nobody outside is to take for members.
    if one.began_at is not None:
        webhooks.tell_one(session, News(derived_id(one.id, "news.finished"), Event.IMPORT_FINISHED, now, shown(one)))


def shown(one: Import) -> dict[str, Any]:
    """How far an import is."""
    return {
        "id": str(one.id),
        "state": one.state,
        "rows": one.rows,
        "rows_done": one.rows_done,
        "joined": one.joined,
        "updated": one.updated,
        "skipped": one.skipped,
        "faulty": one.faulty,
        "faults": one.faults,
    }
