from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec import structs

from kiosk.presenter import frame
from kiosk.scene import Ending, Scene
from kiosk.texts import LANGUAGES, Texts
from kiosk.views import AttractView, Frame, IdentifyingView, MemberView, RefusalView, VoucherView
from kiosk.views.member import Reach
from kiosk.visit.states import Browsing, Confirming, Identifying, Idle, Reason, Refused, Standing, State
from protocol.errors import ErrorCode
from protocol.ids import voucher_code
from protocol.state import ShownField
from tests.kiosk.builders import (
    LATTE,
    NOW,
    SPEND,
    TOTE,
    make_configuration,
    make_programme,
    make_reward,
    make_snapshot,
    make_voucher,
)
from tests.kiosk.visit.test_machine import CARD, make_guest, make_redeeming, make_showing

SHANGHAI = ZoneInfo("Asia/Shanghai")
CATALOGUE = (
    make_reward(),
    make_reward(reward=TOTE, names={"zh": "帆布袋", "en": "Tote"}, points=2_400),
    make_reward(reward=SPEND, names={"zh": "耳机", "en": "Earbuds"}, points=10, tiers=["diamond"]),
    make_reward(reward=LATTE.__class__(int=9), names={"zh": "限量"}, points=10, stock=0),
)


def make_scene(language: str = "zh", **overrides: Any) -> Scene:
    fields: dict[str, Any] = {
        "texts": Texts(language, SHANGHAI),
        "now": NOW,
        "online": True,
        "reader_ready": True,
        "writable": True,
        "catalogue": CATALOGUE,
        "programme": make_programme(),
        "configuration": make_configuration(),
        "picture_of": lambda sha256: Path(f"/pictures/{sha256}.png"),
    }
    return Scene(**{**fields, **overrides})


def member_view(state: State, scene: Scene | None = None) -> MemberView:
    body = frame(state, scene or make_scene()).body
    assert isinstance(body, MemberView)
    return body


def test_attract_invites_in_both_languages() -> None:
    body = frame(Idle(), make_scene()).body

    assert isinstance(body, AttractView)
    assert (body.headline, body.subtitle, body.usable) == ("请轻触会员卡", "Tap your member card", True)


@pytest.mark.parametrize(
    ("broken", "headline"),
    [({"reader_ready": False}, "读卡器没有连接"), ({"writable": False}, "暂停服务")],
)
def test_attract_invites_nobody_while_it_cannot_serve(broken: dict[str, Any], headline: str) -> None:
    body = frame(Idle(), make_scene(**broken)).body

    assert isinstance(body, AttractView)
    assert (body.headline, body.usable, body.hint) == (headline, False, "请联系店员")


def test_names_of_chain_and_store_are_in_the_language_of_the_screen() -> None:
    shown = [frame(Idle(), make_scene(language)) for language in LANGUAGES]

    assert [(one.chain_name, one.store_name) for one in shown] == [
        ("云朵百货", "上海南京路店"),
        ("Cloud Stores", "Nanjing Road"),
    ]


def test_the_other_languages_are_offered_in_themselves() -> None:
    assert [button.label for button in frame(Idle(), make_scene("zh")).languages] == ["English"]
    assert [button.label for button in frame(Idle(), make_scene("en")).languages] == ["中文"]


def test_a_kiosk_that_was_never_online_still_shows_something() -> None:
    scene = make_scene(configuration=None, programme=None, catalogue=())

    for state in (Idle(), Browsing(make_guest()), Confirming(make_guest(), LATTE, 600), make_showing()):
        assert isinstance(frame(state, scene), Frame)


def test_identifying_says_so() -> None:
    assert frame(Identifying(CARD, SPEND, 0.0), make_scene()).body == IdentifyingView("正在读取会员卡…")


@pytest.mark.parametrize(
    ("hour", "greeting"), [(7, "早上好"), (12, "中午好"), (15, "下午好"), (20, "晚上好"), (2, "晚上好")]
)
def test_the_greeting_follows_the_time_of_the_store(hour: int, greeting: str) -> None:
    now = datetime(2026, 11, 21, hour, 30, tzinfo=SHANGHAI).astimezone(UTC)

    assert member_view(Browsing(make_guest()), make_scene(now=now)).greeting == f"林*，{greeting}"


def test_somebody_without_a_name_is_greeted_all_the_same() -> None:
    guest = make_guest(snapshot=make_snapshot(display_name=""))

    assert member_view(Browsing(guest)).greeting == "欢迎光临"


def test_tier_progress_and_what_is_missing() -> None:
    view = member_view(Browsing(make_guest()))

    assert (view.tier_name, view.tier_rank, view.tier_ranks) == ("黄金会员", 2, 4)
    assert view.progress == pytest.approx(0.2)
    assert (view.stats[0].label, view.stats[0].value) == ("距离钻石会员", "4,000")


def test_the_highest_tier_has_nowhere_to_go() -> None:
    view = member_view(Browsing(make_guest(snapshot=make_snapshot(tier="diamond", qualifying=99_999))))

    assert view.progress == 1.0
    assert view.stats[0].value == "最高"


def test_points_that_expire_soon_are_shown() -> None:
    view = member_view(Browsing(make_guest(snapshot=make_snapshot(expiring=320))))

    assert [(stat.label, stat.value) for stat in view.stats[1:]] == [("30 天内到期", "320")]


def test_own_fields_are_read_in_the_language_of_the_screen() -> None:
    size = ShownField({"zh": "尺码", "en": "Size"}, {"zh": "大", "en": "Large"})
    locker = ShownField({"zh": "储物柜"}, {"en": "A7"})
    state = Browsing(make_guest(snapshot=make_snapshot(fields=[size, locker])))

    assert member_view(state).fields == "尺码：大  ·  储物柜：A7"
    assert member_view(state, make_scene("en")).fields == "Size: Large  ·  储物柜: A7"
    assert member_view(Browsing(make_guest())).fields == ""


def test_stored_value_has_a_line_of_its_own() -> None:
    assert member_view(Browsing(make_guest(snapshot=make_snapshot(stored_value=0)))).stored_value == ""
    view = member_view(Browsing(make_guest(snapshot=make_snapshot(stored_value=12_350))))
    assert view.stored_value == "储值余额 ¥123.50"


def test_the_earning_rule_is_told_for_this_tier() -> None:
    assert member_view(Browsing(make_guest())).note == "每消费 ¥1 得 1 积分，黄金会员再乘 1.5"
    classic = make_guest(snapshot=make_snapshot(tier="classic"))
    assert member_view(Browsing(classic), make_scene("en")).note == "1 point for every ¥1 spent"


def test_points_that_are_on_their_way_and_debts_are_told_instead() -> None:
    pending = make_snapshot(pending=1, pending_at=NOW + timedelta(days=14))
    owing = structs.replace(pending, debt=30)

    assert member_view(Browsing(make_guest(snapshot=pending))).note == "另有 1 积分待生效，最早 12月5日"
    english = member_view(Browsing(make_guest(snapshot=pending)), make_scene("en"))
    assert english.note == "1 more point is on the way, the first on 5 Dec"
    assert member_view(Browsing(make_guest(snapshot=owing))).note == "您还欠 30 积分，之后获得的积分会先用来抵扣"
    english = member_view(Browsing(make_guest(snapshot=owing)), make_scene("en"))
    assert english.note == "You owe 30 points; what you earn next settles it first"


def test_stored_value_says_how_much_of_it_is_a_gift() -> None:
    snapshot = make_snapshot(stored_value=12_350, bonus=2_000)

    assert member_view(Browsing(make_guest(snapshot=snapshot))).stored_value == "储值余额 ¥123.50（含赠送 ¥20）"
    english = member_view(Browsing(make_guest(snapshot=snapshot)), make_scene("en"))
    assert english.stored_value == "Stored value ¥123.50, ¥20 of it a gift"


def test_figures_that_the_hub_has_not_vouched_for_say_how_old_they_are() -> None:
    old = make_guest(authority=None, snapshot=make_snapshot(as_of=NOW - timedelta(days=1, hours=2)))
    asking = replace(old, asked_at=100.0)

    note = "截至昨天 08:00"
    assert member_view(Browsing(old)).provisional
    assert member_view(Browsing(old)).age_note == note
    assert member_view(Browsing(asking), make_scene(online=False)).age_note == note
    assert member_view(Browsing(asking)).age_note == "以下为 昨天 08:00 的数据，正在与总部核对"
    assert member_view(Browsing(make_guest())).age_note == ""


def test_a_chain_without_tiers_and_rules_has_a_member_screen_too() -> None:
    view = member_view(Browsing(make_guest()), make_scene(programme=structs.replace(make_programme(), tiers=[])))

    assert (view.tier_name, view.note) == ("", "")


def test_every_reward_says_whether_it_can_be_had() -> None:
    tiles = member_view(Browsing(make_guest())).rewards

    assert [(tile.reach, tile.note) for tile in tiles] == [
        (Reach.READY, ""),
        (Reach.SHORT, "还差 1,400"),
        (Reach.TIER, "钻石会员专享"),
        (Reach.GONE, "已兑完"),
    ]
    assert (tiles[1].price, tiles[1].unit) == ("2,400", "积分")


def test_a_text_that_is_missing_in_a_language_falls_back() -> None:
    tiles = member_view(Browsing(make_guest()), make_scene("en")).rewards

    assert [tile.name for tile in tiles] == ["House latte", "Tote", "Earbuds", "限量"]


def test_earlier_vouchers_wait_on_the_member_screen() -> None:
    guest = make_guest(snapshot=make_snapshot(vouchers=[make_voucher()]))

    [voucher] = member_view(Browsing(guest)).vouchers

    assert voucher.label == f"精品拿铁 待领取 · {voucher_code(SPEND)}"


def test_the_question_shows_the_sum() -> None:
    shown = frame(Confirming(make_guest(), LATTE, 600), make_scene()).confirm

    assert shown is not None
    assert shown.title == "兑换「精品拿铁」？"
    assert [row.value for row in shown.rows] == ["1,000", "−600", "400"]
    assert not shown.waiting


def test_while_points_are_set_aside_the_question_waits() -> None:
    shown = frame(make_redeeming(), make_scene()).confirm

    assert shown is not None
    assert (shown.waiting, shown.waiting_label) == (True, "正在兑换，请稍候…")


@pytest.mark.parametrize(
    ("language", "label"),
    [("zh", "正在查询本店其他自助机…"), ("en", "Looking for your points at the other kiosks of this store…")],
)
def test_while_neighbours_are_asked_the_question_says_so(language: str, label: str) -> None:
    state = make_redeeming(otherwise=Reason(ErrorCode.REDEEM_OFFLINE))

    shown = frame(state, make_scene(language, online=False)).confirm

    assert shown is not None
    assert (shown.waiting, shown.waiting_label) == (True, label)


@pytest.mark.parametrize(
    ("standing", "title", "label", "fresh"),
    [
        (Standing.PROVISIONAL, "兑换成功", "总部确认中", True),
        (Standing.CONFIRMED, "兑换成功", "总部已确认", True),
        (Standing.REJECTED, "需要店员处理", "总部未通过", False),
    ],
)
def test_a_voucher_says_how_sure_it_is(standing: Standing, title: str, label: str, *, fresh: bool) -> None:
    body = frame(make_showing(standing=standing), make_scene()).body

    assert isinstance(body, VoucherView)
    assert (body.title, body.standing_label, body.fresh) == (title, label, fresh)
    assert body.code == voucher_code(SPEND)
    assert body.qr_text.endswith(body.code)
    assert body.summary == "精品拿铁 · 已使用 600 积分"


def test_an_earlier_voucher_is_not_celebrated() -> None:
    body = frame(make_showing(is_fresh=False, standing=Standing.CONFIRMED), make_scene()).body

    assert isinstance(body, VoucherView)
    assert not body.fresh
    assert body.summary == "精品拿铁 · 10:00 兑换"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_refusal_has_a_sentence_in_every_language(code: ErrorCode, language: str) -> None:
    state = Refused(code, {"short": 1_200, "points": 650}, None, 0.0)

    body = frame(state, make_scene(language)).body

    assert isinstance(body, RefusalView)
    assert body.code == code
    assert len(body.sentence) > 5
    assert "{" not in body.sentence
    assert body.sentence != code.replace(".", "-")


def test_numbers_in_sentences_are_grouped() -> None:
    state = Refused(ErrorCode.POINTS_SHORT, {"short": 1_200}, None, 0.0)

    body = frame(state, make_scene()).body

    assert isinstance(body, RefusalView)
    assert "1,200" in body.sentence


@pytest.mark.parametrize(
    ("code", "title"),
    [
        (ErrorCode.REDEEM_OFFLINE, "网络不通"),
        (ErrorCode.CARD_TORN, "请再试一次"),
        (ErrorCode.REWARD_GONE, "没有办成"),
    ],
)
def test_refusals_are_told_apart_at_a_glance(code: ErrorCode, title: str) -> None:
    body = frame(Refused(code, {}, None, 0.0), make_scene()).body

    assert isinstance(body, RefusalView)
    assert body.title == title


def test_an_offline_kiosk_says_so_on_every_screen() -> None:
    for state in (Idle(), Browsing(make_guest()), make_showing()):
        assert frame(state, make_scene(online=False)).banner
        assert not frame(state, make_scene()).banner


def test_the_end_of_a_visit_is_announced() -> None:
    calm = frame(Browsing(make_guest()), make_scene(ending=Ending(12, asks=False)))
    near = frame(Browsing(make_guest()), make_scene(ending=Ending(3, asks=True)))

    assert (calm.countdown, calm.still_there) == ("12 秒后自动退出", "")
    assert (near.hurry, near.still_there, near.stay_label) == (True, "您还在吗？", "继续")


def test_the_same_state_in_another_language_is_the_same_screen_in_other_words() -> None:
    zh, en = (member_view(Browsing(make_guest()), make_scene(language)) for language in LANGUAGES)

    assert replace(zh, greeting="", tier_name="") != zh
    assert (zh.points, zh.progress, [tile.reward for tile in zh.rewards]) == (
        en.points,
        en.progress,
        [tile.reward for tile in en.rewards],
    )
