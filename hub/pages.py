"""Lists over HTTP: so many items at a time, and a cursor for what comes after them.

A cursor is the sort key of the last item, written so that nobody is tempted to read it. It is no secret and proves
nothing: whoever makes one up asks for a page that they could have asked for anyhow.
"""

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import GenericAlias
from typing import Annotated, Any

import msgspec
from fastapi import Depends, Query
from sqlalchemy import ColumnElement, Select, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.types import TypeDecorator

from hub.problems import ProblemError
from protocol.errors import ErrorCode

PAGE_MAX_ITEMS = 200
PAGE_ITEMS = 50
CURSOR_MAX_CHARS = 1_000

SortKey = Sequence[InstrumentedAttribute[Any]]
"""Columns that together tell every row from every other, the most important first."""


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list a caller asks for."""

    limit: int
    cursor: str | None

    def of(
        self,
        session: Session,
        query: Select[*tuple[Any, ...]],
        by: SortKey,
        *,
        shown: Callable[[Any], Mapping[str, Any]],
        newest_first: bool = False,
    ) -> dict[str, Any]:
        """The answer: what the query finds on this page, in the order of `by`, each as `shown` makes it.

        `shown` is given what the query selects: the entity, where it is one, or the row, which must have the columns of
        `by`. `newest_first` turns the whole order round.
        """
        if self.cursor is not None:
            query = query.where(_beyond(by, _read(self.cursor, by), downwards=newest_first))
        order = [column.desc() if newest_first else column.asc() for column in by]
        rows = session.execute(query.order_by(*order).limit(self.limit + 1)).all()
        found = [row[0] if len(row) == 1 else row for row in rows]
        items = [dict(shown(one)) for one in found[: self.limit]]
        has_more = len(found) > self.limit
        return {"items": items, "next": _written(found[self.limit - 1], by) if has_more else None}


def whole(items: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The answer where a list is always short: all of it, on its only page."""
    return {"items": list(items), "next": None}


def _beyond(by: SortKey, key: Sequence[Any], *, downwards: bool) -> ColumnElement[bool]:
    columns = tuple_(*by)
    values = tuple_(*(literal(value, column.type) for value, column in zip(key, by, strict=True)))
    return columns < values if downwards else columns > values


def _written(one: Any, by: SortKey) -> str:
    key = msgspec.json.encode([getattr(one, column.key) for column in by])
    return base64.urlsafe_b64encode(key).decode().rstrip("=")


def _read(cursor: str, by: SortKey) -> tuple[Any, ...]:
    kinds = GenericAlias(tuple, tuple(map(_kind_of, by)))
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        key: tuple[Any, ...] = msgspec.json.decode(raw, type=kinds)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        fields = [{"field": "query.cursor", "problem": "unknown"}]
        raise ProblemError(ErrorCode.REQUEST_INVALID, fields=fields) from None
    return key


def _kind_of(column: InstrumentedAttribute[Any]) -> type[Any]:
    stored = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    kind: type[Any] = stored.python_type
    return kind


async def page_of(
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX_ITEMS, description="Most items in the answer.")] = PAGE_ITEMS,
    cursor: Annotated[
        str | None, Query(max_length=CURSOR_MAX_CHARS, description="`next` of the answer before this one.")
    ] = None,
) -> Page:
    """Which page this request asks for."""
    return Page(limit, cursor)


ThePage = Annotated[Page, Depends(page_of)]
