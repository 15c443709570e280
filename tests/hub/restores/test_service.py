from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from hub.holds.service import HoldPlaced
from hub.intake import Item, Outcome, Verdict
from hub.jobs import wait_for_kiosks
from hub.messaging.ingest import Arrival
from hub.points.intake import PointsAdjusted, PointsTransferred
from hub.purchases.checkout import PurchasePosted
from hub.restores import service
from hub.restores.models import AwaitedKiosk
from hub.restores.rules import Journal
from hub.wallet.intake import TopUpRecorded
from protocol import codec, topics
from protocol.errors import ErrorCode
from protocol.requests import AskLease, PresentCard
from protocol.state import KioskStatus
from protocol.topics import Channel
from tests.hub.api import LATTE, Api
from tests.hub.world import World

RESTORE = UUID(int=77)


class Restored:
    """A hub that was restored while a kiosk holds a journal of three events, of which it knows one."""

    def __init__(self, world: World) -> None:
        self.world, self.kiosk = world, world.add_kiosk()
        self.member = world.add_member()
        world.earn(self.member, 1_000)
        self.come()
        self.items = [world.told(self.kiosk, world.purchase(self.member, 100)) for _ in range(3)]
        world.book(self.items[0])
        with world.hub.database.write() as session:
            service.begin(session, RESTORE, world.clock.now, world.clock.now)

    def come(self, **overrides: Any) -> None:
        """Have the kiosk say where its journal ends."""
        stated: dict[str, Any] = {
            "epoch": self.kiosk.epoch,
            "head_seq": self.kiosk.seq,
            "head": self.kiosk.head.hex(),
        } | overrides
        status = KioskStatus(state="online", connection=1, **stated)
        birth = Arrival(topics.of_kiosk(self.kiosk.id, Channel.STATUS), codec.encode(status))
        self.world.hub.ingest().take([birth], self.world.clock.now)

    def replay(self) -> None:
        """Have the kiosk tell everything again, and say that it has."""
        self.world.book(*self.items)
        self.come(hub_epoch=RESTORE)

    def settle(self) -> None:
        wait_for_kiosks(self.world.hub, self.world.clock.now)

    def state(self) -> str:
        with self.world.hub.database.read() as session:
            return session.get_one(AwaitedKiosk, (RESTORE, self.kiosk.id)).state

    def is_waiting(self) -> bool:
        with self.world.hub.database.read() as session:
            return service.is_waiting_for_replay(session)

    def ask(self) -> Outcome:
        """Have the member ask for a reward."""
        card = self.world.add_card(self.member)
        tap = PresentCard(self.world.tap(card))
        visit = UUID(self.world.book(self.world.asked(self.kiosk, tap))[0].result["visit"])
        return self.world.book(self.world.asked(self.kiosk, AskLease(self.world.new_id(), visit, LATTE, 600)))[0]


@pytest.fixture
def restored(world: World) -> Restored:
    return Restored(world)


@pytest.fixture
def api(restored: Restored) -> Iterator[Api]:
    opened = Api(restored.world)
    with opened.client:
        yield opened


def test_a_hub_that_was_never_restored_waits_for_nobody(world: World) -> None:
    with world.hub.database.read() as session:
        assert not service.is_waiting_for_replay(session)


def test_nothing_is_lent_until_the_kiosk_has_replayed(restored: Restored) -> None:
    before = restored.ask()

    restored.replay()
    restored.settle()

    assert (before.verdict, before.code) == (Verdict.WAITING, ErrorCode.REDEEM_RESTORED)
    assert restored.state() == "replayed"
    assert restored.ask().is_applied


def test_the_same_request_may_come_again_when_the_wait_is_over(restored: Restored) -> None:
    other = restored.world.add_member()
    body = PointsTransferred(restored.member, other, 10, "for you")
    item = restored.world.posted(body, kind="points.transferred")
    refused = restored.world.book(item)[0]

    restored.replay()
    restored.settle()

    assert refused.code is ErrorCode.REDEEM_RESTORED
    assert restored.world.book(item)[0].code is not ErrorCode.REDEEM_RESTORED


@pytest.mark.parametrize("kind", ["cash", "hold"])
def test_points_are_not_spent_at_a_till_meanwhile(restored: Restored, kind: str) -> None:
    bought = restored.world.purchase(restored.member, 10_000)
    paid = PurchasePosted(bought.receipt, bought.member, "CNY", bought.purchased_at, bought.lines, points_paid=100)
    items: dict[str, Item] = {
        "cash": restored.world.posted(paid),
        "hold": restored.world.posted(HoldPlaced(restored.member, "points", 5, 10), kind="hold.placed"),
    }

    [outcome] = restored.world.book(items[kind])

    assert outcome.code is ErrorCode.REDEEM_RESTORED


def test_earning_money_and_what_a_person_decides_go_on(restored: Restored) -> None:
    world, member = restored.world, restored.member
    items = [
        world.posted(world.purchase(member, 500)),
        world.posted(TopUpRecorded("T1", member, "CNY", 500)),
        world.posted(HoldPlaced(member, "money", 5, 10), kind="hold.placed"),
        world.posted(PointsAdjusted(member, 0, "nothing"), kind="points.adjusted"),
    ]

    codes = [outcome.code for outcome in world.book(*items)]

    assert ErrorCode.REDEEM_RESTORED not in codes
    assert codes[:3] == [None, None, None]


def test_what_a_journal_tells_never_waits(restored: Restored) -> None:
    assert [outcome.verdict for outcome in restored.world.book(*restored.items)][1:] == [Verdict.APPLIED] * 2


@pytest.mark.parametrize(
    ("journal", "is_replayed"),
    [
        (Journal(3, str(RESTORE), 3), True),
        (Journal(3, str(RESTORE), 5), True),
        (Journal(3, str(RESTORE), 2), False),
        (Journal(3, None, 3), False),
        (Journal(3, str(UUID(int=1)), 3), False),
        (Journal(None, str(RESTORE), 3), False),
        (Journal(3, str(RESTORE), None), False),
    ],
)
def test_a_kiosk_has_replayed_when_it_says_so_and_all_has_come(journal: Journal, *, is_replayed: bool) -> None:
    assert journal.is_replayed(RESTORE) is is_replayed


def test_half_a_replay_is_none(restored: Restored) -> None:
    restored.world.book(restored.items[1])
    restored.come(hub_epoch=RESTORE)

    restored.settle()

    assert restored.state() == "waiting"


def test_a_kiosk_that_is_revoked_is_waited_for_no_more(restored: Restored, api: Api) -> None:
    api.call("POST", f"/v1/kiosks/{restored.kiosk.id}/revoke")

    restored.settle()

    assert restored.state() == "released"
    assert not restored.is_waiting()


def test_a_kiosk_that_never_told_anything_is_not_waited_for(world: World) -> None:
    silent = world.add_kiosk()

    with world.hub.database.write() as session:
        service.begin(session, RESTORE, world.clock.now, None)

    with world.hub.database.read() as session:
        assert session.get(AwaitedKiosk, (RESTORE, silent.id)) is None
        assert not service.is_waiting_for_replay(session)


def test_a_second_restore_takes_the_place_of_the_first(restored: Restored) -> None:
    second = UUID(int=78)
    with restored.world.hub.database.write() as session:
        service.begin(session, second, restored.world.clock.now, None)
    restored.replay()
    restored.settle()

    assert restored.state() == "superseded"
    assert restored.is_waiting()


def test_a_person_releases_a_kiosk_with_a_reason(restored: Restored, api: Api) -> None:
    path = f"/v1/restores/{RESTORE}/kiosks/{restored.kiosk.id}/release"
    request = str(uuid4())

    first = api.call("POST", path, {"reason": "it burnt"}, request=request)
    again = api.call("POST", path, {"reason": "it burnt"}, request=request)
    other = api.call("POST", path, {"reason": "it burnt"})

    assert first.status_code == 200, first.text
    [kiosk] = first.json()["kiosks"]
    assert (kiosk["state"], kiosk["reason"], first.json()["is_waiting"]) == ("released", "it burnt", False)
    assert again.json() == first.json()
    assert other.json()["code"] == "restore.unknown"
    assert restored.ask().is_applied


def test_the_page_says_who_is_awaited_and_what_the_api_alone_brought(restored: Restored, api: Api) -> None:
    [shown] = api.call("GET", "/v1/restores").json()["items"]

    assert (shown["is_waiting"], shown["counts"]) == (True, {"waiting": 1})
    [kiosk] = shown["kiosks"]
    assert (kiosk["kiosk"], kiosk["state"], kiosk["head"], kiosk["booked"]) == (restored.kiosk.id, "waiting", 0, 1)
    assert shown["api_only"]["since"] == shown["newest_at"]
    assert shown["api_only"]["is_recoverable"] is not restored.world.hub.database.is_sqlite


def test_a_voucher_that_is_not_known_yet_may_come_with_the_replay(restored: Restored, api: Api) -> None:
    before = api.call("GET", "/v1/vouchers/7KQ29-3FXM2").json()["code"]

    restored.replay()
    restored.settle()

    assert (before, api.call("GET", "/v1/vouchers/7KQ29-3FXM2").json()["code"]) == (
        "redeem.restored",
        "voucher.unknown",
    )


def test_the_api_says_to_come_again(restored: Restored, api: Api) -> None:
    other = restored.world.add_member()
    body = {"from": str(restored.member), "to": str(other), "points": 1, "store": "S01"}

    response = api.call("POST", "/v1/points-transfers", body)

    assert (response.status_code, response.json()["code"]) == (503, "redeem.restored")
