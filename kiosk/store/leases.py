"""Leases as the kiosk keeps them: which numbers were ever journaled, and how far the hub's duties are done.

Everything that a grant leads to is journaled in one put with its events, so a power cut leaves all of it or nothing.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from kiosk.store.events import EventChain, Stamp
from kiosk.store.tables import JournalDB
from protocol.duties import GrantLease
from protocol.events import LeaseAccepted, LeaseClosed, LeaseSpent

_MARK = 1


class Leases:
    """The lease numbers of this journal, and the duties done."""

    def __init__(self, db: JournalDB, chain: EventChain) -> None:
        self._chain = chain
        self._marks = db.table("leases")
        if self._marks.get(doc_id=_MARK) is None:
            self._marks.insert({"highest": 0, "duties": 0})
        self._mark = self._read()

    @property
    def duties(self) -> int:
        """Number up to which the hub's duties are done, for good."""
        number: int = self._mark["duties"]
        return number

    def is_new(self, grant: GrantLease) -> bool:
        """Tell whether a grant is for this journal and was never seen; anything else is a replay and has no effect."""
        return grant.epoch == self._chain.epoch and grant.lease > self._mark["highest"]

    def spend(self, grant: GrantLease, duty: int, stamp: Stamp, random_bytes: Sequence[bytes]) -> int:
        """Journal that a grant came and was spent whole; returns the place of the spend. Takes three random values."""
        bodies = (
            LeaseAccepted(grant.lease, grant.member, grant.points),
            LeaseSpent(grant.lease, grant.spend, grant.member, grant.reward, grant.points),
            LeaseClosed(grant.lease, grant.points),
        )
        return self._journal(bodies, (grant, duty), stamp, random_bytes)[1]

    def give_back(self, grant: GrantLease, duty: int, stamp: Stamp, random_bytes: Sequence[bytes]) -> None:
        """Journal that a grant came too late and is given back untouched. Takes two random values."""
        bodies = (LeaseAccepted(grant.lease, grant.member, grant.points), LeaseClosed(grant.lease, 0))
        self._journal(bodies, (grant, duty), stamp, random_bytes)

    def done(self, duty: int) -> None:
        """Note that a duty is done that left nothing to journal."""
        self._marks.update({"duties": duty}, doc_ids=[_MARK])
        self._mark = self._read()

    def _journal(
        self, bodies: Sequence[Struct], about: tuple[GrantLease, int], stamp: Stamp, random_bytes: Sequence[bytes]
    ) -> list[int]:
        grant, duty = about

        def mark() -> None:
            self._marks.update({"highest": grant.lease, "duties": duty}, doc_ids=[_MARK])

        places = self._chain.append(bodies, stamp, random_bytes, also=mark)
        self._mark = self._read()
        return places

    def _read(self) -> dict[str, Any]:
        mark = self._marks.get(doc_id=_MARK)
        assert mark is not None, "made when the journal was opened"
        return dict(mark)
