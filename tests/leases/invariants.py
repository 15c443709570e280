"""What must be true in every state, told from the journals, which say what happened, and the hub's books."""

from collections.abc import Iterator
from typing import NamedTuple

from tests.leases.states import (
    CLOSED,
    COVERED,
    OPEN,
    WRITTEN_OFF,
    Bounds,
    Lease,
    Note,
    Right,
    State,
    fences,
    highest,
    right_of,
    rights,
    spends,
)


class Told(NamedTuple):
    """A right at the hub beside what the journals say of it."""

    kiosk: int
    name: int
    row: Lease | Note
    truth: Right


def wrong(state: State, bounds: Bounds) -> str | None:
    """What is wrong with a state; None where nothing is. While a restored hub waits, it may not know everything."""
    found = overdrawn(state, bounds) or misbooked(state, bounds)
    if found is None and not state.hub.awaited:
        return _not_conserved(state, bounds) or stranded(state, bounds)
    return found


def overdrawn(state: State, bounds: Bounds) -> str | None:
    """More was redeemed than there ever was."""
    redeemed = _redeemed(state)
    return f"{redeemed} redeemed of {bounds.credits}" if redeemed > bounds.credits else None


def beyond_the_copy(state: State, bounds: Bounds) -> str | None:
    """A copied disk gains more than what was open on it when it was copied."""
    gained = _redeemed(state) - bounds.credits
    return f"{gained} gained by a copy of {state.world.copied}" if gained > state.world.copied else None


def beyond_the_gift(state: State, bounds: Bounds) -> str | None:
    """More is lost than a person gave back."""
    lost = _redeemed(state) - bounds.credits
    return f"{lost} lost, {state.world.given_back} given back" if lost > state.world.given_back else None


def misbooked(state: State, bounds: Bounds) -> str | None:
    """The hub's own books: they add up, nothing is below zero, and nothing is booked that did not happen."""
    hub = state.hub
    rows: list[Lease | Note] = [row for leases in hub.leases for row in leases if row is not None]
    rows += hub.notes
    reserved = sum(row.rest for row in rows if row.state == OPEN)
    if hub.available + hub.paid + hub.written + reserved + sum(row.booked for row in rows) != bounds.credits + hub.debt:
        return "the hub's books do not add up"
    if min(hub.available, hub.debt, *(row.rest for row in rows)) < 0:
        return "something is below zero"
    if any(kiosk.shown > spends(kiosk.journal) for kiosk in state.kiosks):
        return "a voucher was shown that no journal knows"
    return next((f"right {told.name} is booked twice" for told in _told(state) if _is_twice(told)), None)


def stranded(state: State, _bounds: Bounds) -> str | None:
    """Something is lent that can never be taken up, because its grant is refused for ever."""
    for kiosk, number, row, _truth in _told(state):
        journal, done = state.kiosks[kiosk].journal, state.kiosks[kiosk].done
        if number < 0 or row.state != OPEN or number in rights(journal):
            continue
        is_coming = any(
            (duty.kiosk, duty.lease, duty.life) == (kiosk, number, state.hub.life) and duty.number > done
            for duty in state.world.duties
        )
        if number <= highest(journal) or not is_coming:
            return f"lease {number} will never reach k{kiosk}"
    return None


def _is_twice(told: Told) -> bool:
    return told.row.booked > told.truth.spent


def _not_conserved(state: State, bounds: Bounds) -> str | None:
    """Physically redeemed + available + the rest of all rights = credits, and no right is below zero."""
    if state.hub.debt:
        return f"a debt of {state.hub.debt} is left"
    rests = [_rest(state, told) for told in _told(state)]
    rests += [amount - _spent(state, name) for name, amount in _unheard(state)]
    if min(rests, default=0) < 0:
        return "more was spent than was kept aside for it"
    redeemed = state.world.paid + sum(spends(kiosk.journal) for kiosk in state.kiosks)
    total = redeemed + state.hub.available + sum(rests)
    return None if total == bounds.credits else f"{total} points are there, of {bounds.credits}"


def _rest(state: State, told: Told) -> int:
    """What is really left of a right that the hub knows; of one that was written off, what was written off too much."""
    row, truth = told.row, told.truth
    if row.state == OPEN:
        return row.amount - truth.spent - truth.passed
    if row.state == CLOSED:
        return row.booked - truth.spent
    if row.state == COVERED:
        return 0
    assert row.state == WRITTEN_OFF
    assert isinstance(row, Lease)
    return row.amount - row.passed - truth.spent - _covered(state, told)


def _covered(state: State, told: Told) -> int:
    """What was spent of notes that the hub had not heard of when it wrote their lease off."""
    heard = {note.right for note in state.hub.notes if note.state != COVERED}
    return sum(
        _spent(state, right_of(told.kiosk, place))
        for place, fence in fences(state.kiosks[told.kiosk].journal)
        if fence.lease == told.name and right_of(told.kiosk, place) not in heard
    )


def _unheard(state: State) -> Iterator[tuple[int, int]]:
    """Notes that the hub has not heard of, of leases that are open."""
    heard = {note.right for note in state.hub.notes}
    for kiosk, at in enumerate(state.kiosks):
        leases = state.hub.leases[kiosk]
        for place, fence in fences(at.journal):
            lease = leases[fence.lease - 1]
            name = right_of(kiosk, place)
            if name not in heard and lease is not None and lease.state == OPEN:
                yield name, fence.amount


def _told(state: State) -> Iterator[Told]:
    for kiosk, leases in enumerate(state.hub.leases):
        known = rights(state.kiosks[kiosk].journal)
        for number, row in enumerate(leases, 1):
            if row is not None:
                yield Told(kiosk, number, row, known.get(number, _NOTHING))
    for note in state.hub.notes:
        yield Told(note.giver, note.right, note, Right(spent=_spent(state, note.right)))


def _spent(state: State, note: int) -> int:
    return sum(rights(kiosk.journal).get(note, _NOTHING).spent for kiosk in state.kiosks)


def _redeemed(state: State) -> int:
    return state.world.paid + sum(kiosk.shown for kiosk in state.kiosks)


_NOTHING = Right()
