from uuid import UUID

from sqlalchemy import select

from hub.fleet.models import Kiosk, MemberCopy, Publication
from hub.ledger.models import Account
from hub.messaging import versions
from hub.points.service import points_account
from hub.rewards.service import CATALOGUE
from protocol.requests import PresentCard
from tests.hub.world import World


def versions_of(world: World, member: UUID) -> list[int]:
    with world.hub.database.read() as session:
        return [
            session.get_one(Account, points_account(member)).version,
            session.execute(select(MemberCopy.wanted)).scalar_one(),
            session.execute(select(Publication.version).where(Publication.name == CATALOGUE)).scalar_one(),
            session.execute(select(Kiosk.configuration)).scalar_one(),
        ]


def restore(world: World) -> None:
    with world.hub.database.write() as session:
        versions.raise_all(session, world.clock.now)


def test_what_kiosks_have_seen_since_the_backup_is_older_than_everything_they_are_told(world: World) -> None:
    member, kiosk = world.add_member(), world.add_kiosk()
    world.earn(member, 1_000)
    world.book(world.asked(kiosk, PresentCard(world.tap(world.add_card(member)))))
    before = versions_of(world, member)

    restore(world)

    after = versions_of(world, member)
    assert [new - old > 1_000_000_000 for old, new in zip(before, after, strict=True)] == [True] * 4


def test_a_backup_that_is_restored_twice_gives_no_version_twice(world: World) -> None:
    member = world.add_member()
    with world.hub.database.read() as session:
        backup = session.get_one(Account, points_account(member)).version
    restore(world)
    world.earn(member, 1_000)
    with world.hub.database.write() as session:
        account = session.get_one(Account, points_account(member))
        seen, account.version = account.version, backup

    world.clock.pass_(seconds=1)
    restore(world)

    with world.hub.database.read() as session:
        assert session.get_one(Account, points_account(member)).version > seen
