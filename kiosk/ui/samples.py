"""Made-up frames of every screen and state, in both languages: for the gallery, for tests, and for warming up.

Knows no Kivy.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

from kiosk.views import (
    AttractView,
    ConfirmView,
    Frame,
    IdentifyingView,
    MemberView,
    RefusalView,
    VoucherView,
)
from kiosk.views.confirm import PriceRow
from kiosk.views.frame import Body, LanguageButton
from kiosk.views.member import Reach, RewardTile, Stat, VoucherLine
from kiosk.views.voucher import Standing

LANGUAGES = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Good:
    """A reward of the sample catalogue; `icon` and `colours` are what its picture is drawn from."""

    names: tuple[str, str]
    descriptions: tuple[str, str]
    points: int
    icon: str
    colours: tuple[str, str]
    pictured: bool = True


GOODS = (
    Good(
        ("精品拿铁", "Signature latte"), ("大杯，冷热可选", "Large, hot or iced"), 1200, "coffee", ("7A4A2B", "D9A97E")
    ),
    Good(
        ("生日蛋糕 8 寸", "Birthday cake, 8 inch"),
        ("提前一天预订", "Order a day ahead"),
        6800,
        "cake",
        ("C43F67", "FFB3C1"),
    ),
    Good(
        ("帆布手提袋", "Canvas tote"),
        ("有机棉，可机洗", "Organic cotton, washable"),
        3500,
        "tote",
        ("0E6E5A", "7FE0BF"),
    ),
    Good(
        ("50 元代金券", "¥50 voucher"),
        ("全场通用，满 50 可用", "Any purchase from ¥50"),
        5000,
        "ticket",
        ("1C60B8", "8CCBFB"),
        pictured=False,
    ),
    Good(("限定 T 恤", "Limited T-shirt"), ("三个尺码", "Three sizes"), 9900, "t-shirt", ("5A3BBF", "C4B0FB")),
    Good(("冰淇淋双球", "Two-scoop ice cream"), ("口味任选", "Any flavour"), 980, "ice-cream", ("C7780F", "FFDD8A")),
    Good(("神秘礼盒", "Mystery box"), ("每月更新", "New every month"), 18800, "gift", ("B32C3C", "FFB0A6")),
    Good(
        ("真皮钱包", "Leather wallet"), ("钻石会员专享", "For diamond members"), 12000, "wallet", ("5A3218", "C98F5C")
    ),
)

BALANCE = 12860
TIERS = (("普通会员", "Member"), ("白银会员", "Silver"), ("黄金会员", "Gold"), ("钻石会员", "Diamond"))

WAITING = ("正在兑换，请稍候…", "One moment, please…")
LOOKING = ("正在查询本店其他自助机…", "Looking for your points at the other kiosks of this store…")

Pictures = dict[str, Path]
"""Where the picture of a good lies, by its icon; a good without one is shown with the stand-in."""


class Samples:
    """Frames in one language. A sentence is a pair, Chinese first."""

    def __init__(self, language: str, pictures: Pictures) -> None:
        self._second = language != "zh"
        self._language = language
        self._pictures = pictures

    def frames(self) -> dict[str, Frame]:
        """All of them, by a name that works as a file name, in the order of a visit."""
        makers: Sequence[Callable[[], dict[str, Frame]]] = (
            self._before,
            self._members,
            self._questions,
            self._vouchers,
            self._refusals,
        )
        return {name: frame for make in makers for name, frame in make().items()}

    def member(self, rank: int = 2) -> MemberView:
        """A member of some tier with the whole catalogue."""
        tier = self._say(*TIERS[rank])
        following = self._say(*TIERS[min(rank + 1, 3)])
        return MemberView(
            greeting=self._say("林*，下午好", "Good afternoon, Lin*"),
            tier_name=tier,
            tier_rank=rank,
            tier_ranks=len(TIERS),
            points=BALANCE,
            points_label=self._say("可用积分", "points"),
            progress=1.0 if rank == 3 else 0.86,
            stats=(
                Stat(self._say(f"距离{following}", f"To {following}"), "2,140"),
                Stat(self._say("30 天内到期", "Expire in 30 days"), "320"),
            ),
            stored_value="",
            note=self._say("消费 10 元积 1 分，黄金会员 1.5 倍", "1 point for every ¥10; gold members earn 1.5 times"),
            fields="",
            provisional=False,
            age_note="",
            rewards_title=self._say("可兑换好礼", "Rewards for you"),
            rewards_note=self._say("用积分换一份小惊喜", "Treat yourself with your points"),
            rewards=tuple(self._tile(good, rank) for good in GOODS),
            vouchers=(),
            end_label=self._say("结束", "I'm done"),
        )

    def confirm(self, *, waiting: bool = False, elsewhere: bool = False) -> ConfirmView:
        """The question about one reward."""
        good = GOODS[2]
        return ConfirmView(
            title=self._say(f"兑换「{good.names[0]}」？", f"Redeem {good.names[1]}?"),
            subtitle=self._say(*good.descriptions),
            picture=self._pictures.get(good.icon),
            rows=(
                PriceRow(self._say("当前积分", "Your points"), f"{BALANCE:,}", "plain"),
                PriceRow(self._say("本次使用", "This takes"), f"−{good.points:,}", "spend"),
                PriceRow(self._say("兑换后剩余", "You keep"), f"{BALANCE - good.points:,}", "rest"),
            ),
            confirm_label=self._say("确认兑换", "Redeem"),
            cancel_label=self._say("取消", "Cancel"),
            waiting=waiting or elsewhere,
            waiting_label=self._say(*(LOOKING if elsewhere else WAITING)),
        )

    def voucher(self, standing: Standing, *, fresh: bool) -> VoucherView:
        """One voucher, as sure as asked for."""
        good = GOODS[2]
        spent = self._say(
            f"{good.names[0]} · 已使用 {good.points:,} 积分", f"{good.names[1]} · {good.points:,} points used"
        )
        labels = {
            Standing.CONFIRMED: self._say("已确认", "Confirmed"),
            Standing.PROVISIONAL: self._say("暂记，联网后确认", "Provisional until we are online"),
            Standing.REJECTED: self._say("未能入账", "Not booked"),
        }
        hints = {
            Standing.CONFIRMED: self._say("凭此码到柜台领取", "Show this code at the counter"),
            Standing.PROVISIONAL: self._say("凭此码到柜台领取", "Show this code at the counter"),
            Standing.REJECTED: self._say(
                "很抱歉，积分已退回，请到柜台，店员会帮您处理。",
                "We are sorry. Your points are back; our staff at the counter will help you.",
            ),
        }
        titles = {
            Standing.CONFIRMED: self._say("兑换成功", "It's yours"),
            Standing.PROVISIONAL: self._say("兑换成功", "It's yours"),
            Standing.REJECTED: self._say("这次没有成功", "This did not work out"),
        }
        return VoucherView(
            title=titles[standing],
            summary=spent,
            code="7KQ2-93FX",
            qr_text="https://kiosk.example/v/7KQ293FX",
            hint=hints[standing],
            standing=standing,
            standing_label=labels[standing],
            done_label=self._say("完成", "Done"),
            more_label=self._say("继续看看", "See more"),
            fresh=fresh,
        )

    def around(self, body: Body) -> Frame:
        """A frame with nothing out of the ordinary around a body."""
        other = LanguageButton("zh", "中文") if self._second else LanguageButton("en", "English")
        visiting = not isinstance(body, AttractView | IdentifyingView)
        return Frame(
            body=body,
            confirm=None,
            chain_name=self._say("云朵百货", "Cloud Store"),
            store_name=self._say("滨江店", "Riverside"),
            languages=(other,),
            banner="",
            banner_icon="wifi-slash",
            countdown=self._say("45 秒后结束", "Ends in 45 s") if visiting else "",
            hurry=False,
            still_there="",
            stay_label=self._say("我还在", "I'm still here"),
        )

    def _before(self) -> dict[str, Frame]:
        invitation = AttractView(
            headline=self._say("请轻触会员卡", "Tap your member card"),
            subtitle=self._say("Tap your member card to begin", "请轻触会员卡"),
            hint=self._say("将卡片平放在感应区", "Hold it flat on the reader"),
            card_label=self._say("会员卡", "MEMBER"),
            usable=True,
        )
        broken = AttractView(
            headline=self._say("暂停服务", "Out of order"),
            subtitle=self._say("Out of order", "暂停服务"),
            hint=self._say("读卡器没有连接，请联系店员", "The card reader is not connected. Please call our staff."),
            card_label="",
            usable=False,
        )
        searching = IdentifyingView(self._say("正在查找您的会员卡…", "Looking up your card…"))
        return {
            "attract": self.around(invitation),
            "attract_offline": replace(self.around(invitation), banner=self._offline()),
            "attract_unusable": self.around(broken),
            "attract_storage": replace(
                self.around(invitation),
                banner=self._say(
                    "店员请注意：本机存储已用 84%，请尽快恢复网络，或联系总部。",
                    "For staff: this kiosk's storage is 84 % full. "
                    "Please connect it to the network, or call headquarters.",
                ),
                banner_icon="hard-drives",
            ),
            "attract_waiting": replace(
                self.around(invitation),
                banner=self._say(
                    "店员请注意：本机启用了新的流水，请联系总部予以确认。",
                    "For staff: this kiosk has begun a new journal. Please ask headquarters to accept it.",
                ),
                banner_icon="x-circle",
            ),
            "identifying": self.around(searching),
        }

    def _members(self) -> dict[str, Frame]:
        gold = self.member(2)
        vouchers = (
            VoucherLine(UUID(int=901), self._say("精品拿铁 · 待领取", "Signature latte · waiting for you")),
            VoucherLine(
                UUID(int=902),
                self._say(
                    "帆布手提袋 待领取 · 7KQ2-93FX · 总部确认中", "Canvas tote is waiting · 7KQ2-93FX · being confirmed"
                ),
            ),
        )
        rich = replace(
            gold,
            fields=self._say("储物柜：A7  ·  尺码：L  ·  教练：王教练", "Locker: A7  ·  Size: L  ·  Coach: Wang"),
            stored_value=self._say("储值余额 ¥12,850.50（含赠送 ¥1,250）", "Stored value ¥12,850.50, ¥1,250 a gift"),
            note=self._say("另有 1,200 积分待生效，最早 12月5日", "1,200 more points on their way, the first on 5 Dec"),
        )
        aged = replace(gold, provisional=True, age_note=self._say("截至今天 10:32", "As of 10:32 today"))
        empty = replace(
            gold,
            rewards=(),
            rewards_note=self._say(
                "好礼正在路上，过几天再来看看吧。", "New rewards are on their way. Do look again soon."
            ),
        )
        lent = replace(
            aged,
            points=BALANCE - 3500,
            note=self._say(
                "已在这里使用 3,500 积分，等待总部确认", "3,500 points were used here and are still to be confirmed"
            ),
            age_note=self._say("截至昨天 14:05", "As of 14:05 yesterday"),
            rewards=tuple(self._lent(tile) for tile in gold.rewards),
            rewards_note=self._say(
                "现可兑换，单次最多 2,000 积分",
                "Here now: up to 2,000 points each",
            ),
        )
        offline = replace(
            self.around(aged),
            banner=self._offline(),
            countdown=self._say("8 秒后结束", "Ends in 8 s"),
            hurry=True,
        )
        return {
            "member_gold": self.around(gold),
            "member_rich": self.around(rich),
            "member_rich_offline": replace(
                self.around(replace(rich, provisional=True, age_note=aged.age_note)), banner=self._offline()
            ),
            "member_base": self.around(self.member(0)),
            "member_silver": self.around(self.member(1)),
            "member_diamond": self.around(self.member(3)),
            "member_offline_hurry": offline,
            "member_offline_lent": replace(self.around(lent), banner=self._offline()),
            "member_vouchers": self.around(replace(gold, vouchers=vouchers)),
            "member_no_rewards": self.around(empty),
            "member_one_reward": self.around(replace(gold, rewards=gold.rewards[:1])),
        }

    def _questions(self) -> dict[str, Frame]:
        page = self.around(self.member(2))
        asked = self._say("您还在吗？", "Are you still there?")
        return {
            "confirm": replace(page, confirm=self.confirm()),
            "confirm_waiting": replace(page, confirm=self.confirm(waiting=True)),
            "confirm_elsewhere": replace(page, banner=self._offline(), confirm=self.confirm(elsewhere=True)),
            "still_there": replace(page, still_there=asked, hurry=True),
        }

    def _vouchers(self) -> dict[str, Frame]:
        return {
            "voucher_fresh": self.around(self.voucher(Standing.CONFIRMED, fresh=True)),
            "voucher_provisional": self.around(self.voucher(Standing.PROVISIONAL, fresh=False)),
            "voucher_rejected": self.around(self.voucher(Standing.REJECTED, fresh=False)),
        }

    def _refusals(self) -> dict[str, Frame]:
        short = RefusalView(
            icon="coins",
            title=self._say("积分还差一点", "Almost there"),
            sentence=self._say(
                "还差 5,940 积分，再多来几次就可以兑换了。", "5,940 points to go. A few more visits and it is yours."
            ),
            code="points.short",
            dismiss_label=self._say("知道了", "All right"),
        )
        unknown = RefusalView(
            icon="cloud-slash",
            title=self._say("暂时查不到这张卡", "We cannot look this card up"),
            sentence=self._say(
                "网络暂时不通，这张卡还没有在本机用过，请稍后再试或到柜台办理。",
                "We are offline, and this card has not been used here before. "
                "Please try again later or ask at the counter.",
            ),
            code="card.unknown_offline",
            dismiss_label=self._say("知道了", "All right"),
        )
        told = RefusalView(
            icon="info",
            title=self._say("关于您之前的操作", "About an earlier visit"),
            sentence=self._say(
                "您 昨天 14:05 在这里兑换的「帆布手提袋」总部没能入账，也没有扣除积分。"
                "如果还没有领到，请到柜台，店员会为您处理。",
                "Headquarters could not book Canvas tote, redeemed here 14:05 yesterday, "
                "and has taken no points for it. If you have not received it, please ask at the counter.",
            ),
            code="lease.unknown",
            dismiss_label=self._say("知道了", "All right"),
        )
        return {
            "refusal_short": self.around(short),
            "refusal_offline_card": self.around(unknown),
            "refusal_notice": self.around(told),
        }

    def _lent(self, tile: RewardTile) -> RewardTile:
        if tile.reach is not Reach.READY:
            return tile
        here = tile.points <= 2_000
        note = self._say("现可兑换", "Here now") if here else self._say("联网后可兑", "Online only")
        return replace(tile, reach=Reach.READY if here else Reach.LATER, note=note)

    def _tile(self, good: Good, rank: int) -> RewardTile:
        reach = Reach.READY if good.points <= BALANCE else Reach.SHORT
        if good.icon == "wallet" and rank < 3:
            reach = Reach.TIER
        if good.icon == "t-shirt":
            reach = Reach.GONE
        notes = {
            Reach.READY: "",
            Reach.SHORT: self._say(f"还差 {good.points - BALANCE:,}", f"{good.points - BALANCE:,} to go"),
            Reach.TIER: self._say("钻石会员专享", "Diamond only"),
            Reach.GONE: self._say("已兑完", "All gone"),
        }
        return RewardTile(
            reward=UUID(int=GOODS.index(good) + 1),
            name=self._say(*good.names),
            description=self._say(*good.descriptions),
            points=good.points,
            price=f"{good.points:,}",
            unit=self._say("积分", "points"),
            note=notes[reach],
            reach=reach,
            picture=self._pictures.get(good.icon),
        )

    def _offline(self) -> str:
        return self._say(
            "网络暂时不通：可以查询，标有「现可兑换」的好礼仍可兑换",
            "We are offline: you can look, and redeem what is marked Here now",
        )

    def _say(self, chinese: str, english: str) -> str:
        return english if self._second else chinese
