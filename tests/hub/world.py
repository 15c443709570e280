"""A small chain to test in: one hub with a set clock and seeded randomness, and people, cards and kiosks on demand."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Self
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from msgspec import Struct
from sqlalchemy.orm import Session

from devices.cards import ntag424
from devices.cards.keys import FleetKeys
from hub.cards import service as cards
from hub.composition import Hub, compose
from hub.db.session import Database
from hub.enrolment import NewKiosk, add_kiosk
from hub.fleet.models import HubState, Publication
from hub.intake import ByKey, ByKiosk, Item, Outcome, Place
from hub.ledger import service as ledger
from hub.ledger.models import Account, Counter
from hub.members import service as members
from hub.members.vault import VaultKeys
from hub.messaging.envelopes import fingerprint
from hub.points.service import points_account
from hub.programme.service import Change, publish
from hub.rewards.models import Picture, Reward
from hub.rewards.service import stock_counter
from hub.secrets import Secrets
from hub.sessions import passwords
from hub.sessions import service as sessions
from hub.sessions.passkeys import Site
from hub.staff.keys import issue_key
from hub.staff.models import Person, PersonRegion
from hub.staff.permissions import Permission, Role
from hub.staff.service import hash_of
from hub.stores.models import Chain, Store
from hub.tiers import service as tiers
from hub.tiers.models import Tier
from protocol import codec
from protocol.chain import GENESIS, link
from protocol.envelope import Event
from protocol.events import CardEvidence, PurchaseLine, PurchaseRecorded
from protocol.ids import derived_id, event_id, kiosk_id
from protocol.kinds import kind_of
from provisioning import keys

START = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
STORE = "S01"
KEYS = FleetKeys(meta=bytes(range(1, 17)), master=bytes(range(17, 33)), system=b"CLOUDS01")
SITE = Site("https://hub.example", "hub.example", "Cloud Stores")
SECRETS = Secrets(VaultKeys("1", {"1": bytes(range(32))}, bytes(range(32, 64))), KEYS)


@dataclass(slots=True)
class TestClock:
    """A clock that stands until it is moved."""

    __test__ = False
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **time: float) -> None:
        self.now += timedelta(**time)


@dataclass(slots=True)
class TestKiosk:
    """A kiosk as the hub meets it: its key, and the chain of what it has journaled."""

    __test__ = False
    id: str
    key: EllipticCurvePrivateKey
    epoch: UUID
    seq: int = 0
    head: bytes = GENESIS

    def journal(self, body: Struct, world: "World", **overrides: Any) -> tuple[Event, bytes, Place]:
        """Journal an event; returns it, its bytes and its place."""
        event = Event(
            seq=self.seq + 1,
            id=world.new_id(),
            kind=kind_of(body),
            occurred_at=world.clock.now,
            clock="ntp",
            by="kiosk",
            body=codec.raw(body),
        )
        event = replace_struct(event, overrides)
        raw = codec.encode(event)
        previous, self.head, self.seq = self.head, link(self.head, raw), self.seq + 1
        return event, raw, Place(self.epoch, event.seq, previous, self.head)


def replace_struct(struct: Event, overrides: dict[str, Any]) -> Event:
    """A copy with other fields."""
    fields = {name: getattr(struct, name) for name in struct.__struct_fields__}
    return Event(**{**fields, **overrides})


@dataclass(slots=True)
class World:
    """One hub, and what tests put into it."""

    hub: Hub
    clock: TestClock
    random: Random
    till_key: str
    tills: ByKey
    taps: dict[str, int] = field(default_factory=dict)

    @classmethod
    def found(cls, database: Database, seed: int = 1) -> Self:
        """A chain of two stores, three tiers, two rewards and one earning rule."""
        clock, random = TestClock(), Random(seed)
        hub = compose(database, SECRETS, site=SITE, clock=clock, random_bytes=random.randbytes)
        with database.write() as session:
            session.add(HubState(id=1, epoch=UUID(int=1)))
            session.add(
                Chain(id=1, names={"zh": "云朵百货"}, languages=["zh", "en"], currency="CNY", zone="Asia/Shanghai")
            )
            for store, allowed in ((STORE, True), ("S02", False)):
                session.add(
                    Store(
                        id=store,
                        names={"zh": store},
                        region="east",
                        jurisdiction="CN",
                        kiosks_record_purchases=allowed,
                        opened_at=START,
                    )
                )
            for rank, (tier, threshold, multiplier) in enumerate(
                (("classic", 0, 10_000), ("silver", 1_000, 12_000), ("gold", 5_000, 15_000))
            ):
                session.add(Tier(id=tier, rank=rank, names={"zh": tier}, threshold=threshold, multiplier=multiplier))
            publish(session, Change("earning.1", {"kind": "rate", "points": 1, "per_minor": 100}, "test"), START)
            publish(session, Change("expiry", {"kind": "rolling", "months": 12}, "test"), START)
            session.add_all(Publication(name=name, version=1) for name in ("catalogue", "programme"))
            session.add(Picture(sha256="ab" * 32, media_type="image/png", data=b"png"))
            _key, secret = issue_key(session, "till", list(Permission), stores=[], now=START, random=random.randbytes)
        world = cls(hub, clock, random, secret, ByKey(hash_of(secret)))
        world.add_reward("latte", 600)
        world.add_reward("tote", 2_400, stock=1)
        return world

    def new_id(self) -> UUID:
        """An id that nobody has had."""
        return event_id(int(self.clock.now.timestamp() * 1000), self.random.randbytes(10))

    def add_reward(self, name: str, points: int, *, stock: int | None = None, tier_ids: tuple[str, ...] = ()) -> UUID:
        """Offer a reward."""
        reward = derived_id(UUID(int=7), name)
        with self.hub.database.write() as session:
            session.add(
                Reward(
                    id=reward,
                    place=points,
                    names={"zh": name},
                    descriptions={},
                    points=points,
                    picture="ab" * 32,
                    tiers=list(tier_ids),
                    offered=True,
                    limited=stock is not None,
                )
            )
            if stock is not None:
                session.add(Counter(id=stock_counter(reward), remaining=stock))
        return reward

    def add_member(self, name: str = "林晓雨", phone: str | None = None) -> UUID:
        """Have somebody join."""
        with self.hub.database.write() as session:
            return self.add_member_in(session, name, phone)

    def add_member_in(self, session: Session, name: str = "林晓雨", phone: str | None = None) -> UUID:
        """Have somebody join within a transaction."""
        profile = members.Profile(name, phone, None, STORE, "zh", "till")
        member = members.join(session, self.hub.vault, profile, now=self.clock.now, random=self.random.randbytes)
        tiers.welcome(session, member.id, self.clock.now)
        return member.id

    def add_card(self, member: UUID, *, technology: str = "ntag424") -> str:
        """Bind a card to a member; returns its UID."""
        uid = "04" + self.random.randbytes(6).hex()
        with self.hub.database.write() as session:
            cards.bind(session, uid, technology, member, now=self.clock.now, random=self.random.randbytes)
        return uid

    def tap(self, uid: str, *, counter: int | None = None) -> CardEvidence:
        """What a reader sees of a dynamic card; its counter rises with every tap."""
        number = self.taps.get(uid, 0) + 1 if counter is None else counter
        self.taps[uid] = max(number, self.taps.get(uid, 0))
        tap = ntag424.Tap(bytes.fromhex(uid), number)
        message = ntag424.compose(KEYS.of_card(tap.uid), tap, self.random.randbytes(5))
        url = f"https://card.example/t?e={message.picc.hex().upper()}&c={message.mac.hex().upper()}"
        return CardEvidence("ntag424", uid, url)

    def add_person(self, role: str = Role.ADMIN, **overrides: Any) -> Person:
        """Have somebody work here; `regions` beside the columns of a person, `password` in clear."""
        with self.hub.database.write() as session:
            return self.add_person_in(session, role, **overrides)

    def add_person_in(self, session: Session, role: str, **overrides: Any) -> Person:
        """Have somebody work here within a transaction."""
        number, password = self.new_id(), overrides.pop("password", None)
        regions = overrides.pop("regions", ())
        columns = {
            "id": number,
            "login": f"p{number.hex}",
            "name": "Test Person",
            "language": "zh",
            "email": None,
            "state": "active",
            "role": role,
            "stores": [],
            "password_hash": None if password is None else passwords.hashed(password, self.random.randbytes),
            "totp_secret": None,
            "totp_step": None,
            "issuer": None,
            "subject": None,
            "made_at": START,
        }
        person = Person(**columns | overrides)
        session.add(person)
        session.flush()
        session.add_all(PersonRegion(person=person.id, region=region) for region in regions)
        return person

    def person(self, role: str = Role.ADMIN, *, stores: Sequence[str] = (), regions: Sequence[str] = ()) -> str:
        """Somebody of a role who is logged in; returns the session's token."""
        return self.log_in(self.add_person(role, stores=list(stores), regions=regions))

    def log_in(self, person: Person) -> str:
        """Open a session for somebody; returns its token."""
        with self.hub.database.write() as session:
            opened = sessions.open_session(
                session,
                person,
                "password",
                source="test",
                now=self.clock.now,
                random=self.random.randbytes,
                hours=sessions.LASTS_MAX_H,
            )
        return opened.token

    def add_kiosk(self, store: str = STORE) -> TestKiosk:
        """Take a kiosk into the fleet and let it be born."""
        kiosk = TestKiosk(
            kiosk_id(self.random.randbytes(16)), keys.seeded_key(self.random.randbytes(32)), self.new_id()
        )
        add_kiosk(self.hub, NewKiosk(kiosk.id, store, keys.public_der(kiosk.key)), "test")
        return kiosk

    def purchase(self, member: UUID, *amounts: int, receipt: str | None = None) -> PurchaseRecorded:
        """A purchase of one line for each amount, in minor units."""
        lines = [PurchaseLine(f"p{number}", "coffee", 1, amount) for number, amount in enumerate(amounts, 1)]
        return PurchaseRecorded(receipt or f"R{self.random.randrange(10**9)}", member, "CNY", self.clock.now, lines)

    def posted(self, body: Struct, *, item_id: UUID | None = None, **overrides: Any) -> Item:
        """Something that a till posts."""
        kind = "purchase.recorded" if isinstance(body, PurchaseRecorded) else "top_up.recorded"
        item = Item(
            id=item_id or self.new_id(),
            kind=kind,
            body=body,
            source=self.tills,
            fingerprint=fingerprint(kind, codec.encode(body)),
            occurred_at=self.clock.now,
            store=STORE,
        )
        return replace(item, **overrides)

    def asked(self, kiosk: TestKiosk, body: Struct, *, item_id: UUID | None = None) -> Item:
        """Something that a kiosk asks."""
        kind = kind_of(body)
        return Item(
            id=item_id or self.new_id(),
            kind=kind,
            body=body,
            source=ByKiosk(kiosk.id),
            fingerprint=fingerprint(kind, codec.encode(body)),
            occurred_at=self.clock.now,
        )

    def told(self, kiosk: TestKiosk, body: Struct, **overrides: Any) -> Item:
        """Something that a kiosk has journaled."""
        event, raw, place = kiosk.journal(body, self, **overrides)
        return Item(
            id=event.id,
            kind=event.kind,
            body=body,
            source=ByKiosk(kiosk.id, place),
            fingerprint=fingerprint(event.kind, event.body),
            occurred_at=event.occurred_at,
            clock=event.clock,
            raw=raw,
        )

    def book(self, *items: Item) -> list[Outcome]:
        """Book items together."""
        return self.hub.book(items)

    def earn(self, member: UUID, points: int) -> None:
        """Have a member earn points by a purchase, at the classic rate."""
        outcome = self.book(self.posted(self.purchase(member, points * 100)))[0]
        assert outcome.is_applied, outcome

    def balance(self, member: UUID) -> int:
        """A member's spendable points as the account says."""
        with self.hub.database.read() as session:
            account = session.get(Account, points_account(member))
            assert account is not None
            return account.balance

    def assert_books_are_right(self) -> None:
        """Compare all books."""
        with self.hub.database.read() as session:
            assert ledger.prove(session).faults == ()
