"""All SQL of imports."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hub.db.bulk import insert_rows
from hub.db.reading import Rows
from hub.imports.drafts import CellFault
from hub.imports.models import Import, ImportFault, ImportPiece
from hub.stores.models import Store


def locked(session: Session, id_: UUID) -> Import | None:
    """An import that nobody else moves meanwhile."""
    return session.get(Import, id_, with_for_update=True, populate_existing=True)


def working(session: Session) -> list[UUID]:
    """Imports that there is something to do for, the oldest first."""
    query = select(Import.id).where(Import.state.in_(("checking", "running"))).order_by(Import.made_at, Import.id)
    return list(session.execute(query).scalars())


def piece(session: Session, id_: UUID, number: int) -> bytes:
    """The rows of one piece, sealed."""
    query = select(ImportPiece.sealed).where(ImportPiece.of == id_, ImportPiece.number == number)
    return session.execute(query).scalar_one()


def forget_pieces(session: Session, id_: UUID) -> None:
    """Forget what the file said."""
    session.execute(delete(ImportPiece).where(ImportPiece.of == id_))


def forget_faults(session: Session, id_: UUID) -> None:
    """Forget what was found wrong, because it is looked for again."""
    session.execute(delete(ImportFault).where(ImportFault.of == id_))


def keep_faults(session: Session, id_: UUID, first: int, faults: Sequence[CellFault]) -> None:
    """Keep what was found wrong, numbered from `first`."""
    rows = [
        (id_, number, fault.line, fault.column, fault.field, fault.code.value, dict(fault.data))
        for number, fault in enumerate(faults, first)
    ]
    insert_rows(session, ImportFault, ("of", "number", "line", "place", "field", "code", "data"), rows)


def faults_of(session: Session, id_: UUID) -> Rows:
    """What was found wrong, in the order of the file."""
    return session.execute(select(ImportFault).where(ImportFault.of == id_).order_by(ImportFault.number)).scalars()


def stores(session: Session) -> frozenset[str]:
    """Every store there is."""
    return frozenset(session.execute(select(Store.id)).scalars())
