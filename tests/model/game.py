"""A chain at play: people do things at random, the hub books them in batches, the model does them one by one.

What becomes of every item has to be the same on both sides, and whenever it is asked, everything that is written down.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Struct

from hub.booking.service import BATCH_MAX_ITEMS
from hub.clock import system_random
from hub.composition import compose
from hub.day_end.run import DayEnds
from hub.holds import service as holds_service
from hub.intake import ByKiosk, Item, Outcome, Verdict
from hub.leases.seals import Lent, Sealer
from hub.messaging.envelopes import fingerprint
from hub.programme.service import Change, publish
from hub.staff.permissions import Role
from protocol import codec
from tests.hub.points.acts import approve_item
from tests.hub.world import SECRETS, START, TestKiosk, World
from tests.model import ahead, holds, leases, packages, points, purchases, returns, wallet  # noqa: F401 - each knows its kinds
from tests.model.chain import Answer, Chain, Kiosk, Member
from tests.model.compare import differences
from tests.model.days import end_days
from tests.model.leases import Reward
from tests.model.moves import MOVES
from tests.model.stage import BLOCKED, CHANGES, IDENTIFIED, REWARDS, TERMS, TIERS, Stage
from tests.model.state import restore

FOR_LATER = {"purchase.unknown", "request.overloaded"}
"""Why an item may have to wait for the end of its batch: what it names was only made there."""

AHEAD_MAX = timedelta(days=40)
"""So far ahead an expiry is worth waiting for."""

IDS_SEED = 2
"""Not that of the stage, or its ids would come again."""


class MismatchError(AssertionError):
    """The hub and the model do not agree."""


@dataclass(slots=True)
class Game:
    """One game; the same choices play the same.

    `sent` are the items that were booked, `making` those of the batch that is being made, `just_sold` store and receipt
    of what was bought. `results` says how often what became of an item, `applied` how many of each kind had an effect.
    """

    stage: Stage
    world: World
    chain: Chain
    kiosks: list[TestKiosk]
    random: Random
    sent: list[Item] = field(default_factory=list)
    making: list[Item] = field(default_factory=list)
    just_sold: list[tuple[str, str]] = field(default_factory=list)
    results: Counter[str] = field(default_factory=Counter)
    applied: Counter[str] = field(default_factory=Counter)
    numbers: int = 0

    @classmethod
    def begin(cls, stage: Stage) -> Self:
        """Begin again from the founded chain."""
        database, random, world = stage.world.hub.database, Random(IDS_SEED), stage.world
        restore(database, stage.before)
        world.clock.now = START
        hub = compose(database, SECRETS, clock=world.clock, random_bytes=system_random)
        chain = Chain(ZoneInfo("Asia/Shanghai"), TIERS, {"S01": True, "S02": False}, START, terms=dict(TERMS))
        for place, (member, card) in enumerate(stage.cards.items()):
            chain.members[member] = Member(member, is_blocked=place == BLOCKED, is_identified=place == IDENTIFIED)
            chain.notes["card", card] = member
        for kiosk, store in zip(stage.kiosks, chain.stores, strict=True):
            chain.kiosks[kiosk.id] = Kiosk(store, START, is_online=kiosk is stage.online)
        for name, (price, stock) in REWARDS.items():
            chain.notes["reward", stage.rewards[name]] = Reward(price, stock)
        chain.roles = {key.key_hash: role.value for role, key in stage.keys.items() if role is not None}
        own = replace(world, hub=hub, random=random, taps={})
        return cls(stage, own, chain, [replace(kiosk) for kiosk in stage.kiosks], random)

    @property
    def now(self) -> datetime:
        """The moment on both sides."""
        return self.world.clock.now

    @property
    def members(self) -> list[UUID]:
        """Everybody who has joined."""
        return list(self.chain.members)

    def noted(self, kind: str) -> list[Any]:
        """Everything of a kind that the model remembers, by id, oldest first."""
        return [note for name, note in self.chain.notes.items() if name[0] == kind and len(name) == 2]

    def named(self, kind: str) -> list[Any]:
        """The ids of these."""
        return [name[1] for name in self.chain.notes if name[0] == kind and len(name) == 2]

    def number_of(self, kiosk: str) -> int:
        """Which of the kiosks has this id."""
        return [one.id for one in self.kiosks].index(kiosk)

    def next(self) -> int:
        """A number that was not used before."""
        self.numbers += 1
        return self.numbers

    def new_id(self) -> UUID:
        """An id that was not used before."""
        return self.world.new_id()

    def post(self, kind: str, body: Struct, *, store: str = "S01", role: Role | None = None) -> Item:
        """Something that a till or a person posts."""
        content = fingerprint(f"{kind}@{store}", codec.encode(body))
        return Item(self.new_id(), kind, body, self.stage.keys[role], content, self.now, store)

    def ask(self, kiosk: int, body: Struct) -> Item:
        """Something that a kiosk asks."""
        return self.world.asked(self.kiosks[kiosk], body)

    def tell(self, kiosk: int, body: Struct, *, late: timedelta) -> Item:
        """Something that a kiosk tells, which may have happened earlier."""
        return self.world.told(self.kiosks[kiosk], body, occurred_at=self.now - late)

    def tell_again(self, item: Item) -> Item:
        """An event that its kiosk has journaled a second time."""
        assert isinstance(item.source, ByKiosk)
        return self.world.told(self.kiosks[self.number_of(item.source.kiosk)], item.body, id=item.id)

    def seal(self, kiosk: str, number: int, member: UUID, amount: int) -> str:
        """The seal with which the hub lends so many points."""
        epoch = self.kiosks[self.number_of(kiosk)].epoch
        seal = Sealer(SECRETS.lease_key).seal(Lent(kiosk, epoch, number, "points", member, amount))
        self.chain.notes["seal", seal] = (kiosk, number, member, amount)
        return seal

    def approve(self, item: Item, of: Item | None = None) -> None:
        """Have a second person agree to an item; with `of` it is another that this person had seen."""
        asked = of or item
        approve_item(self.world, asked, content=item.fingerprint)
        self.chain.notes["approval", asked.id] = (item.kind, item.fingerprint)

    def pass_time(self, time: timedelta) -> None:
        """Let time pass."""
        self.world.clock.now += time
        self.chain.now = self.now

    def pass_time_until_something_expires(self, choose: Random) -> None:
        """Let time pass up to the very moment at which a lot expires or a hold does, if there is one."""
        lots = [lot for account in self.chain.books.lots.values() for lot in account if lot.left]
        ends = [lot.terms.expires_at for lot in lots if lot.terms.expires_at]
        ends += [note.deadline for note in self.noted("hold")]
        ahead = sorted({end for end in ends if self.now < end <= self.now + AHEAD_MAX})
        if ahead:
            self.pass_time(choose.choice(ahead) - self.now)

    def change_terms(self, choose: Random) -> None:
        """Put something else in force."""
        self.put(*choose.choice(CHANGES))

    def put(self, name: str, document: dict[str, Any]) -> None:
        """Put a term in force."""
        with self.world.hub.database.write() as session:
            publish(session, Change(name, document, "game"), self.now)
        self.chain.terms[name] = document

    def make(self, moves: Sequence[str], choose: Random) -> list[Item]:
        """The items of these moves, as far as they make any."""
        self.making = []
        for name in moves:
            item = MOVES[name](self, choose)
            if item is not None:
                self.making.append(item)
        return self.making

    def play(self, moves: Sequence[str], choose: Random) -> None:
        """Do these moves in one batch."""
        items = self.make(moves, choose)
        if items:
            self.book(items)

    def free_holds(self) -> None:
        """Free the holds whose time has run out."""
        with self.world.hub.database.read() as session:
            items = holds_service.overdue(session, self.now, BATCH_MAX_ITEMS)
        if items:
            self.book(items)

    def end_days(self) -> None:
        """End every day that is over."""
        hub = self.world.hub
        DayEnds(hub.database, hub.book, hub.clock).run()
        end_days(self.chain)

    def book(self, items: Sequence[Item]) -> None:
        """Book a batch; the model does its items one after the other.

        What has to wait for the end of its batch is sent again on its own, as whoever sends it is told to.
        """
        outcomes = self.world.book(*items)
        again, done, there = [], [], ahead.lying(self.chain)
        self.chain.near = ahead.near(self.chain, there)
        for item, outcome in zip(items, outcomes, strict=True):
            if outcome.verdict is Verdict.WAITING and outcome.code in FOR_LATER and len(items) > 1:
                again.append(item)
            else:
                done.append((item, outcome, self.chain.do(item)))
        for item, outcome, answer in done:
            self._check(item, outcome, self._look_elsewhere(item, answer, there))
        self.sent += items
        for item in again:
            self.book([item])

    def _look_elsewhere(self, item: Item, answer: Answer, there: list[ahead.Lying]) -> Answer:
        """What is said in the end to somebody who lacks points: what lay elsewhere when the batch began may help."""
        kiosk = item.source.kiosk if isinstance(item.source, ByKiosk) else None
        told, wanted = ahead.look_elsewhere(self.chain, answer, kiosk, there)
        ahead.want_back(self.chain, wanted)
        if told is not answer:
            self.chain.facts.pop(item.id, None)
        return told

    def compare(self, moment: datetime) -> None:
        """Compare everything that is written down, and balances as they were at a moment.

        Raises:
            MismatchError: if anything differs.
        """
        found = differences(self.world.hub.database, self.chain, moment)
        if found:
            raise MismatchError("\n".join(found[:20]))

    def _check(self, item: Item, outcome: Outcome, answer: Answer) -> None:
        told = {name: outcome.result.get(name) for name in answer.told}
        code = outcome.code.value if outcome.code else None
        if (outcome.verdict.value, code, told) != (answer.verdict, answer.code, answer.told):
            raise MismatchError(f"the hub says {outcome}\nthe model says {answer}\nto {item}")
        self.results[code or outcome.verdict.value] += 1
        self.applied[item.kind] += outcome.is_applied
