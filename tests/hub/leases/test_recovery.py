"""A hub restored from before it lent: what a kiosk tells again stands as if nothing had been lost."""

from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct
from sqlalchemy import select

from hub.db.session import Database
from hub.fleet.models import Kiosk
from hub.intake import Item, Outcome
from hub.leases.seals import Lent, Sealer
from hub.ledger.models import Account, Counter
from hub.rewards.models import Voucher
from protocol.errors import ErrorCode
from protocol.events import LeaseAccepted, LeaseClosed, LeaseSpent, StockAccepted
from tests.hub.leases.scene import LATTE, TOTE, Ahead, accepted, stock_accepted
from tests.hub.world import SECRETS, World
from tests.model.state import Rows, dump, restore

SEEDS = count(100)
"""What is written down for good is not undone between two examples, so no two may draw the same ids."""


class Restored:
    """A scene whose database goes back to how it was before anything was lent; the kiosk goes on with its journal."""

    def __init__(self, world: World, **scene: Any) -> None:
        self.scene = Ahead(world, **scene)
        self.before: Rows = dump(world.hub.database)
        self.journal: list[Item] = []

    def tell(self, *bodies: Struct) -> list[Outcome]:
        items = [self.scene.world.told(self.scene.here, body) for body in bodies]
        self.journal += items
        return self.scene.world.book(*items)

    def restore(self) -> None:
        restore(self.scene.world.hub.database, self.before)

    def replay(self) -> list[Outcome]:
        return self.scene.world.book(*self.journal)

    def books(self) -> dict[str, Any]:
        """Balances of all that is not a lease's own, the stock, and the vouchers."""
        with self.scene.world.hub.database.read() as session:
            accounts = session.execute(select(Account.book, Account.owner, Account.balance)).all()
            return {
                "accounts": sorted((row.book, row.owner, row.balance) for row in accounts if row.balance),
                "stock": session.execute(select(Counter.id, Counter.remaining).order_by(Counter.id)).all(),
                "vouchers": session.execute(select(Voucher.id, Voucher.points).order_by(Voucher.id)).all(),
            }


@pytest.fixture
def restored(world: World) -> Restored:
    return Restored(world, points=3_000)


def last_lease(restored: Restored) -> int:
    with restored.scene.world.hub.database.read() as session:
        return session.get_one(Kiosk, restored.scene.here.id).last_lease


def test_a_forgotten_lease_is_taken_up_by_its_seal(restored: Restored) -> None:
    scene = restored.scene
    grant = scene.lend(500)
    restored.tell(accepted(grant))

    restored.restore()
    outcomes = restored.replay()

    assert [outcome.code for outcome in outcomes] == [None]
    assert scene.world.balance(scene.member) == 2_500
    assert [(x.number, x.points, x.state) for x in scene.leases()] == [(grant.lease, 500, "accepted")]
    assert last_lease(restored) == grant.lease
    scene.world.assert_books_are_right()


@pytest.mark.parametrize("what", ["seal", "points", "member", "lease", "none"])
def test_nobody_can_make_up_a_lease(restored: Restored, what: str) -> None:
    scene = restored.scene
    grant = scene.lend(500)
    fields: dict[str, Any] = {
        "lease": grant.lease,
        "member": grant.member,
        "points": grant.points,
        "seal": grant.seal,
    }
    wrong = {"seal": "0" * 64, "points": 501, "member": scene.world.add_member("陈思远"), "lease": 2}
    fields |= {what: wrong[what]} if what in wrong else {}
    if what == "none":
        del fields["seal"]

    restored.restore()
    [outcome] = restored.tell(LeaseAccepted(**fields))

    assert outcome.code is ErrorCode.LEASE_UNKNOWN
    assert scene.leases() == []


def test_a_seal_of_another_epoch_or_kiosk_is_worth_nothing(restored: Restored) -> None:
    scene, sealer = restored.scene, Sealer(SECRETS.lease_key)
    lents = [
        Lent(scene.there.id, scene.here.epoch, 1, "points", scene.member, 500),
        Lent(scene.here.id, scene.there.epoch, 1, "points", scene.member, 500),
        Lent(scene.here.id, scene.here.epoch, 1, "pieces", scene.member, 500),
    ]

    outcomes = restored.tell(*(LeaseAccepted(1, scene.member, 500, sealer.seal(lent)) for lent in lents))

    assert [outcome.code for outcome in outcomes] == [ErrorCode.LEASE_UNKNOWN] * 3


def test_a_known_lease_with_a_wrong_seal_is_not_accepted(restored: Restored) -> None:
    grant = restored.scene.lend(500)

    outcomes = restored.tell(LeaseAccepted(grant.lease, grant.member, 500, "0" * 64), accepted(grant))

    assert [outcome.code for outcome in outcomes] == [ErrorCode.LEASE_DIFFERENT, None]


def test_what_the_member_does_not_have_here_is_owed_and_paid_by_what_comes_later(restored: Restored) -> None:
    scene = restored.scene
    scene.world.earn(scene.member, 1_000)
    grant = scene.lend(4_000)
    restored.tell(accepted(grant), scene.spent(grant, 4_000), LeaseClosed(grant.lease, 4_000))
    restored.restore()

    assert [outcome.code for outcome in restored.replay()] == [None, None, None]
    assert (scene.world.balance(scene.member), scene.debt()) == (0, 1_000)
    scene.world.assert_books_are_right()

    scene.world.earn(scene.member, 1_200)

    assert (scene.world.balance(scene.member), scene.debt()) == (440, 0)
    scene.world.assert_books_are_right()


@pytest.mark.parametrize(("earned", "balance", "debt"), [(0, 3_000, 0), (400, 3_480, 0), (5_000, 9_000, 0)])
def test_what_was_owed_but_not_spent_takes_its_debt_along(
    restored: Restored, earned: int, balance: int, debt: int
) -> None:
    scene = restored.scene
    scene.world.earn(scene.member, 1_000)
    grant = scene.lend(4_000)
    restored.tell(accepted(grant))
    restored.restore()
    restored.replay()
    if earned:
        scene.world.earn(scene.member, earned)

    [closed] = restored.tell(LeaseClosed(grant.lease, 0))

    assert closed.is_applied
    assert (scene.world.balance(scene.member), scene.debt()) == (balance, debt)
    scene.world.assert_books_are_right()


def test_forgotten_pieces_are_taken_again_and_never_more_than_there_are(restored: Restored) -> None:
    scene = restored.scene
    stock = scene.lend_stock()
    restored.tell(stock_accepted(stock))
    restored.restore()
    scene.ask(2_400, TOTE)
    assert scene.stock() == 0

    outcomes = [*restored.replay(), *restored.tell(LeaseClosed(stock.lease, 0))]

    assert [outcome.code for outcome in outcomes] == [None, None]
    assert scene.stock() == 0
    assert scene.stock_leases()[0].missing == 1


def test_pieces_of_a_reward_that_this_hub_does_not_know_are_not_taken_up(restored: Restored) -> None:
    scene = restored.scene
    nowhere = scene.world.new_id()
    seal = Sealer(SECRETS.lease_key).seal(Lent(scene.here.id, scene.here.epoch, 1, "pieces", nowhere, 1))

    [outcome] = restored.tell(StockAccepted(1, nowhere, 1, seal))

    assert outcome.code is ErrorCode.REWARD_UNKNOWN


def test_a_member_that_this_hub_does_not_know_is_lent_nothing_again(restored: Restored) -> None:
    scene = restored.scene
    nobody = scene.world.new_id()
    seal = Sealer(SECRETS.lease_key).seal(Lent(scene.here.id, scene.here.epoch, 1, "points", nobody, 5))

    [outcome] = restored.tell(LeaseAccepted(1, nobody, 5, seal))

    assert outcome.code is ErrorCode.MEMBER_UNKNOWN


def test_a_lease_that_was_asked_for_is_taken_up_too(restored: Restored) -> None:
    scene = restored.scene
    scene.ask(600, LATTE, kiosk=scene.here)
    with scene.world.hub.database.read() as session:
        lease = scene.leases()[0]
        spend, member = lease.spend, lease.member
        assert session is not None
    seal = Sealer(SECRETS.lease_key).seal(Lent(scene.here.id, scene.here.epoch, 1, "points", member, 600))
    restored.tell(LeaseAccepted(1, member, 600, seal), LeaseSpent(1, spend, member, LATTE, 600), LeaseClosed(1, 600))
    told = restored.books()

    restored.restore()

    assert [outcome.code for outcome in restored.replay()] == [None, None, None]
    assert restored.books() == told


@given(prices=st.lists(st.integers(1, 300), max_size=4), batch=st.sampled_from([1, 99]), pieces=st.integers(0, 1))
@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_a_lease_taken_up_spent_and_closed_leaves_the_same_books(
    sqlite: Database, prices: list[int], batch: int, pieces: int
) -> None:
    empty = dump(sqlite)
    try:
        restored = Restored(World.found(sqlite, next(SEEDS)), points=3_000)
        scene = restored.scene
        grant, stock = scene.lend(1_200), scene.lend_stock()
        spends = [scene.spent(grant, price) for price in prices]
        if pieces:
            spends.append(scene.spent(grant, 1, reward=TOTE, stock=stock.lease))
        spent = sum(spend.points for spend in spends)
        begun, ended = [accepted(grant), stock_accepted(stock)], [LeaseClosed(grant.lease, spent)]
        bodies: list[Any] = [*begun, *spends, *ended, LeaseClosed(stock.lease, pieces)]
        told = [outcome for body in bodies for outcome in restored.tell(body)] if batch == 1 else restored.tell(*bodies)
        books = restored.books()

        restored.restore()
        again = restored.replay()

        if spent <= 1_200:
            assert all(outcome.is_applied for outcome in told)
        assert [outcome.code for outcome in again] == [outcome.code for outcome in told]
        assert restored.books() == books
        scene.world.assert_books_are_right()
    finally:
        restore(sqlite, empty)
