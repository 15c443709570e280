from uuid import UUID

from sqlalchemy import select, text, update

from hub.composition import ERASED_LIST
from hub.fleet.models import HubState, Stream
from hub.ledger.models import Account
from hub.members.models import Member, MemberKey
from hub.migrations import NewerDatabaseError
from hub.privacy.tombstones import Tombstone, TombstoneFile
from hub.restores.models import AwaitedKiosk, Restore
from tests.hub.commands.conftest import Installation
from tests.hub.world import World


def epoch_of(installation: Installation) -> UUID:
    with installation.database.read() as session:
        return session.get_one(HubState, 1).epoch


def test_a_new_database_gets_an_epoch_and_keeps_it(installation: Installation) -> None:
    first_run = installation.with_settings("migrate")
    first = epoch_of(installation)

    second_run = installation.with_settings("migrate")

    assert (first_run.exit_code, second_run.exit_code) == (0, 0)
    assert epoch_of(installation) == first


def test_a_restored_database_gets_a_new_epoch_and_says_so(installation: Installation) -> None:
    installation.with_settings("migrate")
    before = epoch_of(installation)

    result = installation.with_settings("restored")

    assert result.exit_code == 0
    assert epoch_of(installation) != before
    assert str(epoch_of(installation)) in result.output


def test_whoever_was_erased_since_the_backup_is_erased_again(installation: Installation) -> None:
    world = World.found(installation.database)
    member, other = world.add_member(), world.add_member()
    TombstoneFile(installation.folder / ERASED_LIST).add(Tombstone(member, world.clock.now))

    result = installation.with_settings("restored")

    assert result.exit_code == 0
    with installation.database.read() as session:
        states = [session.get_one(Member, each).state for each in (member, other)]
        keys = session.execute(select(MemberKey.member)).scalars().all()
    assert states == ["erasing", "active"]
    assert keys == [other]


def test_a_database_of_a_newer_program_is_not_touched(installation: Installation) -> None:
    with installation.database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    result = installation.with_settings("migrate")

    assert isinstance(result.exception, NewerDatabaseError)
    assert "9999" in str(result.exception)


def test_right_books_are_proved(installation: Installation) -> None:
    world = World.found(installation.database)
    world.earn(world.add_member(), 10)

    result = installation.with_settings("prove")

    assert (result.exit_code, result.output) == (
        0,
        "2 accounts, 2 transfers, 0 faults\n0 journals, 0 facts, 0 faults\n",
    )


def test_wrong_books_end_with_one_and_are_named(installation: Installation) -> None:
    world = World.found(installation.database)
    world.earn(world.add_member(), 10)
    with installation.database.write() as session:
        session.execute(update(Account).values(balance=Account.balance + 1))

    result = installation.with_settings("prove")

    assert result.exit_code == 1
    assert "holds 11, its entries say 10" in result.output


def test_a_wrong_journal_ends_with_one_and_is_named(installation: Installation) -> None:
    world = World.found(installation.database)
    kiosk = world.add_kiosk()
    world.book(world.told(kiosk, world.purchase(world.add_member(), 500)))
    with installation.database.write() as session:
        session.execute(update(Stream).values(upto=2))

    result = installation.with_settings("prove", "--full")

    assert result.exit_code == 1
    assert "it ends at place 1, and is booked up to 2" in result.output


def test_a_restored_database_waits_for_the_kiosks_that_told_it_anything(installation: Installation) -> None:
    world = World.found(installation.database)
    kiosk, _silent = world.add_kiosk(), world.add_kiosk()
    world.book(world.told(kiosk, world.purchase(world.add_member(), 500)))

    installation.with_settings("restored")

    with installation.database.read() as session:
        restore = session.execute(select(Restore)).scalar_one()
        awaited = session.execute(select(AwaitedKiosk.kiosk)).scalars().all()
    assert (restore.newest_at, restore.epoch) == (world.clock.now, epoch_of(installation))
    assert awaited == [kiosk.id]
