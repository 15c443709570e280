from datetime import timedelta
from uuid import UUID

import pytest

from kiosk.store.errors import StoreError
from kiosk.store.events import CHECKPOINT_EVENTS, EventChain, EventTooLargeError, Point, Refused, Stamp
from protocol import codec
from protocol.chain import GENESIS, link_all
from protocol.envelope import Event
from protocol.events import CardSeen, EventUnreadable, LeaseClosed
from protocol.limits import EVENT_MAX_BYTES
from tests.kiosk.builders import EPOCH, NOW, draw, make_card, make_db
from tests.simulation.disk import Fault, SimDisk

STAMP = Stamp(NOW, "ntp", "kiosk")


def append(chain: EventChain, count: int, stamp: Stamp = STAMP) -> list[int]:
    return [chain.append([LeaseClosed(number + 1, 0)], stamp, draw(1, number))[0] for number in range(count)]


def test_events_are_numbered_from_one_and_chained() -> None:
    chain = EventChain(make_db(), EPOCH)

    places = append(chain, 3)

    assert places == [1, 2, 3]
    assert chain.head == Point(3, link_all(GENESIS, chain.read(1, 3)))


def test_an_event_says_what_when_and_how_sure() -> None:
    chain = EventChain(make_db(), EPOCH)

    chain.append([CardSeen(make_card())], Stamp(NOW, "none", "member:x"), draw(1))

    event = codec.decode(next(chain.read(1, 1)), Event)
    assert (event.seq, event.kind, event.occurred_at, event.clock, event.by) == (
        1,
        "card.seen",
        NOW,
        "none",
        "member:x",
    )


def test_a_reopened_chain_goes_on_where_it_was() -> None:
    disk = SimDisk()
    db = make_db(disk)
    chain = EventChain(db, EPOCH)
    append(chain, CHECKPOINT_EVENTS + 5)
    head = chain.head
    db.close()

    again = EventChain(make_db(disk), UUID(int=99))

    assert again.head == head
    assert again.epoch == EPOCH


def test_several_events_are_one_put() -> None:
    disk = SimDisk()
    chain = EventChain(make_db(disk), EPOCH)
    writes: list[int] = []
    disk.after_step = lambda: writes.append(1)

    chain.append([LeaseClosed(number, 0) for number in (1, 2, 3)], STAMP, draw(3))

    assert len(writes) == 2
    assert chain.head.seq == 3


def test_a_failed_put_promises_nothing_and_changes_nothing() -> None:
    disk = SimDisk()
    chain = EventChain(make_db(disk), EPOCH)
    append(chain, 1)
    head = chain.head
    disk.faults = {disk.steps: Fault()}

    with pytest.raises(StoreError):
        append(chain, 1)

    assert chain.head == head


def test_an_event_that_could_never_be_sent_is_refused_before_it_is_journaled() -> None:
    chain = EventChain(make_db(), EPOCH)

    with pytest.raises(EventTooLargeError):
        chain.append([EventUnreadable("x" * EVENT_MAX_BYTES)], STAMP, draw(1))

    assert chain.head.seq == 0


def test_any_place_can_be_proved_from_what_is_kept() -> None:
    chain = EventChain(make_db(), EPOCH)
    append(chain, 4)

    assert chain.point_at(2) == Point(2, link_all(GENESIS, chain.read(1, 2)))
    assert chain.point_at(5) is None
    assert chain.point_at(4, chain.point_at(3)) == chain.head


def test_a_way_that_begins_at_a_pruned_place_is_walked_from_the_oldest_event() -> None:
    chain = EventChain(make_db(), EPOCH)
    append(chain, 2, Stamp(NOW - timedelta(days=100), "ntp", "kiosk"))
    append(chain, 3)
    pruned, third = chain.point_at(1), chain.point_at(3)
    assert third is not None
    chain.confirm(third)
    chain.prune(NOW, 70)

    assert chain.point_at(5, pruned) == chain.head
    assert chain.point_at(1, pruned) is None


def test_what_ended_a_chain_is_known_after_a_restart() -> None:
    disk = SimDisk()
    db = make_db(disk)
    chain = EventChain(db, EPOCH)
    before = (chain.is_forked, chain.is_revoked)

    chain.fork()
    chain.revoke()
    db.close()

    again = EventChain(make_db(disk), EPOCH)
    assert before == (False, False)
    assert (again.is_forked, again.is_revoked) == (chain.is_forked, chain.is_revoked) == (True, True)


def test_confirmations_and_verdicts_are_kept() -> None:
    disk = SimDisk()
    db = make_db(disk)
    chain = EventChain(db, EPOCH)
    append(chain, 3)
    point = chain.point_at(2)
    assert point is not None

    chain.confirm(point, [Refused(1, "member.unknown", is_final=True)])
    db.close()

    again = EventChain(make_db(disk), EPOCH)
    assert (again.confirmed, again.unconfirmed) == (point, 1)
    assert again.verdict_on(1) == Refused(1, "member.unknown", is_final=True)
    assert again.verdict_on(2) is None


def test_only_confirmed_events_of_a_certain_age_are_taken_away() -> None:
    chain = EventChain(make_db(), EPOCH)
    append(chain, 2, Stamp(NOW - timedelta(days=100), "ntp", "kiosk"))
    append(chain, 2)
    second, third = chain.point_at(2), chain.point_at(3)
    assert second is not None
    assert third is not None
    chain.confirm(third)

    pruned = chain.prune(NOW, 70)

    assert pruned == 2
    assert chain.oldest == Point(2, second.hash)
    assert chain.point_at(1) is None
    assert chain.head.seq == 4


def test_unconfirmed_events_are_never_taken_away() -> None:
    chain = EventChain(make_db(), EPOCH)
    append(chain, 3, Stamp(NOW - timedelta(days=1000), "ntp", "kiosk"))

    assert chain.prune(NOW, 70) == 0
    assert len(list(chain.read(1, 3))) == 3


def test_places_are_not_given_again_after_pruning() -> None:
    disk = SimDisk()
    db = make_db(disk)
    chain = EventChain(db, EPOCH)
    append(chain, 3, Stamp(NOW - timedelta(days=100), "ntp", "kiosk"))
    chain.confirm(chain.head)
    chain.prune(NOW, 70)
    head = chain.head
    db.close()

    again = EventChain(make_db(disk), EPOCH)

    assert again.head == head
    assert append(again, 1) == [4]


def test_the_age_of_the_oldest_unconfirmed_event_is_told() -> None:
    chain = EventChain(make_db(), EPOCH)
    append(chain, 1, Stamp(NOW - timedelta(seconds=90), "ntp", "kiosk"))

    waiting = chain.oldest_unconfirmed_age_s(NOW)
    chain.confirm(chain.head)

    assert (waiting, chain.oldest_unconfirmed_age_s(NOW)) == (90, 0)
