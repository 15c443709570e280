from random import Random

import pytest

from kiosk.store.errors import StoreError
from kiosk.store.seal import KEY_BYTES, Seal
from kiosk.store.snapshots import Snapshots
from protocol.duties import Holding
from tests.kiosk.builders import CHEN, LIN, make_db, make_snapshot
from tests.simulation.disk import Fault, SimDisk

SALT = b"s" * 32
UID, OTHER_UID = "04a1b2c3d4e5f6", "04ffffffffffff"


def make_seal(*, released: bool = True) -> Seal:
    seal = Seal(Random(1).randbytes)
    if released:
        seal.release(b"k" * KEY_BYTES)
    return seal


def make_snapshots(disk: SimDisk | None = None, seal: Seal | None = None) -> Snapshots:
    return Snapshots(make_db(disk), seal or make_seal(), SALT)


def test_a_member_is_found_by_card_and_by_id() -> None:
    snapshots = make_snapshots()

    snapshots.keep(make_snapshot(), uid=UID, at_most=10)

    assert snapshots.of_card(UID) == make_snapshot()
    assert snapshots.of_member(LIN) == make_snapshot()
    assert snapshots.of_card(OTHER_UID) is None


def test_what_is_kept_survives_a_restart() -> None:
    disk = SimDisk()
    first = make_snapshots(disk)
    first.keep(make_snapshot(), uid=UID, at_most=10)
    disk = disk.killed()

    assert Snapshots(make_db(disk), make_seal(), b"other salt").of_card(UID) == make_snapshot()


def test_an_older_snapshot_is_ignored() -> None:
    snapshots = make_snapshots()
    snapshots.keep(make_snapshot(version=5, points=50), uid=UID, at_most=10)

    held = snapshots.keep(make_snapshot(version=4, points=40), uid=UID, at_most=10)

    assert held == {LIN: 5}
    known = snapshots.of_member(LIN)
    assert known is not None
    assert known.points == 50


def test_nobody_is_learned_who_was_not_here() -> None:
    snapshots = make_snapshots()

    assert snapshots.keep(make_snapshot(), uid=None, at_most=10) == {LIN: 0}
    assert len(snapshots) == 0


def test_news_of_a_known_member_needs_no_card() -> None:
    snapshots = make_snapshots()
    snapshots.keep(make_snapshot(), uid=UID, at_most=10)

    assert snapshots.keep(make_snapshot(version=6, points=7), uid=None, at_most=10) == {LIN: 6}

    known = snapshots.of_card(UID)
    assert known is not None
    assert known.points == 7


def test_a_member_may_have_two_cards() -> None:
    snapshots = make_snapshots()
    snapshots.keep(make_snapshot(), uid=UID, at_most=10)
    snapshots.keep(make_snapshot(), uid=OTHER_UID, at_most=10)

    assert snapshots.of_card(UID) == snapshots.of_card(OTHER_UID) == make_snapshot()


def test_the_least_recently_seen_leaves_first() -> None:
    snapshots = make_snapshots()
    snapshots.keep(make_snapshot(member=LIN), uid=UID, at_most=2)
    snapshots.keep(make_snapshot(member=CHEN), uid=OTHER_UID, at_most=2)
    snapshots.keep(make_snapshot(member=LIN), uid=UID, at_most=2)

    held = snapshots.keep(make_snapshot(member=LIN.__class__(int=0xC), version=3), uid="04cccccccccccc", at_most=2)

    assert held == {LIN.__class__(int=0xC): 3, CHEN: 0}
    assert snapshots.of_member(CHEN) is None
    assert snapshots.of_member(LIN) is not None
    assert len(snapshots) == 2


def test_a_push_does_not_make_somebody_recently_seen() -> None:
    snapshots = make_snapshots()
    snapshots.keep(make_snapshot(member=LIN), uid=UID, at_most=2)
    snapshots.keep(make_snapshot(member=CHEN), uid=OTHER_UID, at_most=2)
    snapshots.keep(make_snapshot(member=LIN, version=9), uid=None, at_most=2)
    disk_order = Snapshots(snapshots._db, make_seal(), SALT)

    disk_order.keep(make_snapshot(member=LIN.__class__(int=0xC)), uid="04cccccccccccc", at_most=2)

    assert disk_order.of_member(LIN) is None


def test_all_that_is_held_adds_up_whatever_comes_and_goes() -> None:
    disk = SimDisk()
    snapshots = make_snapshots(disk)
    snapshots.keep(make_snapshot(member=LIN, version=5), uid=UID, at_most=2)
    snapshots.keep(make_snapshot(member=CHEN, version=2), uid=OTHER_UID, at_most=2)
    first = snapshots.holding()
    snapshots.keep(make_snapshot(member=LIN, version=9), uid=None, at_most=2)
    newer = snapshots.holding()
    snapshots.forget(CHEN)
    snapshots.keep(make_snapshot(member=CHEN, version=0), uid=OTHER_UID, at_most=2)

    assert (first, newer, snapshots.holding()) == (Holding(2, 7), Holding(2, 11), Holding(1, 9))
    assert make_snapshots(disk.killed()).holding() == Holding(1, 9)


def test_the_disk_holds_neither_name_nor_card_in_clear() -> None:
    disk = SimDisk()
    snapshots = make_snapshots(disk)

    snapshots.keep(make_snapshot(display_name="林*"), uid=UID, at_most=10)

    stored = disk.contents("test.journal")
    for secret in ("林".encode(), b"\\u6797", UID.encode(), bytes.fromhex(UID), b"k" * KEY_BYTES):
        assert secret not in stored


def test_without_the_hubs_key_the_kiosk_greets_without_a_name() -> None:
    disk = SimDisk()
    make_snapshots(disk).keep(make_snapshot(), uid=UID, at_most=10)

    known = make_snapshots(disk.killed(), make_seal(released=False)).of_card(UID)

    assert known is not None
    assert (known.display_name, known.points) == ("", 1_000)


def test_a_name_that_came_before_the_key_is_kept_with_the_next_snapshot() -> None:
    seal = make_seal(released=False)
    snapshots = make_snapshots(seal=seal)
    snapshots.keep(make_snapshot(), uid=UID, at_most=10)
    seal.release(b"k" * KEY_BYTES)

    snapshots.keep(make_snapshot(), uid=UID, at_most=10)

    known = snapshots.of_card(UID)
    assert known is not None
    assert known.display_name == "林*"


def test_another_hubs_key_opens_no_name() -> None:
    disk = SimDisk()
    make_snapshots(disk).keep(make_snapshot(), uid=UID, at_most=10)
    seal = Seal(Random(1).randbytes)
    seal.release(b"x" * KEY_BYTES)

    known = make_snapshots(disk.killed(), seal).of_card(UID)

    assert known is not None
    assert known.display_name == ""


def test_forgetting_a_member_forgets_the_key_too() -> None:
    snapshots = make_snapshots()
    snapshots.keep(make_snapshot(), uid=UID, at_most=10)

    snapshots.forget(LIN)
    snapshots.forget(CHEN)

    assert snapshots.of_card(UID) is None
    assert len(snapshots._db.table("snapshot_keys")) == 0


def test_a_disk_that_refuses_leaves_everything_as_it_was() -> None:
    disk = SimDisk()
    snapshots = make_snapshots(disk)
    snapshots.keep(make_snapshot(member=CHEN), uid=OTHER_UID, at_most=10)
    disk.faults = {disk.steps: Fault()}

    with pytest.raises(StoreError):
        snapshots.keep(make_snapshot(), uid=UID, at_most=10)

    assert snapshots.of_card(UID) is None
    assert len(snapshots) == 1


def test_a_wrapping_key_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        make_seal(released=False).release(b"short")
