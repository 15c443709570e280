from collections.abc import Callable
from uuid import UUID

import pytest
from msgspec import UNSET
from sqlalchemy import update

from hub.ledger.models import Counter
from hub.messaging import documents
from hub.programme.service import Change, publish
from hub.rewards.models import Reward
from protocol import codec, state
from protocol.ids import derived_id
from protocol.limits import DOCUMENT_PAGE_MAX_ITEMS
from protocol.requests import DocumentName, DocumentPage
from tests.hub.world import START, World

LATTE, TOTE = derived_id(UUID(int=7), "latte"), derived_id(UUID(int=7), "tote")

Read = Callable[[DocumentName, int], DocumentPage | None]


@pytest.fixture
def kiosk(world: World) -> str:
    return world.add_kiosk().id


@pytest.fixture
def page(world: World, kiosk: str) -> Read:
    def read(name: DocumentName, number: int = 0) -> DocumentPage | None:
        with world.hub.database.read() as session:
            return documents.page(session, kiosk, name, number)

    return read


def rewards(page: DocumentPage | None) -> dict[UUID, state.Reward]:
    assert page is not None
    found = [codec.decode(item, state.Reward) for item in page.items]
    return {reward.reward: reward for reward in found}


def test_the_catalogue_shows_what_is_offered_in_its_order(world: World, page: Read) -> None:
    world.add_reward("gelato", 480)

    shown = rewards(page("catalogue", 0))

    assert [reward.points for reward in shown.values()] == [480, 600, 2_400]


def test_what_is_no_longer_offered_is_not_in_the_catalogue(world: World, page: Read) -> None:
    with world.hub.database.write() as session:
        session.execute(update(Reward).where(Reward.id == LATTE).values(offered=False))

    assert list(rewards(page("catalogue", 0))) == [TOTE]


@pytest.mark.parametrize(("left", "told"), [(0, 0), (1, 1), (7, 1)])
def test_a_limited_reward_says_that_it_is_and_whether_any_are_left_but_not_how_many(
    world: World, page: Read, left: int, told: int
) -> None:
    with world.hub.database.write() as session:
        session.execute(update(Counter).values(remaining=left))

    shown = rewards(page("catalogue", 0))

    assert (shown[TOTE].stock, shown[LATTE].stock) == (told, UNSET)


def test_an_empty_catalogue_is_one_empty_page(world: World, page: Read) -> None:
    with world.hub.database.write() as session:
        session.execute(update(Reward).values(offered=False))

    first, second = page("catalogue", 0), page("catalogue", 1)

    assert first is not None
    assert (first.pages, first.items) == (1, [])
    assert second is None


@pytest.mark.parametrize(("more", "pages"), [(-1, 1), (0, 1), (1, 2), (DOCUMENT_PAGE_MAX_ITEMS + 1, 3)])
def test_pages_are_cut_without_losing_an_item(small_world: World, more: int, pages: int) -> None:
    kiosk, existing = small_world.add_kiosk().id, 2
    for number in range(DOCUMENT_PAGE_MAX_ITEMS - existing + more):
        small_world.add_reward(f"extra {number}", 10_000 + number)

    with small_world.hub.database.read() as session:
        read = [documents.page(session, kiosk, "catalogue", number) for number in range(pages + 1)]

    assert read.pop() is None
    assert sum(len(rewards(each)) for each in read) == DOCUMENT_PAGE_MAX_ITEMS + more
    assert {each.pages for each in read if each is not None} == {pages}


def test_the_programme_tells_tiers_by_rank_and_the_newest_rate(world: World, page: Read) -> None:
    with world.hub.database.write() as session:
        publish(session, Change("earning.1", {"kind": "rate", "points": 3, "per_minor": 200}, "test"), START)

    shown = page("programme", 0)

    assert shown is not None
    programme = codec.decode(shown.items[0], state.Programme)
    assert [tier.tier for tier in programme.tiers] == ["classic", "silver", "gold"]
    assert (programme.earn_points, programme.earn_per, programme.currency) == (3, 200, "CNY")


def test_kiosks_show_a_rate_that_holds_for_everything_and_nothing_that_needs_more(world: World, page: Read) -> None:
    special = {"kind": "rate", "points": 9, "per_minor": 100, "priority": 7}
    with world.hub.database.write() as session:
        publish(session, Change("earning.0", special | {"categories": ["coffee"]}, "test"), START)
        publish(session, Change("earning.2", special | {"kind": "bonus"}, "test"), START)
        publish(session, Change("earning.3", special | {"points": 2, "priority": 1}, "test"), START)

    shown = page("programme", 0)

    assert shown is not None
    assert codec.decode(shown.items[0], state.Programme).earn_points == 2


def test_a_configuration_names_chain_and_store_and_carries_the_kiosks_own_version(page: Read) -> None:
    shown = page("configuration", 0)

    assert shown is not None
    configuration = codec.decode(shown.items[0], state.Configuration)
    assert (configuration.chain_names, configuration.store_names) == ({"zh": "云朵百货"}, {"zh": "S01"})
    assert (shown.version, configuration.languages) == (1, ["zh", "en"])
