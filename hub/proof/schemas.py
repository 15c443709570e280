"""Bodies of the proof's API."""

from datetime import datetime

from hub.schemas import Output


class JournalProofOut(Output):
    """What came of the last comparison of journals and ledger. `faults` counts all, `told` names the first.

    All is null or 0 where none has run yet.
    """

    at: datetime | None
    is_full: bool
    journals: int
    facts: int
    transfers: int
    faults: int
    told: list[str]
    upto: datetime | None
