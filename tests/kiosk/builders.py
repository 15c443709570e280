"""Members, cards, rewards and stores as a kiosk meets them."""

import base64
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from devices.cards import ntag424
from devices.cards.keys import FleetKeys
from kiosk.store.disk import Disk
from kiosk.store.events import Stamp
from kiosk.store.holdings import Pen
from kiosk.store.journal import Journal
from kiosk.store.tables import JournalDB
from protocol.duties import CardVerifiers, GrantLease, LendPoints, LendStock
from protocol.events import CardEvidence
from protocol.passes import PassNote
from protocol.state import Configuration, MemberSnapshot, OpenVoucher, Programme, Reward, Tier
from tests.simulation.disk import SimDisk

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
EPOCH = UUID(int=0xE)
LIN, CHEN = UUID(int=0xA), UUID(int=0xB)
LATTE, TOTE = UUID(int=0x1A), UUID(int=0x1B)
SPEND, VISIT, REQUEST = UUID(int=0x5), UUID(int=0x6), UUID(int=0x7)
CARD_KEYS = FleetKeys(meta=bytes(range(1, 17)), master=bytes(range(17, 33)), system=b"CLOUDS01")
CARD_UID = bytes.fromhex("04a1b2c3d4e5f6")
URL = "https://card.example/t?e=" + "0" * 32 + "&c=" + "0" * 16


def make_card(uid: str = "04a1b2c3d4e5f6", **overrides: Any) -> CardEvidence:
    return CardEvidence(**{"technology": "ntag424", "uid": uid, "url": URL, **overrides})


def make_snapshot(**overrides: Any) -> MemberSnapshot:
    fields: dict[str, Any] = {
        "member": LIN,
        "version": 5,
        "as_of": NOW,
        "display_name": "林*",
        "language": "zh",
        "tier": "gold",
        "points": 1_000,
        "qualifying": 6_000,
    }
    return MemberSnapshot(**{**fields, **overrides})


def make_voucher(spend: UUID = SPEND, **overrides: Any) -> OpenVoucher:
    return OpenVoucher(**{"spend": spend, "reward": LATTE, "redeemed_at": NOW, **overrides})


def make_reward(**overrides: Any) -> Reward:
    fields: dict[str, Any] = {
        "reward": LATTE,
        "names": {"zh": "精品拿铁", "en": "House latte"},
        "points": 600,
        "picture": "ab" * 32,
    }
    return Reward(**{**fields, **overrides})


def make_programme() -> Programme:
    tiers = (("classic", 0, 10_000), ("silver", 2_000, 12_000), ("gold", 5_000, 15_000), ("diamond", 10_000, 20_000))
    names = {"classic": "普通会员", "silver": "白银会员", "gold": "黄金会员", "diamond": "钻石会员"}
    return Programme(
        tiers=[
            Tier(tier=tier, names={"zh": names[tier], "en": tier.title()}, threshold=threshold, multiplier=multiplier)
            for tier, threshold, multiplier in tiers
        ],
        currency="CNY",
        earn_points=1,
        earn_per=100,
    )


def make_configuration(**overrides: Any) -> Configuration:
    fields: dict[str, Any] = {
        "chain_names": {"zh": "云朵百货", "en": "Cloud Stores"},
        "store_names": {"zh": "上海南京路店", "en": "Nanjing Road"},
        "languages": ["zh", "en"],
    }
    return Configuration(**{**fields, **overrides})


def make_grant(**overrides: Any) -> GrantLease:
    fields: dict[str, Any] = {
        "epoch": EPOCH,
        "lease": 1,
        "member": LIN,
        "points": 600,
        "reward": LATTE,
        "spend": SPEND,
        "deadline": NOW + timedelta(minutes=10),
    }
    return GrantLease(**{**fields, **overrides})


def make_db(disk: Disk | None = None, name: str = "test.journal") -> JournalDB:
    return JournalDB(Journal.open(disk or SimDisk(), name))


def draw(count: int, seed: int = 1) -> list[bytes]:
    random = Random(seed)
    return [random.randbytes(10) for _ in range(count)]


def make_lend_points(**overrides: Any) -> LendPoints:
    fields: dict[str, Any] = {
        "epoch": EPOCH,
        "lease": 1,
        "member": LIN,
        "points": 1_000,
        "deadline": NOW + timedelta(days=3),
        "seal": "5e" * 32,
    }
    return LendPoints(**{**fields, **overrides})


def make_lend_stock(**overrides: Any) -> LendStock:
    fields: dict[str, Any] = {
        "epoch": EPOCH,
        "lease": 2,
        "reward": LATTE,
        "pieces": 2,
        "deadline": NOW + timedelta(days=3),
        "seal": "5f" * 32,
    }
    return LendStock(**{**fields, **overrides})


def make_reading(counter: int, card: bytes = CARD_UID) -> CardEvidence:
    """What a reader sees of a dynamic card at a counter."""
    tap = ntag424.Tap(card, counter)
    message = ntag424.compose(CARD_KEYS.of_card(card), tap, bytes(5))
    url = f"https://card.example/t?e={message.picc.hex()}&c={message.mac.hex()}"
    return make_card(card.hex(), url=url)


def make_verifiers(after: int = 0, card: bytes = CARD_UID, *, count: int = 8, salt: bytes = bytes(16)) -> CardVerifiers:
    """What recognises the readings of a card after a counter."""
    macs = ntag424.verifiers(CARD_KEYS.of_card(card), ntag424.Tap(card, after), count=count, salt=salt)
    return CardVerifiers(base64.b64encode(salt).decode(), after, base64.b64encode(b"".join(macs)).decode())


def make_pen(**overrides: Any) -> Pen:
    fields: dict[str, Any] = {"stamp": Stamp(NOW, "ntp", "kiosk"), "draw": draw, "monotonic": 0.0}
    return Pen(**{**fields, **overrides})


def make_note(**overrides: Any) -> PassNote:
    fields: dict[str, Any] = {
        "id": UUID(int=0x70),
        "kiosk": "k-giver",
        "epoch": EPOCH,
        "lease": 1,
        "lent": 1_000,
        "seal": "5e" * 32,
        "to": "k-taker",
        "to_epoch": UUID(int=0xB),
        "member": LIN,
        "points": 600,
        "deadline": NOW + timedelta(days=3),
    }
    return PassNote(**{**fields, **overrides})
