"""Two kiosks of one store without the hub: points pass over a network that loses things, and kiosks that die."""

from collections.abc import Callable
from random import Random

import pytest

from hub import jobs
from hub.db.session import Database
from hub.programme.service import Change, publish
from kiosk.views import VoucherView
from kiosk.visit.intents import RedeemConfirmed, RewardChosen, VisitEnded
from protocol import codec
from protocol.envelope import Event
from tests.simulation.chain import Chain, SimKiosk, member_with_card

MakeDatabase = Callable[[], Database]

PRICE = 60
SUPERVISOR_S = 1.0
LENDING = {"share_percent": 100, "cap_points": 700, "kiosks_max": 1, "min_points": 20}


class Store:
    """A store of two kiosks: all points of a member lie at the first, and the second has seen them once."""

    def __init__(self, database: Database, seed: int) -> None:
        self.random = Random(seed)
        self.chain = Chain(database, seed)
        with database.write() as session:
            publish(session, Change("lending", LENDING, "test"), self.chain.time.now())
        self.cookie = self.chain.world.add_reward("cookie", PRICE)
        self.member, self.card = member_with_card(self.chain, 700)
        self.giver, self.taker = (self.chain.add_kiosk() for _ in range(2))
        for kiosk in self.kiosks:
            kiosk.on_end = self.start_again
        self.chain.run(30)
        for kiosk in (self.taker, self.giver):
            kiosk.tap(self.card)
            self.chain.run(2)
            kiosk.handle(VisitEnded())
        self.lend()
        self.vouchers = 0

    @property
    def kiosks(self) -> tuple[SimKiosk, ...]:
        return self.giver, self.taker

    def start_again(self, kiosk: SimKiosk) -> None:
        self.chain.time.after(SUPERVISOR_S, kiosk.switch_on)

    def lend(self) -> None:
        self.chain.world.clock.now = self.chain.time.now()
        [job] = [job for job in jobs.jobs(self.chain.world.hub) if job.name == "lend ahead"]
        job.work(self.chain.time.now())
        self.chain.run(30)

    def visit(self) -> None:
        """Redeem at the kiosk that has nothing; somebody may trip over a cable meanwhile."""
        self.taker.tap(self.card)
        self.chain.run(1)
        self.taker.handle(RewardChosen(self.cookie, PRICE))
        self.taker.handle(RedeemConfirmed())
        if self.random.random() < 0.3:
            self.chain.run(self.random.uniform(0, 1))
            unlucky = self.random.choice(self.kiosks)
            if self.random.random() < 0.5:
                unlucky.cut_power()
                self.start_again(unlucky)
            else:
                unlucky.cut_power_at_step(self.random.randrange(1, 5))
        self.chain.run(4)
        if self.taker.is_running:
            self.vouchers += isinstance(self.taker.frame.body, VoucherView)
            self.taker.handle(VisitEnded())
        self.chain.run(SUPERVISOR_S)

    def kinds(self, kiosk: SimKiosk) -> list[str]:
        return [codec.decode(event, Event).kind for event in kiosk.store.chain.read(1, 999)]


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_lost_the_books_say_what_the_kiosks_say(make_database: MakeDatabase, seed: int) -> None:
    store = Store(make_database(), seed)
    for kiosk in store.kiosks:
        kiosk.disconnect()
    for _ in range(8):
        store.visit()

    for kiosk in store.random.sample(store.kiosks, 2):
        kiosk.connect()
        store.chain.run(store.random.uniform(1, 60))
    store.chain.run(600)

    journals = [store.kinds(kiosk) for kiosk in store.kiosks]
    spent = sum(kinds.count("lease.spent") for kinds in journals)
    lent = sum(lease.rest for kiosk in store.kiosks for lease in kiosk.lent.values())
    assert store.chain.world.balance(store.member) + lent == 700 - PRICE * spent
    assert spent >= store.vouchers > 0
    assert journals[0].count("lease.passed") > 0
    assert [kiosk.store.chain.unconfirmed for kiosk in store.kiosks] == [0, 0]
    assert [kiosk.store.register.notices(store.member) for kiosk in store.kiosks] == [[], []]
    store.chain.world.assert_books_are_right()
    store.chain.close()
