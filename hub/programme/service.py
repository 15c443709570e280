"""The terms in force, as every other domain reads them; and how a new version is put in force."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from hub.db.reading import Asked, Prepared
from hub.programme.models import Term

Document = TypeVar("Document")

PROGRAMME = "programme"
"""Name of the programme among the documents that kiosks fetch."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of one term: which, and what it says."""

    name: str
    version: int
    document: Any


@dataclass(frozen=True, slots=True)
class Terms:
    """All terms in force at one revision. Documents are read into the types that their domains ask for, once each."""

    revision: int = 0
    versions: Mapping[str, Version] = field(default_factory=dict)
    _read: dict[str, Version] = field(default_factory=dict)

    def policy(self, name: str, kind: type[Document]) -> Document:
        """What a policy says; its defaults where nobody has set it."""
        if name not in self.versions:
            return kind()
        document: Document = self._typed(name, kind).document
        return document

    def family(self, prefix: str, kind: type[Any]) -> list[Version]:
        """Every term whose name begins with `prefix` and a dot, by name, as documents of a type."""
        return [self._typed(name, kind) for name in self.versions if name.startswith(f"{prefix}.")]

    def one(self, prefix: str, name: str, kind: type[Any]) -> Version | None:
        """One term of a family; None where there is none in force."""
        full = f"{prefix}.{name}"
        return self._typed(full, kind) if full in self.versions else None

    def _typed(self, name: str, kind: type[Any]) -> Version:
        if name not in self._read:
            version = self.versions[name]
            self._read[name] = Version(name, version.version, msgspec.convert(version.document, kind))
        return self._read[name]


@dataclass(slots=True)
class Programme:
    """Part of a booking's working set: the terms in force."""

    terms: Terms = field(default_factory=Terms)


def ask_revision(session: Session) -> Asked[int]:
    """The newest revision; it rises with every change."""
    return _REVISION.ask(session).then(lambda rows: int(next(iter(rows))[0]))


_REVISION = Prepared(lambda _among: select(func.coalesce(func.max(Term.revision), 0)))


def in_force(session: Session) -> Terms:
    """The terms in force."""
    return at_revision(session, ask_revision(session).answer(), Terms(-1))


def at_revision(session: Session, newest: int, known: Terms) -> Terms:
    """The terms in force at the newest revision; `known` itself where nothing has changed since."""
    if known.revision == newest:
        return known
    rows = session.execute(terms_in_force().order_by(Term.name)).scalars()
    return Terms(newest, {row.name: Version(row.name, row.version, row.document) for row in rows})


def terms_in_force() -> Select[*tuple[Any, ...]]:
    """Asks for the newest version of every name that is not withdrawn."""
    latest = select(Term.name, func.max(Term.version).label("version")).group_by(Term.name).subquery()
    newest = select(Term).join(latest, (Term.name == latest.c.name) & (Term.version == latest.c.version))
    return newest.where(Term.withdrawn.is_(False))


@dataclass(frozen=True, slots=True)
class Change:
    """A new version of a term; `document` None withdraws the name."""

    name: str
    document: Mapping[str, Any] | None
    made_by: str
    reason: str = ""


def publish(session: Session, change: Change, now: datetime) -> int:
    """Put a new version in force; its number. What was booked before stays as it is.

    Two changes at once take the same revision, and the database lets only one of them through; the other is done again.
    """
    latest = select(func.coalesce(func.max(Term.version), 0)).where(Term.name == change.name)
    version = session.execute(latest).scalar_one() + 1
    session.add(
        Term(
            revision=ask_revision(session).answer() + 1,
            name=change.name,
            version=version,
            document=dict(change.document or {}),
            withdrawn=change.document is None,
            made_by=change.made_by,
            made_at=now,
            reason=change.reason,
        )
    )
    session.flush()
    return version
