"""A hub on SQLite whose file of yesterday was put back, with kiosks that tell it again what it has forgotten."""

from pathlib import Path

import pytest

from hub import secrets
from hub.db.session import Database
from hub.points.service import points_account, qualifying_account
from tests.hub.commands.conftest import Installation
from tests.hub.restores.chain import Keeper, books, settle
from tests.hub.settings_files import write_settings
from tests.hub.world import World


@pytest.fixture
def installation(sqlite: Database, tmp_path: Path) -> Installation:
    return Installation(tmp_path, write_settings(tmp_path, sqlite.url.render_as_string()), sqlite)


def put_back(installation: Installation, world: World) -> None:
    """Put yesterday's copy back as an operator does it."""
    [copy] = (installation.folder / "copies").glob("hub-*.db")
    installation.database.close()
    for command, words in (("restore", ("--from", copy)), ("migrate", ()), ("restored", ())):
        result = installation.with_settings(command, *words)
        assert result.exit_code == 0, result.output
    assert world.hub.database.is_sqlite


def test_after_a_replay_the_books_are_those_without_the_restore(installation: Installation) -> None:
    secrets.create(installation.folder / "secrets.json", lambda count: bytes(range(count)))
    world = World.found(installation.database)
    first, second = (Keeper(world, world.add_kiosk()) for _ in range(2))
    for keeper in (first, second):
        keeper.come()
    anna, berta, carla = (world.add_member() for _ in range(3))
    world.earn(anna, 1_000)
    first.sell(anna, 20_000)
    second.sell(berta, 90_000)
    cards = [world.add_card(carla)]
    assert installation.with_settings("backup", "--to", installation.folder / "copies").exit_code == 0

    first.redeem(anna)
    second.redeem(berta)
    second.sell(carla, 3_000)
    expected, vouchers = books(world)
    world.earn(carla, 500)
    put_back(installation, world)
    assert not books(world)[1]
    for keeper in (first, second):
        keeper.replay()
    settle(world)

    assert books(world) == (expected, vouchers)
    world.assert_books_are_right()
    assert cards
    assert points_account(carla) in expected
    assert qualifying_account(carla) in expected


def test_a_restored_hub_lends_again_once_all_have_told(installation: Installation) -> None:
    secrets.create(installation.folder / "secrets.json", lambda count: bytes(range(count)))
    world = World.found(installation.database)
    keeper, member = Keeper(world, world.add_kiosk()), world.add_member()
    keeper.come()
    world.earn(member, 2_000)
    keeper.sell(member, 100)
    installation.with_settings("backup", "--to", installation.folder / "copies")
    keeper.redeem(member)
    put_back(installation, world)

    with pytest.raises(AssertionError, match=r"redeem\.restored"):
        keeper.redeem(member)
    keeper.replay()
    settle(world)
    keeper.redeem(member)

    assert len(books(world)[1]) == 2
    world.assert_books_are_right()
