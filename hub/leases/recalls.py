"""What is wanted elsewhere is called back: who lacks what lies at kiosks is told to ask again, or where it lies."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from hub.intake import ByApproval, ByKey, ByKiosk, Entry, Item, Outcome, lacking, waiting
from hub.leases import queries
from hub.leases.orders import recall
from protocol.errors import ErrorCode

ANSWER_MAX_S = 10
"""A kiosk that was asked so long ago and has not answered is not there, whatever its connection says."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A kiosk that holds some of what is wanted, under one lease."""

    of: UUID
    kiosk: str
    number: int
    epoch: UUID
    recalled_at: datetime | None
    rest: int
    is_connected: bool
    is_active: bool
    store: str
    store_names: Mapping[str, str]

    def answers(self, caller: str | None, now: datetime) -> bool:
        """Tell whether it will give back at once; who asks is there itself."""
        is_slow = self.recalled_at is not None and now - self.recalled_at > timedelta(seconds=ANSWER_MAX_S)
        return self.is_active and (self.is_connected or self.kiosk == caller) and not is_slow


def call_back(session: Session, decided: dict[int, tuple[Entry, Outcome]], now: datetime) -> list[Item]:
    """Look where that lies which refused items lack; what is to be booked afterwards, to call it back.

    Outcomes that may come right are changed into ones that are not written down, so that the same item may come again.
    What a journal says is never put off, because its place in the journal has passed.
    """
    refused = [(entry, outcome) for entry, outcome in decided.values() if outcome.lacking is not None]
    if not refused:
        return []
    recalls: dict[UUID, Item] = {}
    holders = _holders(session, {outcome.lacking for _entry, outcome in refused if outcome.lacking})
    for entry, outcome in refused:
        assert outcome.lacking is not None, "chosen by it"
        answer, called = answer_to(outcome, holders.get(outcome.lacking, ()), entry.caller.kiosk, now)
        items = [recall(one.epoch, one.kiosk, one.number, now) for one in called if one.recalled_at is None]
        recalls |= {item.id: item for item in items}
        if answer is not None and _may_come_again(entry):
            # In place, because the same item may have come twice in this batch, and was told the same then.
            outcome.verdict, outcome.code, outcome.result = answer.verdict, answer.code, answer.result
    return list(recalls.values())


def answer_to(
    outcome: Outcome, holders: Sequence[Holder], caller: str | None, now: datetime
) -> tuple[Outcome | None, list[Holder]]:
    """What to say instead of a refusal, if anything, and who is to give back.

    Where those that answer hold enough, the rest is left where it is. Where all of them together do not hold what is
    missing, nobody is asked.
    """
    short, there = outcome.result.get("short"), [holder for holder in holders if holder.answers(caller, now)]
    if outcome.code is ErrorCode.REWARD_GONE:
        called = [holder for holder in there if holder.rest][:1]
        return (waiting(ErrorCode.REWARD_RECALLED) if called else None), called
    away = [holder for holder in holders if holder not in there]
    if short is None:
        # All of it is in the way, even what is empty but not closed.
        return (waiting(ErrorCode.POINTS_RECALLED) if there and not away else None), list(holders)
    if _sum(holders) < short:
        return None, []
    if _sum(there) >= short:
        return waiting(ErrorCode.POINTS_RECALLED), list(_enough(there, short))
    return waiting(ErrorCode.POINTS_LENT, **_where(away)), list(holders)


def of_members(session: Session, members: Collection[UUID], now: datetime) -> tuple[list[Item], bool]:
    """What calls back all that lies at kiosks ahead of some members, and whether all of it comes at once."""
    lying = [one for some in _holders(session, members).values() for one in some]
    items = [recall(one.epoch, one.kiosk, one.number, now) for one in lying if one.recalled_at is None]
    return items, bool(lying) and all(one.answers(None, now) for one in lying)


def near(session: Session, members: Collection[UUID], now: datetime) -> dict[UUID, int]:
    """How many points of members lie at kiosks ahead and come back at once when they are called back."""
    found = _holders(session, members)
    return {member: _sum(one for one in some if one.answers(None, now)) for member, some in found.items()}


def looked_up(session: Session, member: UUID, short: int, now: datetime) -> Outcome:
    """What a member would be told who lacks so many points now; nothing is called back."""
    refused = lacking(member, ErrorCode.POINTS_SHORT, short=short)
    answer, _called = answer_to(refused, _holders(session, {member}).get(member, ()), None, now)
    return answer or refused


def _holders(session: Session, owners: Collection[UUID]) -> dict[UUID, list[Holder]]:
    found: dict[UUID, list[Holder]] = {}
    for rows in (queries.holders_of_points(session, owners), queries.holders_of_stock(session, owners)):
        for row in rows:
            holder = Holder(
                of=row.of,
                kiosk=row.kiosk,
                number=row.number,
                epoch=row.epoch,
                recalled_at=row.recalled_at,
                rest=row.rest,
                is_connected=bool(row.is_connected),
                is_active=row.kiosk_state == "active",
                store=row.store,
                store_names=row.names,
            )
            found.setdefault(holder.of, []).append(holder)
    return found


def _may_come_again(entry: Entry) -> bool:
    source = entry.item.source
    return isinstance(source, ByKey | ByApproval) or (isinstance(source, ByKiosk) and source.place is None)


def _sum(holders: Iterable[Holder]) -> int:
    return sum(holder.rest for holder in holders)


def _enough(holders: Sequence[Holder], short: int) -> Iterable[Holder]:
    """As few as hold what is missing: the largest first, and those that are asked already before all others."""
    lacking = short
    for holder in sorted(holders, key=lambda one: (one.recalled_at is None, -one.rest, one.kiosk, one.number)):
        if lacking > 0:
            lacking -= holder.rest
            yield holder


def _where(away: Sequence[Holder]) -> dict[str, int | str]:
    """Where most of it lies that cannot be called back now; the store's name stands there in each language."""
    most = max(away, key=lambda holder: (holder.rest, holder.kiosk, holder.number))
    names = {f"store_{language}": name for language, name in sorted(most.store_names.items())}
    return {"points": _sum(holder for holder in away if holder.store == most.store), "store": most.store, **names}
