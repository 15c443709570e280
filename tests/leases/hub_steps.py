"""What the hub can do in the model, step by step; a booking is whole or absent, so each is one step.

A hub that dies between commit and publication is a message that is lost, which every message may be anyway.

| step | code |
|---|---|
| `_lend` | `hub.leases.granting.grant` and `hub.leases.lending.Lender.lend_points`; the duty by `Fleet.give` |
| `_recall` | `hub.leases.recalls.call_back` orders it, `hub.leases.lending.recall` gives the duty |
| `_pay` | points spent at a till, never from what is lent; see there for a hub that is restored |
| `_write_off` | `hub.leases.reports.write_off` |
| `_hear` | ingest books the event behind `StreamState.upto`, and no other |
| `book` | `hub.leases.reports`: `accept`, `spend`, `close`; `take_up` for `_known` |
| `_book_note` | `hub.leases.passing`: `give` on the giver's word, `take` on the taker's; `_pass_on` moves the value |
| `_back_up`, `_restore` | `python -m hub backup`, `restore`, `restored`; duties name the hub's epoch (`Publisher`) |
| `_stop_waiting` | `hub.fleet.births._meet` raises the numbers, `hub.restores.service.settle` lets go of the kiosk |
"""

from collections.abc import Iterator
from typing import Any

from tests.leases.states import (
    CLOSED,
    COVERED,
    OPEN,
    WRITTEN_OFF,
    Accepted,
    Bounds,
    Broken,
    Closed,
    Duty,
    Event,
    Hub,
    Lease,
    Note,
    Passed,
    Spent,
    State,
    Step,
    Taken,
    highest,
    right_of,
)


def hub_steps(state: State, bounds: Bounds, broken: Broken | None) -> Iterator[Step]:
    """Everything that the hub may do next."""
    if not state.hub.awaited or broken is Broken.NO_WAITING:
        yield from _lend(state, bounds)
        yield from _pay(state, bounds)
    yield from _recall(state, bounds, broken)
    yield from _write_off(state, bounds, broken)
    yield from _hear(state, broken)
    if bounds.restores:
        yield from _back_up(state, bounds)
        yield from _restore(state, bounds)
        yield from _stop_waiting(state, broken)


def _lend(state: State, bounds: Bounds) -> Iterator[Step]:
    hub = state.hub
    if sum(map(len, hub.leases)) >= bounds.leases:
        return
    for kiosk in _distinct(state):
        for amount in range(1, min(bounds.lent_max, hub.available) + 1):
            yield f"hub lends {amount} ahead to k{kiosk}", _lent(state, kiosk, amount, asked=False)
        if hub.available:
            yield f"hub lends 1 to k{kiosk}, which asked", _lent(state, kiosk, 1, asked=True)


def _distinct(state: State) -> Iterator[int]:
    """Every kiosk that has a history, and the first that has none: all others without one are like it."""
    for kiosk, at in enumerate(state.kiosks):
        yield kiosk
        if not at.journal and not state.hub.leases[kiosk]:
            return


def _lent(state: State, kiosk: int, amount: int, *, asked: bool) -> State:
    hub = state.hub
    leases = (*hub.leases[kiosk], Lease(amount, asked))
    given = _give(state, kiosk, "ask" if asked else "lend", lease=len(leases), amount=amount)
    return given._replace(
        hub=given.hub._replace(available=hub.available - amount, leases=_put(hub.leases, kiosk, leases))
    )


def _give(state: State, kiosk: int, kind: str, *, lease: int, amount: int = 0) -> State:
    hub, world = state.hub, state.world
    duty = Duty(kiosk, hub.duties[kiosk] + 1, hub.life, lease, amount, kind)
    return state._replace(
        hub=hub._replace(duties=_put(hub.duties, kiosk, duty.number)),
        world=world._replace(duties=world.duties | {duty}),
    )


def _pay(state: State, bounds: Bounds) -> Iterator[Step]:
    hub, world = state.hub, state.world
    # Only kiosks tell a restored hub again; what tills did after the backup is the archive's to bring back.
    if world.restores < bounds.restores:
        return
    if world.paid < bounds.tills and hub.available:
        paid = hub._replace(available=hub.available - 1, paid=hub.paid + 1)
        yield "a till takes 1", state._replace(hub=paid, world=world._replace(paid=world.paid + 1))


def _recall(state: State, bounds: Bounds, broken: Broken | None) -> Iterator[Step]:
    every = [lease for leases in state.hub.leases for lease in leases if lease is not None]
    if sum(lease.is_recalled for lease in every) >= bounds.recalls:
        return
    for kiosk, number, lease in _open(state.hub):
        if lease.is_recalled or lease.asked:
            continue
        recalled = _give(state, kiosk, "recall", lease=number)
        hub = _with_lease(recalled.hub, kiosk, number, lease._replace(is_recalled=True))
        if broken is Broken.FREED_BY_RECALL:
            hub = _ended(hub, kiosk, number, CLOSED)
        yield f"hub recalls lease {number} of k{kiosk}", recalled._replace(hub=hub)


def _write_off(state: State, bounds: Bounds, broken: Broken | None) -> Iterator[Step]:
    hub, world = state.hub, state.world
    ended = sum(lease is not None and lease.state == WRITTEN_OFF for leases in hub.leases for lease in leases)
    for kiosk, number, lease in _open(hub):
        if ended < bounds.write_offs:
            after = _ended(hub, kiosk, number, WRITTEN_OFF)
            yield f"a person counts lease {number} of k{kiosk} as spent", state._replace(hub=after)
        if broken is Broken.GIVEN_BACK:
            after = _ended(hub, kiosk, number, CLOSED)
            noted = world._replace(given_back=world.given_back + lease.rest)
            yield f"a person gives back lease {number} of k{kiosk}", State(after, state.kiosks, noted)
        if broken is Broken.FREED_BY_TIME:
            after = _ended(hub, kiosk, number, CLOSED)
            yield f"hub takes lease {number} of k{kiosk} back by the clock", state._replace(hub=after)


def _hear(state: State, broken: Broken | None) -> Iterator[Step]:
    hub = state.hub
    for kiosk, at in enumerate(state.kiosks):
        for place, event in enumerate(at.journal):
            # Every event that was ever sent may come now. All but one are known, or lie behind a gap.
            again = broken is Broken.BOOKED_TWICE and place < hub.upto[kiosk]
            if place != hub.upto[kiosk] and not again:
                continue
            booked = book(hub, kiosk, place, event)
            after = booked if again else booked._replace(upto=_put(hub.upto, kiosk, place + 1))
            yield f"hub hears of k{kiosk}: {_text(event)}", state._replace(hub=after)


def book(hub: Hub, kiosk: int, place: int, event: Event) -> Hub:
    """Book one event: the database afterwards, which is the same one where the event is rejected."""
    match event:
        case Accepted(lease, amount):
            return _known(hub, kiosk, lease, amount)
        case Spent(right):
            return _book_spent(hub, kiosk, right)
        case Closed(right, spent):
            return _book_closed(hub, kiosk, right, spent)
        case Passed(lease, amount):
            return _book_note(hub, Note(right_of(kiosk, place), kiosk, lease, amount))
        case Taken(note, amount, giver, lease, lease_amount, _):
            return _book_note(_known(hub, giver, lease, lease_amount), Note(note, giver, lease, amount))


def _known(hub: Hub, kiosk: int, number: int, amount: int) -> Hub:
    """A sealed lease is taken up again where a restored hub does not know it: from what is there, or owed."""
    if _lease(hub, kiosk, number) is not None:
        return hub
    leases = hub.leases[kiosk]
    leases += (None,) * (number - len(leases))
    found = min(amount, hub.available)
    hub = hub._replace(
        available=hub.available - found,
        debt=hub.debt + amount - found,
        leases=_put(hub.leases, kiosk, leases),
    )
    return _with_lease(hub, kiosk, number, Lease(amount, asked=False))


def _book_spent(hub: Hub, kiosk: int, right: int) -> Hub:
    found = _find(hub, kiosk, right)
    if found is None or found.state != OPEN or not found.rest:
        return hub
    return _with(hub, kiosk, right, found._replace(booked=found.booked + 1))


def _book_closed(hub: Hub, kiosk: int, right: int, spent: int) -> Hub:
    found = _find(hub, kiosk, right)
    if found is None or found.state != OPEN or found.booked != spent:
        return hub
    return _given_back(_with(hub, kiosk, right, found._replace(state=CLOSED)), found.rest)


def _book_note(hub: Hub, note: Note) -> Hub:
    """Giver and taker both tell of a note; whoever is heard first moves the value, the other changes nothing."""
    lease = _lease(hub, note.giver, note.lease)
    if lease is None or any(known.right == note.right for known in hub.notes):
        return hub
    if lease.state != OPEN:
        return hub._replace(notes=(*hub.notes, note._replace(state=COVERED)))
    hub = _with_lease(hub, note.giver, note.lease, lease._replace(passed=lease.passed + note.amount))
    return hub._replace(notes=tuple(sorted((*hub.notes, note))))


def _back_up(state: State, bounds: Bounds) -> Iterator[Step]:
    if state.world.backup is None and state.world.restores < bounds.restores:
        yield "the hub is backed up", state._replace(world=state.world._replace(backup=state.hub))


def _restore(state: State, bounds: Bounds) -> Iterator[Step]:
    hub, world = state.hub, state.world
    if world.backup is None or world.restores >= bounds.restores or world.backup == hub:
        return
    life = hub.life + 1
    back = world.backup._replace(life=life, awaited=(1 << bounds.kiosks) - 1)
    # What the backup still has to give is given again, in the hub's new life.
    again = {duty._replace(life=life) for duty in world.duties if duty.number <= back.duties[duty.kiosk]}
    after = world._replace(backup=None, restores=world.restores + 1, duties=world.duties | again)
    yield "the hub is restored", State(back, state.kiosks, after)


def _stop_waiting(state: State, broken: Broken | None) -> Iterator[Step]:
    hub = state.hub
    for kiosk, at in enumerate(state.kiosks):
        is_told = at.life == hub.life and hub.upto[kiosk] == len(at.journal)
        if not hub.awaited & 1 << kiosk or not is_told:
            continue
        after = hub._replace(awaited=hub.awaited & ~(1 << kiosk))
        if broken is not Broken.NUMBERS_AGAIN:
            leases = hub.leases[kiosk]
            leases += (None,) * (highest(at.journal) - len(leases))
            after = after._replace(
                duties=_put(hub.duties, kiosk, max(hub.duties[kiosk], at.done)),
                leases=_put(hub.leases, kiosk, leases),
            )
        yield f"k{kiosk} has told the restored hub everything", state._replace(hub=after)


def _open(hub: Hub) -> Iterator[tuple[int, int, Lease]]:
    for kiosk, leases in enumerate(hub.leases):
        for number, lease in enumerate(leases, 1):
            if lease is not None and lease.state == OPEN:
                yield kiosk, number, lease


def _ended(hub: Hub, kiosk: int, number: int, state: int) -> Hub:
    lease = _lease(hub, kiosk, number)
    assert lease is not None, "only what is open is ended"
    hub = _with_lease(hub, kiosk, number, lease._replace(state=state))
    return hub._replace(written=hub.written + lease.rest) if state == WRITTEN_OFF else _given_back(hub, lease.rest)


def _given_back(hub: Hub, rest: int) -> Hub:
    owed = min(hub.debt, rest)
    return hub._replace(available=hub.available + rest - owed, debt=hub.debt - owed)


def _lease(hub: Hub, kiosk: int, number: int) -> Lease | None:
    leases = hub.leases[kiosk]
    return leases[number - 1] if number <= len(leases) else None


def _find(hub: Hub, kiosk: int, right: int) -> Any:
    if right > 0:
        return _lease(hub, kiosk, right)
    return next((note for note in hub.notes if note.right == right), None)


def _with(hub: Hub, kiosk: int, right: int, found: Any) -> Hub:
    if right > 0:
        return _with_lease(hub, kiosk, right, found)
    return hub._replace(notes=tuple(found if note.right == right else note for note in hub.notes))


def _with_lease(hub: Hub, kiosk: int, number: int, lease: Lease) -> Hub:
    return hub._replace(leases=_put(hub.leases, kiosk, _put(hub.leases[kiosk], number - 1, lease)))


def _put(values: Any, at: int, value: Any) -> Any:
    return (*values[:at], value, *values[at + 1 :])


def _text(event: Event) -> str:
    *values, kind = event
    return f"{kind} {' '.join(map(str, values))}"
