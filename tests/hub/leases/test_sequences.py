"""Whatever is lent, spent, called back and forgotten, in whatever order: nothing is lost, doubled or overdrawn."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from hub.cards.rules import CardState
from hub.cards.service import VisitState
from hub.fleet.rules import StreamState
from hub.fleet.service import Fleet, KioskState
from hub.intake import ByJob, ByKey, ByKiosk, Caller, Entry, Item, Moment, Outcome, Place, Work
from hub.leases.intake import LeaseIntake
from hub.leases.orders import LeaseRecalled, LeaseWrittenOff, PointsLent
from hub.leases.rules import LeaseState
from hub.leases.seals import Lent, Sealer
from hub.leases.service import Leases
from hub.ledger.rules import AccountState, Books, Context, Grant, Posting
from hub.points.service import (
    EXPIRED,
    ISSUED,
    POINTS,
    POINTS_EXPIRED,
    debt_account,
    lease_account,
    points_account,
    recover,
)
from hub.rewards.service import Rewards, RewardState
from hub.tiers.service import MemberState, Standings
from protocol import passes
from protocol.events import LeaseAccepted, LeaseClosed, LeasePassed, LeaseSpent, LeaseTaken
from protocol.passes import PassNote
from protocol.requests import AskLease
from provisioning import keys
from tests.hub.world import KEYS

START = datetime(2026, 11, 21, 2, tzinfo=UTC)
MEMBER, CARD, REWARD, VISIT = UUID(int=9 << 80), UUID(int=8 << 80), UUID(int=7 << 80), UUID(int=6 << 80)
KIOSK, BESIDE, EPOCH, PRICE = "k-one", "k-two", UUID(int=5 << 80), 120
KEY = keys.seeded_key(bytes(32))
HOME, SEALER = points_account(MEMBER), Sealer(bytes(32))
ACTS = (
    "lend",
    "ask",
    "accept",
    "spend",
    "spend",
    "close",
    "recall",
    "write_off",
    "take_up",
    "pass_on",
    "pass_on",
    "earn",
    "pass_time",
    "expire",
)


@dataclass(slots=True)
class Desk:
    """The intake of leases over books in memory, a kiosk that tells the truth, and a clock."""

    choose: Random
    work: Work = field(default_factory=lambda: Work(bytes))
    intake: LeaseIntake = field(default_factory=lambda: LeaseIntake(KEYS, SEALER.key))
    now: datetime = START
    numbers: int = 0
    shown: dict[UUID, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in (KIOSK, BESIDE):
            kiosk = KioskState(name, "S01", "active", 0, 0)
            kiosk.streams[EPOCH] = StreamState.first(name, EPOCH, state="accepted", now=START)
            self.work.part(Fleet).kiosks[name] = kiosk
        self.work.part(Standings).members[MEMBER] = MemberState(MEMBER, "active", "classic")
        self.work.part(Rewards).known[REWARD] = RewardState(REWARD, PRICE, (), offered=True, limited=False)
        leases, card = self.work.part(Leases), CardState(CARD, "04" * 7, "ntag424", MEMBER, "active", 0)
        leases.cards[MEMBER], leases.device_keys[KIOSK] = [card], keys.public_der(KEY)
        leases.visits[VISIT] = VisitState(
            VISIT, MEMBER, KIOSK, redeems=True, ends_at=datetime.max.replace(tzinfo=UTC), card_state="active"
        )
        self.books.open(AccountState(HOME, MEMBER, POINTS, POINTS, has_lots=True, balance=0, version=0))

    @property
    def books(self) -> Books:
        return self.work.part(Books)

    def new_id(self) -> UUID:
        self.numbers += 1
        return UUID(int=(1 << 100) + self.numbers)

    def do(self, kind: str, body: Struct, *, told: str | None = None) -> Outcome:
        """Decide something that a kiosk has told, has asked, or that comes from elsewhere."""
        place = Place(EPOCH, 1, b"", b"") if told else None
        kiosk = KIOSK if isinstance(body, AskLease) else told
        source = ByKiosk(kiosk, place) if kiosk else ByJob("test") if kind != "lease.written_off" else ByKey(b"")
        item = Item(self.new_id(), kind, body, source, b"", self.now)
        caller = Caller("test", "S01", kiosk)
        outcome = self.intake.decide(Entry(item, caller, Moment(self.now, self.now)), self.work)
        for lease in self.work.part(Leases).by_spend.values():
            lease.is_new = False
        return outcome

    def open_leases(self, *states: str) -> list[LeaseState]:
        known = self.work.part(Leases).by_number.values()
        return [lease for lease in known if lease.state in (states or ("granted", "accepted"))]

    def act(self, name: str) -> None:
        getattr(self, name)()

    def pass_time(self) -> None:
        self.now += timedelta(hours=self.choose.choice([1, 20, 100]))

    def earn(self) -> None:
        grant = Grant("test", self.now, self.now + timedelta(days=self.choose.choice([1, 3, 30])))
        context = Context(self.new_id(), "test", self.now)
        amount = self.choose.choice([50, 200, 700])
        assert self.books.post(context, [Posting("earned", ISSUED, HOME, amount, {}, grant)]) is None
        recover(self.books, context, MEMBER, {})

    def lend(self) -> None:
        self.do("points.lent", PointsLent(KIOSK, MEMBER, self.choose.choice([60, 250, 600])))

    def ask(self) -> None:
        self.do("lease.ask", AskLease(self.new_id(), VISIT, REWARD, PRICE))

    def accept(self) -> None:
        for lease in self.open_leases("granted")[:1]:
            self.do("lease.accepted", LeaseAccepted(lease.number, MEMBER, lease.points), told=lease.kiosk)

    def spend(self) -> None:
        for lease in self.open_leases()[-1:]:
            is_ahead = lease.reward is None
            points = self.choose.choice([1, 60, lease.rest, lease.rest + 1]) if is_ahead else PRICE
            spend = self.new_id() if is_ahead else lease.spend
            body = LeaseSpent(lease.number, spend, MEMBER, REWARD, points)
            outcome = self.do("lease.spent", body, told=lease.kiosk)
            if outcome.is_applied:
                self.shown[spend] = points

    def close(self) -> None:
        for lease in self.open_leases()[:1]:
            assert self.do("lease.closed", LeaseClosed(lease.number, lease.spent), told=lease.kiosk).is_applied

    def pass_on(self) -> None:
        """Part of a lease goes to the kiosk beside it, and either or both say so."""
        for lease in self.open_leases():
            if lease.kiosk != KIOSK or lease.reward is not None or not lease.rest:
                continue
            points, words = self.choose.choice([1, lease.rest]), ["fence", "note"]
            note = self.note(lease, points)
            gave, payload = LeasePassed(lease.number, note.id, BESIDE, EPOCH, points), passes.payload_of(note)
            took = LeaseTaken(passes.lease_of(note.id), passes.write(payload, keys.sign(KEY, payload)))
            self.choose.shuffle(words)
            for word in words[: self.choose.choice([1, 2])]:
                body, kiosk = (gave, KIOSK) if word == "fence" else (took, BESIDE)
                kind = "lease.passed" if word == "fence" else "lease.taken"
                assert self.do(kind, body, told=kiosk).is_applied
            return

    def note(self, lease: LeaseState, points: int) -> PassNote:
        return PassNote(
            id=self.new_id(),
            kiosk=KIOSK,
            epoch=EPOCH,
            lease=lease.number,
            lent=lease.points,
            seal=SEALER.seal(Lent(KIOSK, EPOCH, lease.number, "points", MEMBER, lease.points)),
            to=BESIDE,
            to_epoch=EPOCH,
            member=MEMBER,
            points=points,
            deadline=lease.deadline,
        )

    def recall(self) -> None:
        for lease in self.open_leases()[:1]:
            assert self.do("lease.recalled", LeaseRecalled(lease.kiosk, lease.number)).is_applied

    def write_off(self) -> None:
        for lease in self.open_leases()[:1]:
            outcome = self.choose.choice(["give_back", "spent"])
            body = LeaseWrittenOff(lease.kiosk, lease.number, outcome, "gone")  # type: ignore[arg-type]
            assert self.do("lease.written_off", body).is_applied

    def take_up(self) -> None:
        """A lease that this hub has forgotten, or has never given under this number."""
        number, points = self.work.part(Fleet).kiosks[KIOSK].last_lease + 3, self.choose.choice([80, 900])
        seal = SEALER.seal(Lent(KIOSK, EPOCH, number, "points", MEMBER, points))
        body = LeaseAccepted(number, MEMBER, points, seal)
        assert self.do("lease.accepted", body, told=KIOSK).is_applied
        assert not self.do("lease.accepted", body, told=KIOSK).is_applied

    def expire(self) -> None:
        """The day ends: what is at home and over expires."""
        over = [lot for lot in self.books.lots_of(HOME) if lot.is_expired(self.now) and lot.remaining]
        if over:
            total, lots = sum(lot.remaining for lot in over), tuple(lot.id for lot in over)
            posting = Posting(POINTS_EXPIRED, HOME, EXPIRED, total, {}, lots=lots)
            assert self.books.post(Context(self.new_id(), "test", self.now), [posting]) is None

    def check(self) -> None:
        accounts = self.books.accounts
        for account in accounts.values():
            assert account.balance >= 0
            if account.has_lots:
                assert account.balance == sum(lot.remaining for lot in account.lots or ())
        for lease in self.work.part(Leases).by_number.values():
            held = accounts[lease_account(lease.spend)].balance
            assert held == (0 if lease.is_ended else lease.rest), lease
        flows: dict[UUID, int] = {}
        for transfer in self.books.transfers:
            for side, sign in ((transfer.posting.debit, -1), (transfer.posting.credit, 1)):
                flows[side] = flows.get(side, 0) + sign * transfer.posting.amount
        assert sum(flows.values()) == 0
        assert all(flows.get(account.id, 0) == account.balance for account in accounts.values())
        redeemed = sum(one.posting.amount for one in self.books.transfers if one.posting.kind == "lease.spent")
        vouchers = {one.spend: one.points for one in self.work.part(Rewards).vouchers}
        assert redeemed == sum(vouchers.values())
        assert vouchers == self.shown
        assert self.books.held(debt_account(MEMBER)) >= 0


@given(st.integers(0, 2**32), st.lists(st.sampled_from(ACTS), min_size=1, max_size=40))
def test_nothing_is_lost_doubled_or_overdrawn(seed: int, acts: list[str]) -> None:
    desk = Desk(Random(seed))

    for act in ("earn", *acts):
        desk.act(act)
        desk.check()

    for lease in desk.open_leases():
        assert desk.do("lease.closed", LeaseClosed(lease.number, lease.spent), told=lease.kiosk).is_applied
    desk.check()
