"""What a kiosk can do in the model, step by step. One put is one step; a crash may come between any two.

| step | code |
|---|---|
| `_take_duties` | `Sync._take_duty`: in order, each once; journaled in one put with what it leads to |
| a lease that was asked for | `kiosk.store.leases.Leases.spend`, or `give_back` where nobody waits any more |
| a lease ahead | `kiosk.store.lent.Lent.take`: refused at or below the highest number that is journaled |
| `_spend_and_close` | `Lent.spend`, in one put with the register; `Lent.take` of a recall, `Lent.close_due` |
| `_show_again` | the register, `kiosk.store.provisional`, shows the voucher again after a restart |
| `_pass_on` | `kiosk.store.passing.Passing.give`: the fence first, then the note; asked by `Neighbourhood.answer` |
| `_take_notes` | `Passing.take`: a note counts once, spent or given back; `Leases.number` remembers it |
| hearing of a new life | `Sync._hub_is`: the hub's status names another epoch, and the kiosk is born again for it |
| `_crash` | everything that was not journaled is forgotten |
"""

from collections.abc import Iterator

from tests.leases.states import (
    Accepted,
    Bounds,
    Broken,
    Closed,
    Duty,
    Event,
    Journal,
    Kiosk,
    Passed,
    Spent,
    State,
    Step,
    Taken,
    highest,
    right_of,
    rights,
    spends,
)


def kiosk_steps(state: State, bounds: Bounds, broken: Broken | None) -> Iterator[Step]:
    """Everything that any kiosk may do next."""
    for kiosk, at in enumerate(state.kiosks):
        if at.hand is not None:
            yield from _go_on(state, kiosk)
            yield from _crash(state, kiosk, bounds)
            continue
        yield from _show_again(state, kiosk)
        yield from _take_duties(state, kiosk, bounds, broken)
        yield from _spend_and_close(state, kiosk, bounds, broken)
        yield from _pass_on(state, kiosk, bounds, broken)
        yield from _take_notes(state, kiosk, broken)
        yield from _roll_back(state, kiosk, broken)
        if at.life != state.hub.life:
            yield f"k{kiosk} hears of the hub's new life", _with(state, kiosk, at._replace(life=state.hub.life))


def _take_duties(state: State, kiosk: int, bounds: Bounds, broken: Broken | None) -> Iterator[Step]:
    at = state.kiosks[kiosk]
    for duty in sorted(state.world.duties):
        # A duty names the hub's life, and a kiosk that goes by a new one takes none of before (`HubLine._duty`).
        is_old = duty.life != at.life and broken is not Broken.GRANTS_OUTLIVE_THE_HUB
        is_turn = duty.number == at.done + 1 or (broken is Broken.GRANTED_TWICE and duty.number <= at.done)
        if duty.kiosk == kiosk and is_turn and not is_old:
            for what, events in _done(at.journal, duty, broken):
                after = at._replace(done=max(at.done, duty.number))
                yield f"k{kiosk} {what} {duty.lease}", _put(state, kiosk, after, events, is_slow=bounds.crashes > 0)


def _done(journal: Journal, duty: Duty, broken: Broken | None) -> Iterator[tuple[str, Journal]]:
    """What may be journaled for a duty."""
    held = rights(journal).get(duty.lease)
    if duty.kind == "recall":
        is_open = held is not None and not held.is_closed
        yield "answers the recall of lease", (Closed(duty.lease, held.spent),) if held and is_open else ()
    elif duty.lease <= highest(journal) and broken is not Broken.GRANTED_TWICE:
        yield "knows lease", ()
    elif duty.kind == "lend":
        yield "accepts lease", (Accepted(duty.lease, duty.amount),)
    else:
        taken = Accepted(duty.lease, duty.amount)
        yield "spends asked lease", (taken, Spent(duty.lease), Closed(duty.lease, 1))
        yield "gives back asked lease", (taken, Closed(duty.lease, 0))


def _spend_and_close(state: State, kiosk: int, bounds: Bounds, broken: Broken | None) -> Iterator[Step]:
    at = state.kiosks[kiosk]
    for right, held in rights(at.journal).items():
        if held.rest > 0 and (not held.is_closed or broken is Broken.SPENT_AFTER_CLOSE):
            spent = (Spent(right),)
            if broken is Broken.SHOWN_FIRST:
                shown = at._replace(hand=spent, shown=at.shown + 1)
                yield f"k{kiosk} shows a voucher from {right}", _with(state, kiosk, shown)
            else:
                yield f"k{kiosk} spends from {right}", _put(state, kiosk, at, spent, is_slow=bounds.crashes > 0)
        if not held.is_closed:
            closed = at._replace(journal=(*at.journal, Closed(right, held.spent)))
            yield f"k{kiosk} closes {right}", _with(state, kiosk, closed)


def _pass_on(state: State, kiosk: int, bounds: Bounds, broken: Broken | None) -> Iterator[Step]:
    if len(state.world.notes) < bounds.notes:
        at = state.kiosks[kiosk]
        for right, held in rights(at.journal).items():
            if right < 0 or held.is_closed or held.rest <= 0:
                continue
            for taker in _neighbours(state, kiosk):
                for amount in range(1, held.rest + 1):
                    yield _passed(state, kiosk, Passed(right, amount, taker), broken)
    if broken is Broken.TAKEN_BACK:
        yield from _take_back(state, kiosk)


def _neighbours(state: State, kiosk: int) -> Iterator[int]:
    """Every other kiosk that has a history, and the first that has none."""
    for other, at in enumerate(state.kiosks):
        if other != kiosk:
            yield other
            if not at.journal and not state.hub.leases[other]:
                return


def _passed(state: State, kiosk: int, fence: Passed, broken: Broken | None) -> Step:
    at, world = state.kiosks[kiosk], state.world
    lease_amount = rights(at.journal)[fence.lease].amount
    right = right_of(kiosk, len(at.journal))
    note = Taken(right, fence.amount, kiosk, fence.lease, lease_amount, fence.taker)
    sent = state._replace(world=world._replace(notes=world.notes | {note}))
    text = f"k{kiosk} passes {fence.amount} of lease {fence.lease} to k{fence.taker}"
    if broken is Broken.NO_FENCE:
        return text, _with(sent, kiosk, at._replace(hand=(fence,)))
    return text, _with(sent, kiosk, at._replace(journal=(*at.journal, fence)))


def _take_back(state: State, kiosk: int) -> Iterator[Step]:
    at = state.kiosks[kiosk]
    for place, event in enumerate(at.journal):
        if isinstance(event, Passed) and not rights(at.journal)[event.lease].is_closed:
            journal = (*at.journal[:place], Accepted(event.lease, 0), *at.journal[place + 1 :])
            yield f"k{kiosk} takes its note back", _with(state, kiosk, at._replace(journal=journal))


def _take_notes(state: State, kiosk: int, broken: Broken | None) -> Iterator[Step]:
    at = state.kiosks[kiosk]
    for note in sorted(state.world.notes):
        is_ours = note.taker == kiosk or (broken is Broken.NOTE_FOR_ANYBODY and note.giver != kiosk)
        is_new = note.note not in rights(at.journal) or broken is Broken.NOTE_TAKEN_TWICE
        if is_ours and is_new and len(at.journal) < _JOURNAL_MAX:
            yield f"k{kiosk} takes note {note.note}", _with(state, kiosk, at._replace(journal=(*at.journal, note)))


def _put(state: State, kiosk: int, at: Kiosk, events: Journal, *, is_slow: bool) -> State:
    """Journal in one put; only then may a voucher be shown, which is a step of its own where crashes are explored."""
    redeemed = sum(isinstance(event, Spent) for event in events)
    after = at._replace(journal=at.journal + events)
    if redeemed and is_slow:
        return _with(state, kiosk, after._replace(hand=()))
    return _with(state, kiosk, after._replace(shown=at.shown + redeemed))


def _go_on(state: State, kiosk: int) -> Iterator[Step]:
    at = state.kiosks[kiosk]
    if at.hand:
        yield f"k{kiosk} journals it", _with(state, kiosk, at._replace(journal=at.journal + at.hand, hand=None))
    else:
        yield f"k{kiosk} shows the voucher", _with(state, kiosk, at._replace(shown=at.shown + 1, hand=None))


def _show_again(state: State, kiosk: int) -> Iterator[Step]:
    at = state.kiosks[kiosk]
    if at.shown < spends(at.journal):
        yield f"k{kiosk} shows the voucher again", _with(state, kiosk, at._replace(shown=at.shown + 1))


def _crash(state: State, kiosk: int, bounds: Bounds) -> Iterator[Step]:
    world = state.world
    if world.crashes < bounds.crashes:
        after = _with(state, kiosk, state.kiosks[kiosk]._replace(hand=None))
        yield f"k{kiosk} crashes", after._replace(world=world._replace(crashes=world.crashes + 1))


def _roll_back(state: State, kiosk: int, broken: Broken | None) -> Iterator[Step]:
    at, world = state.kiosks[kiosk], state.world
    if broken is not Broken.ROLLED_BACK or world.copied:
        return
    for length, following in enumerate(at.journal):
        image = at.journal[:length]
        held = sum(right.rest for right in rights(image).values() if not right.is_closed)
        if held and not _is_in_one_put(state, kiosk, following):
            after = _with(state, kiosk, at._replace(journal=image))
            yield f"k{kiosk} goes on from an older disk", after._replace(world=world._replace(copied=held))


def _is_in_one_put(state: State, kiosk: int, event: Event) -> bool:
    """All of a lease that was asked for is journaled at once, so no image has only its beginning."""
    leases = state.hub.leases[kiosk]
    right = event.right if isinstance(event, Spent | Closed) else 0
    known = leases[right - 1] if 0 < right <= len(leases) else None
    return known is not None and known.asked


def _with(state: State, kiosk: int, at: Kiosk) -> State:
    return state._replace(kiosks=(*state.kiosks[:kiosk], at, *state.kiosks[kiosk + 1 :]))


_JOURNAL_MAX = 12
"""Only what is broken journals without end."""
