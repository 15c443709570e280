from dataclasses import replace
from datetime import timedelta

import pytest
from msgspec import Struct
from sqlalchemy import select, update

from hub.booking.models import Fact
from hub.fleet.models import Kiosk, Stream
from hub.intake import ByKiosk, Item, Verdict
from hub.returns.intake import LineReturned, PurchaseReturned
from hub.wallet.intake import TopUpRecorded
from protocol.errors import ErrorCode
from protocol.events import CardSeen, JournalRepaired
from tests.hub.booking.poison import POISON, poisoned
from tests.hub.world import World

RETURNED = "purchase.returned"


def upto(world: World, kiosk: str) -> int:
    with world.hub.database.read() as session:
        return session.execute(select(Stream.upto).where(Stream.kiosk == kiosk)).scalar_one()


def test_events_are_booked_in_order_and_once(world: World) -> None:
    kiosk, member = world.add_kiosk(), world.add_member()
    items = [world.told(kiosk, world.purchase(member, 100)) for _ in range(5)]

    world.book(*items[:3])
    outcomes = world.book(*items)

    assert [outcome.verdict for outcome in outcomes] == [*[Verdict.IGNORED] * 3, *[Verdict.APPLIED] * 2]
    assert world.balance(member) == 5
    assert upto(world, kiosk.id) == 5


def test_what_comes_after_a_gap_is_dropped(world: World) -> None:
    kiosk, member = world.add_kiosk(), world.add_member()
    items = [world.told(kiosk, world.purchase(member, 100)) for _ in range(4)]

    outcomes = world.book(items[0], items[2], items[3])

    assert [outcome.verdict for outcome in outcomes] == [Verdict.APPLIED, Verdict.IGNORED, Verdict.IGNORED]
    assert upto(world, kiosk.id) == 1


def test_an_event_from_another_history_is_refused(world: World) -> None:
    kiosk, member = world.add_kiosk(), world.add_member()
    world.book(world.told(kiosk, world.purchase(member, 100)))
    item = world.told(kiosk, world.purchase(member, 100))
    assert isinstance(item.source, ByKiosk)
    assert item.source.place is not None
    other = replace(item, source=ByKiosk(kiosk.id, replace(item.source.place, previous=b"\1" * 32)))

    assert world.book(other)[0].code is ErrorCode.CHAIN_BROKEN


def test_another_event_at_a_booked_place_is_a_fork(world: World) -> None:
    kiosk, member = world.add_kiosk(), world.add_member()
    first = world.told(kiosk, world.purchase(member, 100))
    world.book(first)
    assert isinstance(first.source, ByKiosk)
    assert first.source.place is not None
    cloned = replace(first, id=world.new_id(), source=ByKiosk(kiosk.id, replace(first.source.place, head=b"\2" * 32)))

    outcomes = [world.book(cloned)[0], world.book(world.told(kiosk, world.purchase(member, 100)))[0]]

    assert [outcome.code for outcome in outcomes] == [ErrorCode.CHAIN_FORKED] * 2
    assert world.balance(member) == 1


def test_a_second_journal_waits_for_a_person(world: World) -> None:
    kiosk, member = world.add_kiosk(), world.add_member()
    world.book(world.told(kiosk, world.purchase(member, 100)))
    kiosk.epoch, kiosk.seq, kiosk.head = world.new_id(), 0, bytes(32)
    item = world.told(kiosk, JournalRepaired())

    before = world.book(item)[0]
    with world.hub.database.write() as session:
        session.execute(update(Stream).where(Stream.epoch == kiosk.epoch).values(state="accepted"))
    after = world.book(item)[0]

    assert before.code is ErrorCode.EPOCH_UNKNOWN
    assert after.is_applied


def test_a_revoked_kiosk_books_nothing(world: World) -> None:
    kiosk, member = world.add_kiosk(), world.add_member()
    with world.hub.database.write() as session:
        session.execute(update(Kiosk).values(state="revoked"))

    assert world.book(world.told(kiosk, world.purchase(member, 100)))[0].code is ErrorCode.KIOSK_REVOKED


def test_an_unknown_kiosk_books_nothing(world: World) -> None:
    kiosk, member = world.add_kiosk(), world.add_member()
    kiosk.id = "k-00000000000000000000000000"

    assert world.book(world.told(kiosk, world.purchase(member, 100)))[0].code is ErrorCode.KIOSK_UNKNOWN


def test_an_unknown_kind_is_kept_and_the_stream_goes_on(world: World) -> None:
    class Draw(Struct, frozen=True):
        prize: str = "car"

    kiosk, member = world.add_kiosk(), world.add_member()
    unknown = replace(world.told(kiosk, JournalRepaired()), kind="draw.won", body=Draw())

    outcomes = world.book(unknown, world.told(kiosk, world.purchase(member, 100)))

    assert [outcome.verdict for outcome in outcomes] == [Verdict.PARKED, Verdict.APPLIED]
    assert outcomes[0].code is ErrorCode.KIND_UNKNOWN
    with world.hub.database.read() as session:
        assert session.execute(select(Fact.raw).where(Fact.kind == "draw.won")).scalar_one() == unknown.raw


def test_a_kiosk_may_not_book_what_only_tills_may(world: World) -> None:
    kiosk, member = world.add_kiosk(), world.add_member()
    body = TopUpRecorded("R1", member, "CNY", 100)
    item = replace(world.told(kiosk, JournalRepaired()), kind="top_up.recorded", body=body)

    assert world.book(item)[0].code is ErrorCode.KIND_UNKNOWN


def test_a_repeated_event_in_a_new_journal_counts_once(world: World) -> None:
    kiosk, member = world.add_kiosk(), world.add_member()
    first = world.told(kiosk, world.purchase(member, 100))
    world.book(first)
    kiosk.epoch, kiosk.seq, kiosk.head = world.new_id(), 0, bytes(32)
    again = replace(first, source=world.told(kiosk, JournalRepaired()).source)
    world.book(again)
    with world.hub.database.write() as session:
        session.execute(update(Stream).where(Stream.epoch == kiosk.epoch).values(state="accepted"))

    outcome = world.book(again)[0]

    assert outcome.is_applied
    assert world.balance(member) == 1
    with world.hub.database.read() as session:
        assert session.query(Fact).count() == 2


def test_one_id_with_two_contents_is_a_conflict_that_the_receipt_can_name(world: World) -> None:
    kiosk, member = world.add_kiosk(), world.add_member()
    first = world.told(kiosk, world.purchase(member, 100))
    second = replace(world.told(kiosk, world.purchase(member, 200)), id=first.id)

    outcomes = world.book(first, second)

    assert [outcome.code for outcome in outcomes] == [None, ErrorCode.EVENT_CONFLICT]
    with world.hub.database.read() as session:
        stored = session.execute(select(Fact.seq, Fact.code).order_by(Fact.seq)).all()
        assert [tuple(row) for row in stored] == [(1, None), (2, "event.conflict")]


def test_a_poisonous_event_is_set_aside_and_the_others_are_booked(world: World) -> None:
    kiosk, member = world.add_kiosk(), world.add_member()
    receipts = ["a", "b", POISON, "c", "d"]
    items = [world.told(kiosk, world.purchase(member, 100, receipt=receipt)) for receipt in receipts]

    outcomes = poisoned(world).book(items, world.clock.now).outcomes

    assert [outcome.code for outcome in outcomes] == [None, None, ErrorCode.EVENT_FAILED, None, None]
    assert world.balance(member) == 4
    assert upto(world, kiosk.id) == 5
    world.assert_books_are_right()


def test_a_poisonous_request_fails_alone_and_may_be_repeated(world: World) -> None:
    member = world.add_member()
    bad, good = (world.posted(world.purchase(member, 100, receipt=receipt)) for receipt in (POISON, "a"))

    outcomes = poisoned(world).book([bad, good], world.clock.now).outcomes
    repeated = world.book(bad)[0]

    assert [outcome.code for outcome in outcomes] == [ErrorCode.REQUEST_FAILED, None]
    assert repeated.is_applied


@pytest.mark.parametrize(
    ("clock", "offset", "expected"),
    [
        ("ntp", timedelta(hours=-1), timedelta(hours=-1)),
        ("ntp", timedelta(days=365), timedelta(0)),
        ("none", timedelta(hours=-1), timedelta(0)),
    ],
)
def test_an_event_counts_as_its_kiosk_says_but_never_in_the_future(
    world: World, clock: str, offset: timedelta, expected: timedelta
) -> None:
    kiosk, member = world.add_kiosk(), world.add_member()
    world.book(world.told(kiosk, world.purchase(member, 100)))
    world.clock.pass_(days=2)
    now = world.clock.now
    item = world.told(kiosk, world.purchase(member, 100), occurred_at=now + offset, clock=clock)

    world.book(item)

    with world.hub.database.read() as session:
        assert session.execute(select(Fact.effective_at).where(Fact.seq == 2)).scalar_one() == now + expected


def test_a_clock_that_jumps_back_does_not_turn_time_back(world: World) -> None:
    kiosk, member = world.add_kiosk(), world.add_member()
    world.book(world.told(kiosk, world.purchase(member, 100)))
    first = world.clock.now
    world.clock.pass_(days=2)

    world.book(world.told(kiosk, world.purchase(member, 100), occurred_at=first - timedelta(days=400)))

    with world.hub.database.read() as session:
        assert session.execute(select(Fact.effective_at).where(Fact.seq == 2)).scalar_one() == first


def test_an_empty_batch_is_no_work(world: World) -> None:
    assert world.book() == []


def test_evidence_is_kept_byte_for_byte(world: World) -> None:
    kiosk, uid = world.add_kiosk(), world.add_card(world.add_member())
    item: Item = world.told(kiosk, CardSeen(world.tap(uid)))

    world.book(item)

    with world.hub.database.read() as session:
        fact = session.execute(select(Fact)).scalar_one()
        assert fact.raw == item.raw
        assert (fact.kiosk, fact.seq, fact.epoch) == (kiosk.id, 1, kiosk.epoch)


def test_what_has_to_wait_takes_no_id_away_from_what_comes_behind_it(world: World) -> None:
    request, unknown = world.new_id(), world.new_id()
    items = [
        world.posted(PurchaseReturned("B1", [LineReturned(1, 1, amount)], unknown), item_id=request, kind=RETURNED)
        for amount in (100, 200)
    ]

    together, apart = world.book(*items), [world.book(item)[0] for item in items]

    assert [outcome.code for outcome in together] == [ErrorCode.PURCHASE_UNKNOWN] * 2
    assert together == apart
