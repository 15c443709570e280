"""Tables of what is remembered until a moment well past, so that it is known if it comes again.

Nothing of them is in memory. What is over is forgotten a little at a time, in the puts that write what is new.
"""

from datetime import datetime
from itertools import islice
from typing import Any

from tinydb.table import Document

from kiosk.store.events import Stamp
from kiosk.store.limits import KEPT_MAX, KEPT_PAST_DEADLINE
from kiosk.store.tables import JournalDB

FORGOTTEN_AT_ONCE = 16


class Kept:
    """One such table; its documents come about in the order in which they end."""

    def __init__(self, db: JournalDB, name: str) -> None:
        self._journal = db.journal
        self._name = name
        self._table = db.table(name)

    def is_full(self, stamp: Stamp) -> bool:
        """Tell whether nothing more is taken here: to forget something that is not over would be to risk it twice."""
        return self._journal.count(self._name) >= KEPT_MAX and not self._over(stamp)

    def get(self, number: int) -> Document | None:
        """What is remembered under a number."""
        found = self._table.get(doc_id=number)
        return found if isinstance(found, Document) else None

    def write(self, number: int, about: dict[str, Any], deadline: datetime, stamp: Stamp) -> None:
        """Remember something with the put that is open, until well past its deadline."""
        self._table.insert(Document({**about, "until": (deadline + KEPT_PAST_DEADLINE).isoformat()}, number))
        self._table.remove(doc_ids=self._over(stamp))

    def _over(self, stamp: Stamp) -> list[int]:
        """Some of what may be forgotten now."""
        if stamp.clock == "none":
            return []
        over = []
        for number in islice(self._journal.ids(self._name), FORGOTTEN_AT_ONCE):
            found = self.get(number)
            if found is not None and datetime.fromisoformat(found["until"]) <= stamp.now:
                over.append(number)
        return over
