"""Where the hub's audit log ended, as the hub has said it: kept here, where nobody at the hub can change it.

They are told back with every birth. The first word counts, so a log that was written anew later does not fit.
"""

import msgspec
from tinydb import where

from kiosk.store.tables import JournalDB
from protocol.limits import AUDIT_HEADS_MAX
from protocol.state import AuditHead

NAME = "audit"


class AuditHeads:
    """The last heads of the log, the oldest first, all of one epoch of the hub."""

    def __init__(self, db: JournalDB) -> None:
        self._table = db.table("audit_heads")
        kept = self._table.get(where("name") == NAME)
        self._known = [] if kept is None else msgspec.convert(kept["heads"], list[AuditHead])

    @property
    def known(self) -> list[AuditHead]:
        """What is remembered."""
        return list(self._known)

    def take(self, head: AuditHead) -> None:
        """Remember a head. A restored hub begins anew, because its log does."""
        same = [known for known in self._known if known.hub_epoch == head.hub_epoch]
        if any(known.number == head.number for known in same):
            return
        self._known = [*same, head][-AUDIT_HEADS_MAX:]
        # One record, so that a loss of power leaves the heads before or the heads after.
        self._table.upsert({"name": NAME, "heads": msgspec.to_builtins(self._known)}, where("name") == NAME)
