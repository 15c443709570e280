"""The hub's own catalogue at a real kiosk: of a limited reward nobody is promised a piece that is not there."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import func, select

from hub import jobs
from hub.db.session import Database
from hub.fleet.queries import publications
from hub.programme.service import Change, publish
from hub.rewards.models import Voucher
from hub.rewards.service import CATALOGUE
from kiosk.views import RefusalView, VoucherView
from kiosk.visit.intents import Dismissed, RedeemConfirmed, RewardChosen, VisitEnded
from protocol.errors import ErrorCode
from tests.simulation.chain import Chain, member_with_card

MakeDatabase = Callable[[], Database]

PRICE = 60
LENDING = {"share_percent": 100, "cap_points": 700, "kiosks_max": 1, "min_points": 20}


class Store:
    """One kiosk at which all points of a member lie; of the mug there are a few pieces, of which some may lie there."""

    def __init__(self, database: Database) -> None:
        self.chain = Chain(database, seed=1)
        self.member, self.card = member_with_card(self.chain, 700)
        self.kiosk = self.chain.add_kiosk()

    def open(self, *, stock: int, lent: int) -> None:
        world = self.chain.world
        self.mug = world.add_reward("mug", PRICE, stock=stock)
        with world.hub.database.write() as session:
            terms = LENDING | {"stock_pieces_max": lent}
            publish(session, Change("lending", terms, "test"), self.chain.time.now())
        self.chain.run(30)
        self.tap()
        self.kiosk.handle(VisitEnded())
        for job in jobs.jobs(world.hub):
            if job.name in {"lend ahead", "lend stock"}:
                world.clock.now = self.chain.time.now()
                job.work(self.chain.time.now())
        self.chain.run(30)

    def tap(self) -> None:
        self.kiosk.tap(self.card)
        self.chain.run(2)

    def redeem(self, times: int) -> list[str | None]:
        """Redeem the mug again and again: why not, each time; None where a voucher is shown."""
        answers: list[str | None] = []
        for _ in range(times):
            self.kiosk.handle(RewardChosen(self.mug, PRICE))
            self.kiosk.handle(RedeemConfirmed())
            self.chain.run(7)
            body = self.kiosk.frame.body
            assert isinstance(body, VoucherView | RefusalView), body
            answers.append(body.code if isinstance(body, RefusalView) else None)
            self.kiosk.handle(Dismissed())
        self.kiosk.handle(VisitEnded())
        return answers

    def vouchers(self) -> int:
        """How many the hub knows of, once it has heard of everything."""
        self.kiosk.connect()
        self.chain.run(600)
        assert self.kiosk.store.chain.unconfirmed == 0
        self.chain.world.assert_books_are_right()
        with self.chain.world.hub.database.read() as session:
            return session.execute(select(func.count()).select_from(Voucher)).scalar_one()

    def catalogue(self) -> int:
        with self.chain.world.hub.database.read() as session:
            return publications(session)[CATALOGUE]


@pytest.fixture
def store(make_database: MakeDatabase) -> Iterator[Store]:
    made = Store(make_database())
    yield made
    made.chain.close()


@pytest.mark.parametrize("lent", [0, 1, 2])
def test_offline_no_more_are_given_than_lie_here(store: Store, lent: int) -> None:
    store.open(stock=2 * lent + 1, lent=lent)
    store.kiosk.disconnect()
    store.tap()

    answers = store.redeem(lent + 2)

    assert answers == [None] * lent + [ErrorCode.REDEEM_OFFLINE_STOCK] * 2
    assert store.vouchers() == lent


@pytest.mark.parametrize("lent", [0, 1, 2])
def test_on_a_line_that_only_looks_alive_no_more_are_given_than_lie_here(store: Store, lent: int) -> None:
    store.open(stock=2 * lent + 1, lent=lent)
    store.tap()
    line = store.kiosk.uplink.line
    assert line is not None
    line.is_muted = True

    answers = store.redeem(lent + 1)

    line.fail()
    assert answers == [None] * lent + [ErrorCode.REDEEM_NO_ANSWER]
    assert store.vouchers() == lent


@pytest.mark.parametrize("lent", [0, 1])
def test_online_no_more_are_given_than_there_are_though_the_points_lie_here(store: Store, lent: int) -> None:
    store.open(stock=2, lent=lent)
    store.tap()

    answers = store.redeem(4)

    assert answers == [None, None, ErrorCode.REWARD_GONE, ErrorCode.REWARD_GONE]
    assert store.vouchers() == 2


def test_a_sale_is_no_new_catalogue_until_it_was_the_last(store: Store) -> None:
    store.open(stock=2, lent=0)

    versions = [store.catalogue()]
    for _ in range(2):
        store.tap()
        store.redeem(1)
        versions.append(store.catalogue())

    assert [version - versions[0] for version in versions] == [0, 0, 1]
