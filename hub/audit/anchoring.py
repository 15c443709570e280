"""Writing the head of the audit log out of the database's reach, and looking whether the log still fits."""

from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from pathlib import Path

import structlog
from sqlalchemy.orm import Session

from hub.audit import heads
from hub.audit.queries import pieces
from hub.audit.rules import GENESIS, Fault, Head, in_force, tail_faults
from hub.audit.service import head_of, key_of
from hub.db.session import Database

log = structlog.get_logger()


def anchor(database: Database, path: Path, now: datetime) -> None:
    """Add the log's head to the file. What no longer fits the heads before it is logged as an error."""
    with database.read() as session:
        head, wrong = head_of(session), next(_misfits(session, path), None)
    if wrong is not None:
        log.error("the audit log was changed", number=wrong.number, how=wrong.what)
    heads.append(path, head, now)


def anchor_restored(database: Database, path: Path, now: datetime) -> None:
    """Say in the file that the log goes on from here, because an older database was put back."""
    with database.read() as session:
        head = head_of(session)
    heads.append(path, Head(head.number, head.hash, restored=True), now)


def _misfits(session: Session, path: Path) -> Iterator[Fault]:
    """What is wrong from the last anchored entry on."""
    anchored, key = in_force(heads.read(path)), key_of(session)
    number = max(anchored, default=0)
    head = Head(number, anchored.get(number, GENESIS.hex()))
    return tail_faults(head, chain.from_iterable(pieces(session, number - 1)), {key.name: key.key})
