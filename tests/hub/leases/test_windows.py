"""What becomes of verifiers when a card is blocked: kiosks are told at once, and what lies there is looked at next."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from hub.cards.models import Card
from hub.db.session import RaceLostError
from hub.fleet.models import Kiosk
from hub.intake import Work
from hub.leases import windows
from hub.leases.models import CardWindow
from hub.leases.rounds import Rounds
from protocol.duties import LendPoints, RecallLease, RenewCards
from protocol.requests import PresentCard
from tests.hub.api import Api
from tests.hub.leases.scene import Ahead, LeaseClosed, accepted
from tests.hub.world import KEYS, World


@pytest.fixture
def api_on_each_database(world: World) -> Iterator[Api]:
    opened = Api(world)
    with opened.client:
        yield opened


class Scene(Ahead):
    """A member to whose kiosk points were lent by a round."""

    def __init__(self, api: Api, *, cards: int = 1) -> None:
        super().__init__(api.world)
        self.api = api
        self.rounds = Rounds(self.world.hub.database, self.world.hub.book)
        self.others = [self.world.add_card(self.member) for _ in range(cards - 1)]
        self.put()
        for card in self.others:
            self.world.book(self.world.asked(self.here, PresentCard(self.world.tap(card))))
        self.tap(self.here)
        self.run()
        [self.grant] = self.duties(LendPoints)
        self.tell(accepted(self.grant))
        self.run(minutes=2)

    def run(self, **later: float) -> None:
        self.world.clock.pass_(**later)
        self.rounds.run(self.world.clock.now)

    def card_id(self) -> UUID:
        with self.world.hub.database.read() as session:
            return session.execute(select(Card.id).where(Card.uid == self.card)).scalar_one()

    def block(self, *, request: str = "") -> Any:
        return self.api.call("POST", f"/v1/cards/{self.card_id()}/block", request=request)

    def renewed(self) -> list[int]:
        """Of how many cards the kiosk was given new verifiers, each time."""
        return [len(duty.cards) for duty in self.duties(RenewCards)]

    def windows(self) -> set[tuple[str, str]]:
        query = select(CardWindow.kiosk, Card.uid).join(Card, Card.id == CardWindow.card)
        with self.world.hub.database.read() as session:
            return {(row.kiosk, row.uid) for row in session.execute(query)}


def test_a_kiosk_is_told_at_once_to_recognise_a_blocked_card_no_more(api_on_each_database: Api) -> None:
    scene = Scene(api_on_each_database)

    answer = scene.block()

    assert (answer.status_code, answer.json()["state"]) == (200, "blocked")
    assert scene.duties(RenewCards) == [RenewCards(scene.member, [])]
    assert scene.duties(RenewCards, scene.there) == []
    assert scene.windows() == set()


def test_what_lies_where_no_card_is_recognised_is_called_back_in_the_next_round(api: Api) -> None:
    scene = Scene(api)
    scene.block()

    scene.run(seconds=1)

    assert scene.duties(RecallLease) == [RecallLease(scene.here.epoch, scene.grant.lease)]


def test_the_other_cards_of_the_member_go_on(api_on_each_database: Api) -> None:
    scene = Scene(api_on_each_database, cards=2)
    at_first = len(scene.grant.cards)

    scene.block()
    scene.run(seconds=1)

    assert (at_first, scene.renewed()) == (2, [1])
    assert scene.windows() == {(scene.here.id, scene.others[0])}
    assert scene.duties(RecallLease) == []


def test_a_kiosk_that_was_given_verifiers_before_is_told_though_nothing_lies_there(api: Api) -> None:
    scene = Scene(api)
    scene.tell(LeaseClosed(scene.grant.lease, 0))

    scene.block()

    assert scene.renewed() == [0]


def test_a_card_that_is_blocked_again_is_no_news_to_the_kiosk(api: Api) -> None:
    scene, request = Scene(api), str(uuid4())

    answers = [scene.block(request=request).json() for _ in range(2)]

    assert answers[0] == answers[1]
    assert scene.renewed() == [0]


def test_what_lies_ahead_of_a_member_who_takes_part_no_more_is_called_back_in_the_next_round(api: Api) -> None:
    scene = Scene(api)

    scene.api.call("POST", f"/v1/members/{scene.member}/deactivate", {"reason": "moved away"})
    scene.run(seconds=1)

    assert scene.duties(RecallLease) == [RecallLease(scene.here.epoch, scene.grant.lease)]


def test_a_revoked_kiosk_is_told_nothing(api: Api) -> None:
    scene = Scene(api)
    with scene.world.hub.database.write() as session:
        session.execute(update(Kiosk).where(Kiosk.id == scene.here.id).values(state="revoked"))

    assert scene.block().status_code == 200
    assert scene.renewed() == []


def test_a_card_of_nobody_is_blocked_too(api: Api) -> None:
    scene = Scene(api)
    with scene.world.hub.database.write() as session:
        session.execute(update(Card).values(member=None))

    assert scene.block().json()["state"] == "blocked"


def test_a_card_that_counts_again_is_recognised_again(api: Api) -> None:
    scene = Scene(api, cards=2)
    scene.block()
    with scene.world.hub.database.write() as session:
        session.execute(update(Card).values(state="active"))

    scene.run(days=1)

    assert scene.renewed() == [1, 2]


def test_a_kiosk_that_learns_of_the_card_meanwhile_is_not_missed(api: Api) -> None:
    scene = Scene(api)
    hub, work, card = scene.world.hub, Work(scene.world.hub.random_bytes), scene.card_id()

    with pytest.raises(RaceLostError), hub.database.write() as session:
        windows.shut(session, card, scene.member, KEYS, work=work, now=scene.world.clock.now)

    assert scene.renewed() == []
