from msgspec import UNSET
from sqlalchemy import select

from hub.audit.models import AuditEntry
from hub.fleet import births, queries
from hub.fleet import service as fleet
from hub.fleet.models import Duty, Kiosk, Sighting, Stream
from hub.fleet.service import Fleet
from protocol.duties import ForgetMember
from protocol.errors import ErrorCode
from protocol.limits import PASSED_LEASES_FROM
from protocol.state import KioskStatus
from tests.hub.world import TestKiosk, World

HASH = "ab" * 32


def born(world: World, kiosk: TestKiosk, **stated: object) -> None:
    status = KioskStatus(state="online", connection=1, epoch=kiosk.epoch, **stated)  # type: ignore[arg-type]
    with world.hub.database.write() as session:
        births.note_status(session, kiosk.id, status, world.clock.now, random_bytes=world.random.randbytes)


def give(world: World, kiosk: TestKiosk) -> int:
    """Give a kiosk something to do; returns its number."""
    with world.hub.database.write() as session:
        some = Fleet(wanted={kiosk.id})
        fleet.ask(session, some).answer()
        some.give(kiosk.id, ForgetMember(world.new_id()))
        fleet.write(session, some, {}, world.clock.now)
        return some.duties[0].number


def stream_of(world: World, kiosk: TestKiosk) -> Stream:
    with world.hub.database.read() as session:
        found = session.get(Stream, (kiosk.id, kiosk.epoch))
        assert found is not None
        return found


def acts(world: World) -> list[str]:
    with world.hub.database.read() as session:
        return list(session.execute(select(AuditEntry.action).order_by(AuditEntry.number)).scalars())


def test_numbers_go_on_after_the_highest_that_a_kiosk_knows(world: World) -> None:
    kiosk = world.add_kiosk()

    born(world, kiosk, duties=40, highest_lease=7)

    with world.hub.database.read() as session:
        row = session.get(Kiosk, kiosk.id)
        assert row is not None
        assert (row.last_duty, row.last_lease) == (40, 7)
    assert give(world, kiosk) == 41


def test_numbers_that_follow_from_neighbours_notes_raise_nothing(world: World) -> None:
    kiosk = world.add_kiosk()
    born(world, kiosk, duties=1, highest_lease=7)

    born(world, kiosk, duties=1, highest_lease=PASSED_LEASES_FROM)

    with world.hub.database.read() as session:
        assert session.get_one(Kiosk, kiosk.id).last_lease == 7


def test_numbers_never_fall(world: World) -> None:
    kiosk = world.add_kiosk()
    born(world, kiosk, duties=40, highest_lease=7)

    born(world, kiosk, duties=3)

    assert give(world, kiosk) == 41


def test_duties_given_since_a_restore_get_numbers_that_the_kiosk_has_not_done(world: World) -> None:
    kiosk = world.add_kiosk()
    with world.hub.database.write() as session:
        epoch = fleet.begin_epoch(session, world.clock.now, world.random.randbytes)
    world.clock.pass_(seconds=1)
    numbers = [give(world, kiosk), give(world, kiosk)]

    born(world, kiosk, duties=5, hub_epoch=world.new_id())
    born(world, kiosk, duties=5, hub_epoch=epoch)

    with world.hub.database.read() as session:
        assert [row.number for row in queries.open_duties(session, [kiosk.id])] == [6, 7]
    assert numbers == [1, 2]


def test_duties_given_before_a_restore_keep_their_numbers(world: World) -> None:
    kiosk = world.add_kiosk()
    give(world, kiosk)
    world.clock.pass_(seconds=1)
    with world.hub.database.write() as session:
        fleet.begin_epoch(session, world.clock.now, world.random.randbytes)

    born(world, kiosk, duties=5)

    with world.hub.database.read() as session:
        assert session.execute(select(Duty.number)).scalars().all() == [1]


def test_what_a_kiosk_cannot_tell_again_is_written_down_as_a_gap(world: World) -> None:
    kiosk, member = world.add_kiosk(), world.add_member()
    world.book(world.told(kiosk, world.purchase(member, 100)))

    born(world, kiosk, oldest_seq=9, oldest=HASH)

    stream = stream_of(world, kiosk)
    with world.hub.database.read() as session:
        [gap] = queries.gaps(session, [kiosk.id])
    assert (gap.first, gap.last, gap.hash.hex(), gap.epoch) == (2, 9, HASH, kiosk.epoch)
    assert (stream.upto, stream.hash.hex(), stream.state) == (9, HASH, "accepted")
    assert acts(world)[-1] == "kiosk.gap_recorded"


def test_after_a_gap_the_journal_goes_on(world: World) -> None:
    kiosk, member = world.add_kiosk(), world.add_member()
    for _ in range(3):
        world.told(kiosk, world.purchase(member, 100))
    born(world, kiosk, oldest_seq=kiosk.seq, oldest=kiosk.head.hex())

    [outcome] = world.book(world.told(kiosk, world.purchase(member, 700)))

    assert outcome.is_applied
    assert world.balance(member) == 7


def test_a_kiosk_that_holds_all_that_is_missing_leaves_no_gap(world: World) -> None:
    kiosk, member = world.add_kiosk(), world.add_member()
    for _ in range(3):
        world.book(world.told(kiosk, world.purchase(member, 100)))

    born(world, kiosk, oldest_seq=3, oldest=kiosk.head.hex())
    born(world, kiosk)

    with world.hub.database.read() as session:
        assert queries.gaps(session) == []


def test_a_kiosk_that_knows_another_history_is_put_in_quarantine(world: World) -> None:
    kiosk, member = world.add_kiosk(), world.add_member()
    first = world.told(kiosk, world.purchase(member, 100))
    world.book(first)

    born(world, kiosk, head_seq=1, forked=True)
    born(world, kiosk, head_seq=1, forked=True)

    assert stream_of(world, kiosk).state == "forked"
    assert acts(world).count("kiosk.chain_forked") == 1
    assert world.book(world.told(kiosk, world.purchase(member, 100)))[0].code is ErrorCode.CHAIN_FORKED
    assert world.balance(member) == 1


def test_a_birth_is_remembered_as_it_was_stated(world: World) -> None:
    kiosk = world.add_kiosk()

    born(world, kiosk, head_seq=4, head=HASH, hub_epoch=UNSET)

    with world.hub.database.read() as session:
        sighting = session.get(Sighting, kiosk.id)
        assert sighting is not None
        assert sighting.birth is not None
        assert (sighting.birth["head_seq"], sighting.birth["head"]) == (4, HASH)


def test_a_clone_whose_chain_is_shorter_is_found_out_by_any_event_of_its_own(world: World) -> None:
    kiosk, member = world.add_kiosk(), world.add_member()
    world.book(world.told(kiosk, world.purchase(member, 100)))
    clone = TestKiosk(kiosk.id, kiosk.key, kiosk.epoch, kiosk.seq, kiosk.head)
    world.book(*[world.told(kiosk, world.purchase(member, 100)) for _ in range(5)])

    [outcome] = world.book(world.told(clone, world.purchase(member, 900)))

    born(world, kiosk, head_seq=2, forked=True)

    assert outcome.code is ErrorCode.CHAIN_FORKED
    assert stream_of(world, kiosk).state == "forked"
    assert acts(world).count("kiosk.chain_forked") == 1
    assert world.balance(member) == 6


def test_what_is_sent_again_late_and_often_is_no_fork(world: World) -> None:
    kiosk, member = world.add_kiosk(), world.add_member()
    items = [world.told(kiosk, world.purchase(member, 100)) for _ in range(4)]

    world.book(*items, *items)
    world.clock.pass_(days=40)
    world.book(*items[:2], items[3], *items[1:])

    assert stream_of(world, kiosk).state == "accepted"
    assert world.balance(member) == 4


def test_what_was_lost_and_comes_late_all_the_same_is_no_fork(world: World) -> None:
    kiosk, member = world.add_kiosk(), world.add_member()
    late = [world.told(kiosk, world.purchase(member, 100)) for _ in range(3)]
    born(world, kiosk, oldest_seq=kiosk.seq, oldest=kiosk.head.hex())

    world.book(*late[:2])

    assert stream_of(world, kiosk).state == "accepted"
