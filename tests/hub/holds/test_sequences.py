"""Whatever is done to holds, and in whatever order: nothing is lost, nothing is there twice, nothing is overdrawn."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from hub.holds.intake import HoldIntake, Holds
from hub.holds.service import HoldCaptured, HoldExpired, HoldPlaced, HoldReleased
from hub.intake import ByJob, Caller, Entry, Item, Moment, Outcome, Work
from hub.jobs import free_overdue
from hub.ledger.rules import AccountState, Books, Context, Grant, Posting
from hub.points.service import EXPIRED, ISSUED, POINTS, REDEEMED, points_account
from hub.stores.service import Places
from hub.tiers.service import MemberState, Standings
from hub.wallet.service import (
    BONUS,
    BONUS_FORFEITED,
    BONUS_ISSUED,
    PAID_IN,
    PRINCIPAL,
    SPENT,
    bonus_account,
    principal_account,
)
from tests.hub.holds.till import Till
from tests.hub.world import World

START = datetime(2026, 11, 21, 2, tzinfo=UTC)
MEMBER = UUID(int=9 << 80)
HOMES = {POINTS: points_account(MEMBER), PRINCIPAL: principal_account(MEMBER), BONUS: bonus_account(MEMBER)}
GIVEN = {POINTS: (300, 200), PRINCIPAL: (1_000, 500), BONUS: (400, 100)}


@dataclass(slots=True)
class Desk:
    """The intake of holds over books in memory, and a clock."""

    work: Work = field(default_factory=lambda: Work(bytes))
    now: datetime = START
    requests: int = 0
    captured: dict[str, int] = field(default_factory=lambda: {"points": 0, "money": 0})
    holds: list[UUID] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.work.part(Places).stores = {"S01": True}
        self.work.part(Standings).members[MEMBER] = MemberState(MEMBER, "active", "classic")
        books = self.work.part(Books)
        for book, amounts in GIVEN.items():
            unit = POINTS if book == POINTS else "CNY"
            books.open(AccountState(HOMES[book], MEMBER, book, unit, has_lots=True, balance=0, version=0))
            source = {POINTS: ISSUED, PRINCIPAL: PAID_IN, BONUS: BONUS_ISSUED}[book]
            for number, amount in enumerate(amounts):
                # The first lot of what expires does so while holds of these tests are open.
                ends = None if book == PRINCIPAL else START + timedelta(minutes=30 + 600 * number)
                posting = Posting(f"{book}.{number}", source, HOMES[book], amount, {}, Grant("test", START, ends))
                assert books.post(Context(self.new_id(), "test", START), [posting]) is None

    def new_id(self) -> UUID:
        self.requests += 1
        return UUID(int=(self.requests << 64) + 1)

    def do(self, body: Struct) -> Outcome:
        item = Item(self.new_id(), "", body, ByJob("test"), b"", self.now)
        entry = Entry(item, Caller("test", "S01"), Moment(self.now, self.now))
        return HoldIntake().decide(entry, self.work)

    def place(self, book: Literal["points", "money"], amount: int, minutes: int) -> None:
        outcome = self.do(HoldPlaced(MEMBER, book, amount, minutes))
        if outcome.is_applied:
            self.holds.append(UUID(outcome.result["hold"]))

    def end(self, how: str, number: int, amount: int) -> None:
        if not self.holds:
            return
        hold = self.work.part(Holds).known[self.holds[number % len(self.holds)]]
        body: Struct = HoldReleased(hold.id)
        if how == "capture":
            body = HoldCaptured(hold.id, amount, f"R{self.requests}")
        elif how == "expire":
            self.now = max(self.now, hold.deadline)
            body = HoldExpired(hold.id)
        was_open = hold.state.value == "open"
        outcome = self.do(body)
        assert was_open or not outcome.is_applied, "a hold ends once"
        if how == "capture" and outcome.is_applied:
            self.captured[hold.book] += amount

    def into(self, account: UUID, unit: str) -> int:
        """What an account of the programme was given in a unit."""
        books = self.work.part(Books)
        made = (made.posting for made in books.transfers if made.posting.credit == account)
        return sum(posting.amount for posting in made if books.accounts[posting.debit].unit == unit)

    def assert_right(self) -> None:
        books = self.work.part(Books)
        for account in books.accounts.values():
            assert account.balance >= 0
            assert account.balance == sum(lot.remaining for lot in books.lots_of(account.id))
        for book, spent, expired, unit in (
            ("points", REDEEMED, EXPIRED, POINTS),
            ("money", SPENT, BONUS_FORFEITED, "CNY"),
        ):
            mine = [account for account in books.accounts.values() if account.unit == unit]
            given = sum(sum(amounts) for name, amounts in GIVEN.items() if (name == POINTS) == (unit == POINTS))
            assert self.into(spent, unit) == self.captured[book]
            assert sum(account.balance for account in mine) + self.captured[book] + self.into(expired, unit) == given
            is_open = [x for x in self.work.part(Holds).known.values() if x.book == book and x.state.value == "open"]
            held = sum(account.balance for account in mine if account.book == "held")
            assert held == sum(hold.amount for hold in is_open)


AMOUNTS = st.integers(1, 700)
STEPS = st.one_of(
    st.tuples(st.just("place"), st.sampled_from(["points", "money"]), AMOUNTS, st.integers(1, 30)),
    st.tuples(st.sampled_from(["capture", "release", "expire"]), st.integers(0, 9), AMOUNTS),
    st.tuples(st.just("wait"), st.integers(1, 20)),
)


@given(st.lists(STEPS, max_size=25))
def test_any_sequence_keeps_the_books_right_and_overdraws_nothing(steps: list[tuple[object, ...]]) -> None:
    desk = Desk()

    for step in steps:
        match step:
            case ("place", "points" | "money" as book, int(amount), int(minutes)):
                desk.place(book, amount, minutes)
            case (str(how), int(number), int(amount)):
                desk.end(how, number, amount)
            case ("wait", int(minutes)):
                desk.now += timedelta(minutes=minutes)

        desk.assert_right()


@pytest.mark.parametrize("seed", range(3))
def test_random_work_leaves_right_books_in_a_database(world: World, seed: int) -> None:
    random, tills = Random(seed), [Till(world) for _ in range(2)]
    for till in tills:
        world.earn(till.member, 500)
        till.top_up(50_000)
    holds: list[tuple[Till, UUID]] = []

    for _ in range(30):
        till, amount = random.choice(tills), random.randint(1, 300)
        match random.choice(["place", "place", "capture", "release", "wait"]):
            case "place":
                outcome = till.place(amount, random.choice(["points", "money"]), random.randint(1, 20))
                holds += [(till, UUID(outcome.result["hold"]))] if outcome.is_applied else []
            case "capture" if holds:
                owner, hold = random.choice(holds)
                owner.capture(hold, amount)
            case "release" if holds:
                owner, hold = random.choice(holds)
                owner.release(hold)
            case _:
                world.clock.pass_(minutes=5)
                free_overdue(world.hub, world.clock.now)

    world.assert_books_are_right()
    world.clock.pass_(minutes=20)
    free_overdue(world.hub, world.clock.now)
    world.assert_books_are_right()
    assert {owner.row(hold).state for owner, hold in holds} <= {"captured", "released", "expired"}
