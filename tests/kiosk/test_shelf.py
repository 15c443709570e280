"""What the member screen offers offline, and what it says about what is not booked yet."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from msgspec import UNSET

from kiosk.presenter import FULL_SOON_PERCENT, frame
from kiosk.texts import LANGUAGES
from kiosk.views import AttractView, RefusalView
from kiosk.views.member import Reach
from kiosk.visit.allowance import allowance
from kiosk.visit.states import Authority, Browsing, Idle, Refused, Told, Unbooked
from protocol.errors import ErrorCode
from protocol.state import Notice
from tests.kiosk.builders import LATTE, NOW, SPEND, TOTE, VISIT, make_card, make_reward, make_snapshot, make_voucher
from tests.kiosk.test_presenter import make_scene, member_view
from tests.kiosk.visit.test_machine import make_guest

CATALOGUE = (
    make_reward(),
    make_reward(reward=TOTE, points=300, stock=4),
    make_reward(reward=SPEND, points=900),
    make_reward(reward=VISIT, points=100, tiers=["diamond"]),
    make_reward(reward=UUID(int=9), points=2_000),
)
LENT = allowance(700, "gold", CATALOGUE, ())
KNOWN = make_guest(authority=None, recognised=True)


def offline(language: str = "en", **overrides: Any) -> Any:
    return make_scene(language, **{"online": False, "catalogue": CATALOGUE, "allowance": LENT, **overrides})


def test_offline_what_lies_here_is_marked_and_the_rest_says_why_not() -> None:
    tiles = member_view(Browsing(KNOWN), offline()).rewards

    assert [tile.reach for tile in tiles] == [Reach.READY, Reach.LATER, Reach.LATER, Reach.TIER, Reach.SHORT]
    assert [tile.note for tile in tiles] == ["Here now", "Online only", "Online only", "Diamond only", "1,000 to go"]


def test_where_neighbours_can_be_asked_the_screen_says_so_for_what_they_could_help_with() -> None:
    view = member_view(Browsing(replace(KNOWN, recognised=False)), offline(neighbours=True))

    assert [tile.note for tile in view.rewards[:3]] == ["We can look", "Online only", "We can look"]
    assert view.rewards_note == "Offline: touch one, and we look for your points at other kiosks here"


def test_a_static_card_is_offered_nothing_of_the_neighbours() -> None:
    static = replace(KNOWN, recognised=False, card=make_card(url=UNSET))

    view = member_view(Browsing(static), offline(neighbours=True))

    assert {tile.note for tile in view.rewards[:3]} == {"Online only"}
    assert view.rewards_note == "Offline: redeeming has to wait"


def test_a_piece_that_lies_here_can_be_had_whatever_the_hub_has_left() -> None:
    catalogue = (make_reward(reward=TOTE, points=300, stock=0),)
    lent = allowance(700, "gold", catalogue, {TOTE})

    [tile] = member_view(Browsing(KNOWN), offline(catalogue=catalogue, allowance=lent)).rewards

    assert tile.reach is Reach.READY


@pytest.mark.parametrize(
    ("guest", "overrides"),
    [
        (replace(KNOWN, recognised=False), {}),
        (make_guest(authority=Authority(VISIT, redeems=False)), {}),
        (KNOWN, {"clock": False}),
    ],
)
def test_offline_nothing_is_offered_to_whom_nothing_will_be_given(guest: Any, overrides: dict[str, Any]) -> None:
    view = member_view(Browsing(guest), offline(**overrides))

    assert view.rewards[0].reach is Reach.LATER
    assert view.rewards_note == "Offline: redeeming has to wait"


def test_offline_it_says_how_much_can_be_had_at_once_but_never_more_than_there_is() -> None:
    poor = replace(KNOWN, snapshot=make_snapshot(points=650))

    assert member_view(Browsing(KNOWN), offline()).rewards_note == "Here now: up to 700 points each"
    assert member_view(Browsing(poor), offline("zh")).rewards_note == "现可兑换，单次最多 650 积分"


def test_online_no_tile_is_marked() -> None:
    tiles = member_view(Browsing(make_guest()), offline(online=True)).rewards

    assert [tile.note for tile in tiles[:3]] == ["", "", ""]


def test_what_is_not_booked_yet_is_marked() -> None:
    guest = make_guest(
        snapshot=make_snapshot(vouchers=[make_voucher(), make_voucher(VISIT)]), unbooked=Unbooked(-600, {SPEND: 7})
    )

    view = member_view(Browsing(guest), make_scene("en"))

    assert view.note == "600 points were used here and are still to be confirmed"
    assert ["being confirmed" in line.label for line in view.vouchers] == [True, False]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"reward": str(LATTE), "act_points": 600}, ("House latte", "精品拿铁")),
        ({"act_points": 600}, ("600", "600")),
        ({"reward": str(UUID(int=404)), "kind": "lease.spent"}, ("counter", "柜台")),
    ],
)
def test_a_notice_is_told_in_fair_words(language: str, data: dict[str, int | str], told: tuple[str, str]) -> None:
    state = Told(make_guest(), Notice(UUID(int=7), "lease.unknown", NOW, data))

    body = frame(state, make_scene(language)).body

    assert isinstance(body, RefusalView)
    assert body.code == "lease.unknown"
    assert told[language == "zh"] in body.sentence


@pytest.mark.parametrize(("language", "store"), [("zh", "滨江店"), ("en", "Riverside")])
def test_a_store_is_named_in_the_language_of_the_screen(language: str, store: str) -> None:
    data: dict[str, int | str] = {"points": 3, "store": "s-2", "store_zh": "滨江店", "store_en": "Riverside"}

    body = frame(Refused(ErrorCode.POINTS_LENT, data, make_guest(), 0.0), make_scene(language)).body

    assert isinstance(body, RefusalView)
    assert store in body.sentence


@pytest.mark.parametrize(("percent", "shown"), [(FULL_SOON_PERCENT - 1, False), (FULL_SOON_PERCENT, True)])
def test_staff_are_told_on_the_attract_screen_when_the_storage_fills_up(percent: int, *, shown: bool) -> None:
    scene = make_scene("en", online=False, journal_used_percent=percent)

    attract, member = frame(Idle(), scene), frame(Browsing(make_guest()), scene)

    assert isinstance(attract.body, AttractView)
    assert (f"{percent}" in attract.banner, attract.banner_icon == "hard-drives") == (shown, shown)
    assert "offline" in member.banner


@pytest.mark.parametrize(
    ("language", "chain", "told"),
    [
        ("en", "waiting", "new journal"),
        ("zh", "waiting", "新的流水"),
        ("en", "forked", "not the one that headquarters knows"),
        ("zh", "forked", "不一致"),
        ("en", "revoked", "withdrawn"),
        ("zh", "revoked", "停用"),
    ],
)
def test_staff_are_told_on_the_attract_screen_when_the_hub_does_not_take_the_journal(
    language: str, chain: str, told: str
) -> None:
    scene = make_scene(language, chain=chain, journal_used_percent=FULL_SOON_PERCENT)

    attract, member = frame(Idle(), scene), frame(Browsing(make_guest()), scene)

    assert told in attract.banner
    assert (attract.banner_icon, member.banner) == ("x-circle", "")
