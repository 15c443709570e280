"""Destroys what has been kept for long enough, piece by piece, and leaves a proof of each piece."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from hub.db.session import Database
from hub.intake import RandomBytes
from hub.privacy.erasure import Eraser
from hub.privacy.kinds import Kind, kinds
from hub.privacy.models import Destruction
from hub.privacy.rules import RetentionPolicy
from hub.programme.service import in_force
from protocol.ids import event_id

POLICY = "retention"
PIECE_MAX_ROWS = 500


@dataclass(frozen=True, slots=True)
class Retention:
    """Keeps to the programme's policy; with what it needs from outside the database."""

    database: Database
    eraser: Eraser
    random: RandomBytes
    piece_max_rows: int = PIECE_MAX_ROWS

    def run(self, now: datetime) -> dict[str, int]:
        """Destroy all that is due; how much that was, by kind. Cut off anywhere it goes on the next time."""
        with self.database.read() as session:
            policy = in_force(session).policy(POLICY, RetentionPolicy)
        return {kind.name: self._destroy_all(kind, now) for kind in kinds(policy, self.eraser, now)}

    def _destroy_all(self, kind: Kind, now: datetime) -> int:
        total = 0
        while count := self.database.run(lambda session: self._destroy_some(session, kind, now)):
            total += count
        return total

    def _destroy_some(self, session: Session, kind: Kind, now: datetime) -> int:
        found = kind.find(session, self.piece_max_rows)
        gone = sorted(kind.destroy(session, found)) if found else []
        if gone:
            session.add(
                Destruction(
                    id=event_id(int(now.timestamp() * 1000), self.random(10)),
                    kind=kind.name,
                    before=kind.before,
                    rows=len(gone),
                    digest=digest_of(gone),
                    at=now,
                )
            )
        return len(gone)


def digest_of(ids: Sequence[UUID]) -> bytes:
    """What proves which rows were destroyed to whoever still has a list of them: SHA-256 of their ids, in order."""
    return hashlib.sha256(b"".join(each.bytes for each in sorted(ids))).digest()
