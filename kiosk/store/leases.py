"""Leases as the kiosk keeps them: which numbers were ever journaled, and how far the hub's duties are done.

Everything that a grant leads to is journaled in one put with its events, so a power cut leaves all of it or nothing.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from kiosk.store.events import EventChain, Stamp
from kiosk.store.kept import Kept
from kiosk.store.provisional import REDEEMED, Act, Register
from kiosk.store.tables import JournalDB
from protocol.duties import GrantLease
from protocol.events import LeaseAccepted, LeaseClosed, LeaseSpent
from protocol.limits import PASSED_LEASES_FROM

TAKEN_TABLE = "taken"
_MARK = 1


class Leases:
    """The lease numbers of this journal, the duties done, and the leases that were asked for."""

    def __init__(self, db: JournalDB, chain: EventChain, register: Register) -> None:
        self._chain = chain
        self._register = register
        self._marks = db.table("leases")
        self._taken = Kept(db, TAKEN_TABLE)
        if self._marks.get(doc_id=_MARK) is None:
            self._marks.insert({"highest": 0, "duties": 0})
        self._mark = self._read()

    @property
    def duties(self) -> int:
        """Number up to which the hub's duties are done, for good."""
        number: int = self._mark["duties"]
        return number

    @property
    def highest(self) -> int:
        """Highest number of a lease that the hub gave and that was ever journaled."""
        number: int = self._mark["highest"]
        return number

    def may_take_notes(self, stamp: Stamp) -> bool:
        """Tell whether there is room to remember what neighbours pass on."""
        return not self._taken.is_full(stamp)

    def is_new(self, epoch: UUID, lease: int) -> bool:
        """Tell whether a lease is for this journal and was never seen; anything else is a replay and has no effect."""
        if epoch != self._chain.epoch:
            return False
        return self._taken.get(lease) is None if lease >= PASSED_LEASES_FROM else lease > self.highest

    def number(self, lease: int, deadline: datetime, stamp: Stamp) -> None:
        """Let a number never be new again, with the put that is open: one of the hub's, or of what was passed on."""
        if lease >= PASSED_LEASES_FROM:
            self._taken.write(lease, {}, deadline, stamp)
        else:
            self._marks.update({"highest": lease}, doc_ids=[_MARK])

    def spend(self, grant: GrantLease, duty: int, stamp: Stamp, random_bytes: Sequence[bytes]) -> int:
        """Journal that a grant came and was spent whole; returns the place of the spend. Takes three random values."""
        bodies = (
            _accepted(grant),
            LeaseSpent(grant.lease, grant.spend, grant.member, grant.reward, grant.points),
            LeaseClosed(grant.lease, grant.points),
        )
        data = {"spend": str(grant.spend), "reward": str(grant.reward), "points": grant.points}
        # The hub took these points out of the snapshot when it set them aside.
        act = Act(kind=REDEEMED, member=grant.member, points=0, at=stamp.now, data=data)
        seq = self._chain.head.seq + 2
        self.journal(
            bodies,
            stamp,
            random_bytes,
            mark={"highest": grant.lease, "duties": duty},
            also=lambda: self._register.write(seq, act),
        )
        self._register.written(seq, act)
        return seq

    def give_back(self, grant: GrantLease, duty: int, stamp: Stamp, random_bytes: Sequence[bytes]) -> None:
        """Journal that a grant came too late and is given back untouched. Takes two random values."""
        bodies = (_accepted(grant), LeaseClosed(grant.lease, 0))
        self.journal(bodies, stamp, random_bytes, mark={"highest": grant.lease, "duties": duty})

    def done(self, duty: int) -> None:
        """Note that a duty is done that left nothing to journal."""
        self._marks.update({"duties": duty}, doc_ids=[_MARK])
        self._mark = self._read()

    def journal(
        self,
        bodies: Sequence[Struct],
        stamp: Stamp,
        random_bytes: Sequence[bytes],
        *,
        mark: dict[str, int],
        also: Callable[[], None] | None = None,
        making_room: bool = False,
    ) -> None:
        """Journal events together with what they raise of the marks (`highest`, `duties`), and what `also` changes.

        Every lease that comes into the journal goes through `mark` or `number`.
        """

        def change() -> None:
            if mark:
                self._marks.update(mark, doc_ids=[_MARK])
            if also is not None:
                also()

        self._chain.append(bodies, stamp, random_bytes, also=change, making_room=making_room)
        self._mark = self._read()

    def _read(self) -> dict[str, Any]:
        mark = self._marks.get(doc_id=_MARK)
        assert mark is not None, "made when the journal was opened"
        return dict(mark)


def _accepted(grant: GrantLease) -> LeaseAccepted:
    return LeaseAccepted(grant.lease, grant.member, grant.points, grant.seal)
