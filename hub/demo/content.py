"""What the demo chain consists of. Prices in points; thresholds in qualifying points; multipliers in basis points."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

NAMESPACE = UUID(int=0x6D656D62657274617064656D6F)
"""What the demo's ids are derived from, so that they are the same every time."""

CHAIN = {"zh": "云朵百货", "en": "Cloud Stores"}
LANGUAGES = ["zh", "en"]
CURRENCY = "CNY"
JURISDICTION = "CN"
ZONE = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class DemoStore:
    """A store of the chain."""

    id: str
    zh: str
    en: str
    region: str


@dataclass(frozen=True, slots=True)
class DemoTier:
    """A tier of the programme."""

    id: str
    zh: str
    en: str
    threshold: int
    multiplier: int


@dataclass(frozen=True, slots=True)
class DemoReward:
    """A reward; `id` also names its picture. `stock` None never runs out; `tiers` empty is for everybody."""

    id: str
    zh: str
    en: str
    about_zh: str
    about_en: str
    points: int
    stock: int | None = None
    tiers: tuple[str, ...] = ()


STORES = (
    DemoStore("S01", "上海南京路店", "Nanjing Road, Shanghai", "east"),
    DemoStore("S02", "杭州湖滨店", "Lakeside, Hangzhou", "east"),
    DemoStore("S03", "北京王府井店", "Wangfujing, Beijing", "north"),
    DemoStore("S04", "成都太古里店", "Taikoo Li, Chengdu", "west"),
    DemoStore("S05", "深圳万象城店", "MixC, Shenzhen", "south"),
)

TIERS = (
    DemoTier("classic", "普通会员", "Classic", 0, 10_000),
    DemoTier("silver", "白银会员", "Silver", 2_000, 12_000),
    DemoTier("gold", "黄金会员", "Gold", 8_000, 15_000),
    DemoTier("diamond", "钻石会员", "Diamond", 20_000, 20_000),
)

REWARDS = (
    DemoReward("latte", "精品拿铁", "House latte", "现磨现做，冷热任选", "Freshly ground, hot or iced", 600),
    DemoReward("gelato", "冰淇淋双球", "Two scoops of gelato", "每日新鲜制作", "Made fresh every day", 480),
    DemoReward("cake", "生日蛋糕 6 寸", "Birthday cake, 6 inch", "提前一天预订", "Order one day ahead", 3_800, 40),
    DemoReward("tote", "帆布手提袋", "Canvas tote", "十二安加厚帆布", "Heavy 12 oz canvas", 2_400, 120),
    DemoReward("voucher", "50 元代金券", "50 yuan voucher", "全场通用", "Good for everything", 4_500),
    DemoReward("umbrella", "晴雨两用伞", "All-weather umbrella", "防晒防雨，一键开合", "For sun and rain", 3_200, 60),
    DemoReward("mug", "釉彩马克杯", "Glazed mug", "手工上釉，每只不同", "Hand-glazed, no two alike", 2_800, 80),
    DemoReward("plant", "桌面绿植", "Desk plant", "好养的龟背竹", "An easy monstera", 1_900, 25),
    DemoReward("candle", "香薰蜡烛", "Scented candle", "白茶与雪松", "White tea and cedar", 3_600, 50),
    DemoReward("tshirt", "限定 T 恤", "Limited T-shirt", "仅此一季", "This season only", 5_200, 3),
    DemoReward(
        "earbuds", "无线耳机", "Wireless earbuds", "黄金会员起", "Gold members and up", 16_800, 12, ("gold", "diamond")
    ),
    DemoReward(
        "suitcase",
        "登机箱 20 寸",
        "Cabin suitcase, 20 inch",
        "钻石会员专享",
        "For diamond members",
        28_000,
        6,
        ("diamond",),
    ),
)

PRODUCTS = (
    ("coffee", "咖啡", 2_800),
    ("bakery", "烘焙", 3_600),
    ("fruit", "鲜果", 4_900),
    ("tea", "茶饮", 2_200),
    ("home", "家居", 12_900),
    ("beauty", "美妆", 23_800),
    ("books", "图书", 5_800),
    ("clothing", "服饰", 31_900),
)
"""Category, product and price in fen of what members of the demo buy."""

TERMS: dict[str, dict[str, Any]] = {
    "earning.1": {
        "kind": "rate",
        "points": 1,
        "per_minor": 100,
        "names": {"zh": "消费积分", "en": "Points on purchases"},
    },
    "earning.2": {
        "kind": "multiplier",
        "multiplier": 20_000,
        "group": "weekend",
        "categories": ["tea"],
        "weekdays": [6, 7],
        "cap_day": 500,
        "names": {"zh": "周末茶饮双倍", "en": "Double points on tea at weekends"},
    },
    "earning.3": {
        "kind": "bonus",
        "points": 20,
        "per": "unit",
        "categories": ["books"],
        "names": {"zh": "好书加分", "en": "Extra points on books"},
    },
    "earning.4": {
        "kind": "bonus",
        "points": 88,
        "tiers": ["gold", "diamond"],
        "min_minor": 50_000,
        "budget": 1_000_000,
        "names": {"zh": "金钻会员满 500 元加分", "en": "Extra points from 500 yuan, gold and diamond"},
    },
    "cash": {"points": 100, "minor": 100, "max_share_bp": 3_000, "min_points": 500},
    "expiry": {"kind": "rolling", "months": 12},
    "wallet": {"order": "bonus_first", "bonus_months": 12, "refund_days": 7},
    "gift.1": {
        "at_least": 50_000,
        "step": 50_000,
        "gift": 5_000,
        "names": {"zh": "充 500 送 50", "en": "50 yuan on every 500"},
    },
    "gift.2": {
        "at_least": 100_000,
        "gift": 15_000,
        "points": 100,
        "tiers": ["gold", "diamond"],
        "cap_member": 30_000,
        "names": {"zh": "金钻会员充 1000 送 150", "en": "150 yuan on 1,000, gold and diamond"},
    },
    "package.coffee": {
        "price": 24_000,
        "items": {"coffee": 10, "gelato": 2},
        "valid_days": 180,
        "names": {"zh": "咖啡十杯卡（赠冰淇淋两份）", "en": "Ten coffees and two gelatos"},
    },
    "jurisdiction.CN": {
        "balance_max_identified": 500_000,
        "balance_max_anonymous": 100_000,
        "top_up_max": 500_000,
        "identify_from": 1_000_000,
        "sources": ["国办发〔2011〕25号", "商务部令2012年第9号"],
    },
}
"""The programme's first terms."""
