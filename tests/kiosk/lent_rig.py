"""A kiosk to which points were lent before its store lost the network."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from msgspec import Struct

from devices.reader import CardTapped
from kiosk.views import MemberView, RefusalView
from kiosk.visit.intents import RedeemConfirmed, RewardChosen, VisitEnded
from protocol import codec
from protocol.duties import Duty
from protocol.envelope import Event, Receipt, Verdict
from protocol.events import LeaseSpent
from protocol.kinds import kind_of
from protocol.requests import DocumentPage, PresentCard, ReleaseKey, VisitOpened
from protocol.topics import Channel
from tests.kiosk.builders import (
    LATTE,
    NOW,
    TOTE,
    VISIT,
    make_lend_points,
    make_reading,
    make_reward,
    make_snapshot,
    make_verifiers,
)
from tests.kiosk.rig import Rig
from tests.simulation.disk import SimDisk

PRICE = 600


CATALOGUE = [
    make_reward(),
    make_reward(reward=TOTE, names={"en": "Tote"}, points=300, stock=5),
    make_reward(reward=UUID(int=3), names={"en": "Earbuds"}, points=200, tiers=["diamond"]),
]


class Store(Rig):
    """A kiosk whose store lost the network after points were lent to it."""

    def __init__(self, disk: SimDisk | None = None, **options: Any) -> None:
        super().__init__(disk, **options)
        self.duties = self.store.leases.duties
        self.counter = 10

    def open(self) -> None:
        self.go_online()
        self.questions(ReleaseKey)
        self.store.documents.take(DocumentPage("catalogue", 1, 0, 1, [codec.raw(reward) for reward in CATALOGUE]))
        self.conductor.handle(CardTapped(make_reading(self.counter)))
        [(request, _body)] = self.questions(PresentCard)
        self.answer(request, VisitOpened(VISIT, redeems=True, snapshot=make_snapshot()))
        self.conductor.handle(VisitEnded())

    def do(self, body: Struct) -> None:
        self.duties += 1
        self.hear(Channel.DUTIES, Duty(self.duties, kind_of(body), codec.raw(body)))

    def lend(self, points: int = 1_000, lease: int = 1) -> None:
        epoch = self.store.chain.epoch
        self.do(make_lend_points(epoch=epoch, lease=lease, points=points, cards=[make_verifiers(10)]))

    def tap(self) -> None:
        self.counter += 1
        self.conductor.handle(CardTapped(make_reading(self.counter)))

    def redeem(self, reward: UUID = LATTE, points: int = PRICE) -> None:
        self.conductor.handle(RewardChosen(reward, points))
        self.conductor.handle(RedeemConfirmed())

    def shown(self, view: type) -> object:
        assert isinstance(self.body, view), self.body
        return self.body

    def refusal(self) -> str:
        body = self.shown(RefusalView)
        assert isinstance(body, RefusalView)
        return body.code

    def points(self) -> int:
        body = self.shown(MemberView)
        assert isinstance(body, MemberView)
        return body.points

    def receive(self, *rejected: int, seconds: int = 0) -> None:
        head = self.store.chain.head
        at = NOW + timedelta(seconds=seconds)
        self.hear(
            Channel.RECEIPTS,
            Receipt(
                epoch=self.store.chain.epoch,
                upto=head.seq,
                hash=head.hash.hex(),
                hub_epoch=UUID(int=1),
                rejected=[Verdict(seq, "lease.unknown") for seq in rejected],
                at=at,
            ),
        )

    def spends(self) -> list[LeaseSpent]:
        events = [codec.decode(event, Event) for event in self.store.chain.read(1, 99)]
        return [codec.decode(event.body, LeaseSpent) for event in events if event.kind == "lease.spent"]
