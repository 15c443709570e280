"""Rotating keys: what an old key-encryption key wraps is wrapped anew, what an old index key hashes is hashed anew.

The data keys of members stay what they are, so no personal field is touched. Killed anywhere, either goes on.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast
from uuid import UUID

from sqlalchemy import LargeBinary, func, select, text, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from hub.db.base import Base
from hub.db.bulk import update_rows
from hub.db.session import Database
from hub.members import indexing
from hub.members.models import MemberKey
from hub.members.vault import Vault, WrappedKey, prefix_of

PIECE_MAX_ROWS = 500


@dataclass(frozen=True, slots=True)
class WrappedColumn:
    """A column whose values a key-encryption key protects, and their places as the vault names them."""

    column: InstrumentedAttribute[Any]
    place: Callable[[Any], str]

    @property
    def model(self) -> type[Base]:
        """The table that it stands in."""
        return cast(type[Base], self.column.class_)


@dataclass(frozen=True, slots=True)
class Rotation:
    """Wraps everything anew; `columns` are all that stand beside the data keys of members."""

    database: Database
    vault: Vault
    columns: Sequence[WrappedColumn]
    piece_max_rows: int = PIECE_MAX_ROWS

    def pieces(self) -> Iterator[tuple[str, int]]:
        """Wrap anew what is left, each piece in a transaction of its own; yields the table and the rows of a piece."""
        while count := self.database.run(self._rewrap_keys):
            yield MemberKey.__tablename__, count
        for one in self.columns:
            while count := self.database.run(partial(self._rewrap, one=one)):
                yield one.model.__tablename__, count

    def is_complete(self) -> bool:
        """Tell whether nothing is wrapped by an old key, once all who are writing have ended."""
        return self.database.run(self._is_complete)

    def _is_complete(self, session: Session) -> bool:
        models: list[type[Base]] = [MemberKey, *(one.model for one in self.columns)]
        if session.get_bind().dialect.name == "postgresql":
            # SQLite has one writer at a time anyhow.
            names = ", ".join(sorted({model.__tablename__ for model in models}))
            session.execute(text(f"LOCK TABLE {names} IN SHARE MODE"))
        left = [self._old_keys(), *(self._old_secrets(one) for one in self.columns)]
        return not any(session.execute(query.limit(1)).first() for query in left)

    def _rewrap_keys(self, session: Session) -> int:
        rows = session.execute(self._old_keys().order_by(MemberKey.member).limit(self.piece_max_rows).with_for_update())
        changed = []
        for member, wrapped_by, wrapped in rows:
            anew = self.vault.rewrap(WrappedKey(wrapped_by, wrapped))
            changed.append((member, anew.wrapped_by, anew.wrapped))
        update_rows(session, MemberKey, ("member",), ("wrapped_by", "wrapped"), rows=changed)
        return len(changed)

    def _rewrap(self, session: Session, *, one: WrappedColumn) -> int:
        rows = session.execute(self._old_secrets(one).limit(self.piece_max_rows).with_for_update()).scalars().all()
        for row in rows:
            place, key = one.place(row), one.column.key
            setattr(row, key, self.vault.wrap_secret(self.vault.unwrap_secret(getattr(row, key), place), place))
        return len(rows)

    def _old_keys(self) -> Any:
        query = select(MemberKey.member, MemberKey.wrapped_by, MemberKey.wrapped)
        return query.where(MemberKey.wrapped_by != self.vault.current)

    def _old_secrets(self, one: WrappedColumn) -> Any:
        prefix = prefix_of(self.vault.current)
        begins = func.substr(one.column, 1, len(prefix))
        is_there = func.length(one.column) > 0
        return select(one.model).where(is_there, type_coerce(begins, LargeBinary) != prefix)


def index_anew(database: Database, vault: Vault, piece_max_members: int = PIECE_MAX_ROWS) -> Iterator[int]:
    """Index all members under the index key in use, a piece in a transaction; yields how many of it were not yet."""
    last: UUID | None = None
    while True:
        with database.read() as session:
            members = indexing.after(session, last, piece_max_members)
        if not members:
            return
        yield database.run(partial(indexing.renew, vault=vault, members=members))
        last = members[-1]
