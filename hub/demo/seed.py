"""Fills an empty hub with the demo chain. Purchases go through booking, day by day, like real ones."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from random import Random
from uuid import UUID

import resvg_py
from sqlalchemy.orm import Session

from devices.cards.technology import Technology
from hub.cards import service as cards
from hub.composition import Hub
from hub.demo import staff
from hub.demo.content import (
    CHAIN,
    CURRENCY,
    JURISDICTION,
    LANGUAGES,
    NAMESPACE,
    PRODUCTS,
    REWARDS,
    STORES,
    TERMS,
    TIERS,
    ZONE,
    DemoReward,
)
from hub.demo.people import DemoMember, people
from hub.errors import SetupError
from hub.fleet.models import Publication
from hub.intake import ByKey, Item
from hub.ledger.models import Counter
from hub.members import service as members
from hub.messaging.envelopes import fingerprint
from hub.programme.service import Change, publish
from hub.rewards.models import Picture, Reward
from hub.rewards.service import stock_counter
from hub.staff.keys import issue_key
from hub.staff.permissions import Permission
from hub.staff.service import hash_of
from hub.stores.models import Chain, Store
from hub.tiers import service as tiers
from hub.tiers.models import Tier
from protocol import codec
from protocol.events import PurchaseLine, PurchaseRecorded
from protocol.ids import derived_id, event_id

MEMBERS = 300
HISTORY_DAYS = 360
PURCHASES_MAX = 60
"""Most purchases of the keenest member over that history."""

PICTURE_WIDTH_PX = 960


class NotEmptyError(SetupError):
    """The demo chain only goes into a hub that has no chain yet."""


@dataclass(frozen=True, slots=True)
class SeededMember:
    """A member of the demo, with the card that was bound to it."""

    id: UUID
    person: DemoMember
    card_uid: str
    technology: Technology


@dataclass(frozen=True, slots=True)
class Seeded:
    """What the demo needs to know of its chain: a till's key, members to tap with, and its people's tokens."""

    till_key: str
    members: list[SeededMember]
    invitations: dict[str, str]


def seed(hub: Hub, number: int) -> Seeded:
    """Fill an empty database; the same number gives the same chain. Only keys are drawn anew every time.

    Raises:
        NotEmptyError: if there is a chain already.
    """
    random, now = Random(number), hub.clock()  # noqa: S311 - the demo is to be the same every time
    opened_at = now - timedelta(days=HISTORY_DAYS + 30)
    with hub.database.write() as session:
        if session.get(Chain, 1) is not None:
            raise NotEmptyError("this hub has a chain already; the demo needs a database of its own")
        _found_chain(session, opened_at)
        _offer_rewards(session)
        _key, till_key = issue_key(
            session, "demo till", list(Permission), stores=[], now=opened_at, random=hub.random_bytes
        )
        session.flush()
        invitations = staff.invite(session, hub)
        joined = [_join(session, hub, person, (opened_at, random)) for person in people(random, MEMBERS, len(STORES))]
    for day, items in _history(joined, till_key, now, random):
        for start in range(0, len(items), 500):
            hub.booking.book(items[start : start + 500], day)
    return Seeded(till_key, joined, invitations)


def _found_chain(session: Session, at: datetime) -> None:
    session.add(Chain(id=1, names=CHAIN, languages=LANGUAGES, currency=CURRENCY, zone=ZONE))
    for store in STORES:
        names = {"zh": store.zh, "en": store.en}
        session.add(
            Store(
                id=store.id,
                names=names,
                region=store.region,
                jurisdiction=JURISDICTION,
                kiosks_record_purchases=False,
                opened_at=at,
            )
        )
    for rank, tier in enumerate(TIERS):
        names = {"zh": tier.zh, "en": tier.en}
        session.add(Tier(id=tier.id, rank=rank, names=names, threshold=tier.threshold, multiplier=tier.multiplier))
    for name, document in TERMS.items():
        publish(session, Change(name, document, "seed"), at)
    session.add_all(Publication(name=name, version=1) for name in ("catalogue", "programme"))


def _offer_rewards(session: Session) -> None:
    for place, reward in enumerate(REWARDS):
        picture = _picture(reward)
        session.merge(picture)
        session.flush()
        session.add(
            Reward(
                id=reward_id(reward.id),
                place=place,
                names={"zh": reward.zh, "en": reward.en},
                descriptions={"zh": reward.about_zh, "en": reward.about_en},
                points=reward.points,
                picture=picture.sha256,
                tiers=list(reward.tiers),
                offered=True,
                limited=reward.stock is not None,
            )
        )
        if reward.stock is not None:
            session.add(Counter(id=stock_counter(reward_id(reward.id)), remaining=reward.stock))


def reward_id(name: str) -> UUID:
    """Id of a reward of the demo."""
    return derived_id(NAMESPACE, f"reward.{name}")


def _picture(reward: DemoReward) -> Picture:
    drawing = files("hub.demo").joinpath("pictures", f"{reward.id}.svg").read_text(encoding="utf-8")
    data = bytes(resvg_py.svg_to_bytes(svg_string=drawing, width=PICTURE_WIDTH_PX))
    return Picture(sha256=hashlib.sha256(data).hexdigest(), media_type="image/png", data=data)


def _join(session: Session, hub: Hub, person: DemoMember, terms: tuple[datetime, Random]) -> SeededMember:
    at, random = terms
    joined_at = at + timedelta(minutes=random.randrange(60 * 24 * 20))
    profile = members.Profile(person.name, person.phone, person.birthday, STORES[person.home_store].id, "zh", "till")
    member = members.join(session, hub.vault, profile, now=joined_at, random=random.randbytes)
    tiers.welcome(session, member.id, joined_at)
    technology = Technology.NTAG424 if person.has_dynamic_card else Technology.NTAG21X
    uid = "04" + random.randbytes(6).hex()
    cards.bind(session, uid, technology, member.id, now=joined_at, random=random.randbytes)
    return SeededMember(member.id, person, uid, technology)


def _history(
    joined: list[SeededMember], till_key: str, now: datetime, random: Random
) -> Iterator[tuple[datetime, list[Item]]]:
    source, receipt = ByKey(hash_of(till_key)), 0
    days: dict[int, list[Item]] = {}
    for member in joined:
        for _ in range(1 + round(member.person.loyalty * PURCHASES_MAX)):
            receipt += 1
            day = random.randrange(1, HISTORY_DAYS)
            at = now - timedelta(days=day, minutes=random.randrange(600))
            days.setdefault(day, []).append(_purchase(member, receipt, at, (source, random)))
    for day in sorted(days, reverse=True):
        yield now - timedelta(days=day), sorted(days[day], key=lambda item: item.occurred_at)


def _purchase(member: SeededMember, receipt: int, at: datetime, terms: tuple[ByKey, Random]) -> Item:
    source, random = terms
    lines = []
    for category, name, price in random.sample(PRODUCTS, random.randint(1, 3)):
        quantity = random.randint(1, 2)
        amount = round(price * quantity * random.uniform(0.8, 1.4) * (0.5 + member.person.loyalty))
        lines.append(PurchaseLine(f"{category}-{random.randrange(100):02d}", category, quantity, amount, name))
    body = PurchaseRecorded(f"R{receipt:07d}", member.id, CURRENCY, at, lines)
    return Item(
        id=event_id(int(at.timestamp() * 1000), random.randbytes(10)),
        kind="purchase.recorded",
        body=body,
        source=source,
        fingerprint=fingerprint("purchase.recorded", codec.encode(body)),
        occurred_at=at,
        store=STORES[member.person.home_store].id,
    )
