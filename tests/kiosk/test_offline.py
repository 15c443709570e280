"""A whole kiosk without the network: greeted, recognised, redeeming from what was lent, and what comes of it later."""

import errno
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest

from devices.reader import CardTapped
from kiosk.conductor import CLOSE_DUE_S
from kiosk.store.holdings import Wish
from kiosk.views import AttractView, MemberView, RefusalView, VoucherView
from kiosk.views.voucher import Standing
from kiosk.visit.intents import Dismissed, RedeemConfirmed, RewardChosen, VisitEnded
from protocol import codec
from protocol.duties import ForgetMember, RecallLease
from protocol.errors import ErrorCode
from protocol.ids import voucher_code
from protocol.requests import AskLease, DocumentPage, PresentCard, Refusal, VisitOpened
from protocol.topics import Channel
from tests.kiosk.builders import (
    LATTE,
    LIN,
    NOW,
    TOTE,
    VISIT,
    make_lend_stock,
    make_reading,
    make_reward,
    make_snapshot,
)
from tests.kiosk.lent_rig import PRICE, Store


@pytest.fixture
def rig() -> Iterator[Store]:
    rig = Store()
    rig.open()
    rig.lend()
    yield rig
    rig.store.close()


def test_offline_a_recognised_card_has_its_voucher_at_once(rig: Store) -> None:
    rig.hub_is(online=False)

    rig.tap()
    rig.redeem()

    voucher = rig.shown(VoucherView)
    assert isinstance(voucher, VoucherView)
    assert voucher.standing is Standing.PROVISIONAL
    assert rig.journal() == ["lease.accepted", "card.seen", "lease.spent"]
    assert voucher.code == voucher_code(rig.spends()[0].spend)


def test_the_sum_and_the_voucher_are_there_at_the_next_visit_and_after_a_power_cut(rig: Store) -> None:
    rig.hub_is(online=False)
    rig.tap()
    rig.redeem()
    rig.conductor.handle(VisitEnded())
    rig.tap()
    before = rig.points()

    again = Store(rig.disk.killed())
    again.counter = rig.counter
    again.tap()

    body = again.shown(MemberView)
    assert isinstance(body, MemberView)
    assert (before, body.points) == (400, 400)
    assert voucher_code(again.spends()[0].spend) in body.vouchers[0].label


def test_more_than_one_reward_is_taken_until_nothing_covers_it(rig: Store) -> None:
    rig.store.documents.take(DocumentPage("catalogue", 2, 0, 1, [codec.raw(make_reward(points=450))]))
    rig.hub_is(online=False)
    rig.tap()
    for _ in range(2):
        rig.redeem(points=450)
        rig.conductor.handle(Dismissed())

    rig.redeem(points=450)

    assert len(rig.spends()) == 2
    assert rig.refusal() == ErrorCode.POINTS_SHORT


def test_a_used_code_is_refused(rig: Store) -> None:
    rig.hub_is(online=False)
    rig.tap()
    rig.conductor.handle(VisitEnded())

    rig.conductor.handle(CardTapped(make_reading(rig.counter)))

    assert rig.refusal() == ErrorCode.CARD_REPLAYED


def test_a_code_that_was_shown_online_is_used_up_offline(rig: Store) -> None:
    rig.tap()
    rig.conductor.handle(VisitEnded())
    rig.hub_is(online=False)

    rig.conductor.handle(CardTapped(make_reading(rig.counter)))

    assert rig.refusal() == ErrorCode.CARD_REPLAYED


@pytest.mark.parametrize("counter", [9, 30])
def test_a_card_out_of_its_window_is_greeted_and_earns_only(rig: Store, counter: int) -> None:
    rig.hub_is(online=False)
    rig.conductor.handle(CardTapped(make_reading(counter)))
    greeted = rig.points()

    rig.redeem()

    assert greeted == 1_000
    assert rig.refusal() == ErrorCode.REDEEM_OFFLINE_CARD


def test_offline_more_than_is_lent_is_refused_with_what_can_be_had(rig: Store) -> None:
    rig.do(RecallLease(rig.store.chain.epoch, 1))
    rig.lend(points=500, lease=2)
    rig.hub_is(online=False)
    rig.tap()

    rig.redeem()

    assert rig.refusal() == ErrorCode.REDEEM_OFFLINE_SHORT
    assert "500" in repr(rig.body)


def test_a_limited_reward_needs_a_piece_that_lies_here(rig: Store) -> None:
    rig.hub_is(online=False)
    rig.tap()
    rig.redeem(TOTE, 300)
    without = rig.refusal()
    rig.conductor.handle(Dismissed())

    rig.do(make_lend_stock(epoch=rig.store.chain.epoch, reward=TOTE))
    rig.redeem(TOTE, 300)

    assert without == ErrorCode.REDEEM_OFFLINE_STOCK
    assert rig.spends()[0].stock == 2


def test_a_reward_for_a_higher_tier_is_refused_offline_too(rig: Store) -> None:
    rig.hub_is(online=False)
    rig.tap()

    rig.redeem(UUID(int=3), 200)

    assert rig.refusal() == ErrorCode.REWARD_TIER


def test_without_a_clock_that_is_believed_nothing_is_redeemed_offline(rig: Store) -> None:
    rig.hub_is(online=False)
    rig.clock.trusted = "none"
    rig.tap()

    rig.redeem()

    assert rig.refusal() == ErrorCode.REDEEM_CLOCK
    assert rig.spends() == []


def test_a_recalled_lease_covers_nothing_any_more(rig: Store) -> None:
    rig.do(RecallLease(rig.store.chain.epoch, 1))
    rig.hub_is(online=False)
    rig.tap()

    rig.redeem()

    assert rig.refusal() == ErrorCode.REDEEM_OFFLINE_CARD
    assert rig.journal()[:2] == ["lease.accepted", "lease.closed"]


def test_a_lease_past_its_deadline_is_closed_by_itself(rig: Store) -> None:
    rig.hub_is(online=False)

    rig.pass_(timedelta(days=3).total_seconds() + CLOSE_DUE_S)

    assert rig.journal() == ["lease.accepted", "lease.closed"]


def test_online_a_vouched_card_spends_what_is_lent_without_asking(rig: Store) -> None:
    rig.tap()
    [(request, _body)] = rig.questions(PresentCard)
    rig.answer(request, VisitOpened(VISIT, redeems=True, snapshot=make_snapshot()))

    rig.redeem()

    rig.shown(VoucherView)
    assert rig.questions(AskLease) == []
    assert len(rig.spends()) == 1


def test_points_on_their_way_back_are_asked_for_again_and_then_shown(rig: Store) -> None:
    rig.do(RecallLease(rig.store.chain.epoch, 1))
    rig.tap()
    [(request, _body)] = rig.questions(PresentCard)
    rig.answer(request, VisitOpened(VISIT, redeems=True, snapshot=make_snapshot()))
    first, asked = rig.ask()
    rig.answer(first, Refusal(ErrorCode.POINTS_RECALLED))
    rig.pass_(0.4)
    [(second, again)] = rig.questions(AskLease)

    rig.duties += 1
    rig.grant(number=rig.duties, lease=2, spend=again.spend)

    assert first != second
    assert asked.spend == again.spend
    rig.shown(VoucherView)


def test_points_at_another_kiosk_are_told_with_the_stores_name(rig: Store) -> None:
    rig.do(RecallLease(rig.store.chain.epoch, 1))
    rig.tap()
    [(request, _body)] = rig.questions(PresentCard)
    rig.answer(request, VisitOpened(VISIT, redeems=True, snapshot=make_snapshot()))
    asked, _wish = rig.ask()

    rig.answer(asked, Refusal(ErrorCode.POINTS_LENT, {"points": 300, "store": "s-2", "store_zh": "滨江店"}))

    body = rig.shown(RefusalView)
    assert isinstance(body, RefusalView)
    assert "300" in body.sentence
    assert "滨江店" in body.sentence


def test_after_the_receipt_the_figure_stands_still_until_the_hubs_own_comes(rig: Store) -> None:
    rig.hub_is(online=False)
    rig.tap()
    rig.redeem()
    rig.hub_is(online=True)
    rig.receive(seconds=60)
    confirmed = rig.body
    rig.conductor.handle(Dismissed())
    booked = rig.points()

    rig.hear(Channel.MEMBERS, make_snapshot(version=6, points=400, as_of=NOW + timedelta(seconds=60)))

    assert isinstance(confirmed, VoucherView)
    assert confirmed.standing is Standing.CONFIRMED
    assert (booked, rig.points()) == (400, 400)
    assert rig.store.register.of_member(LIN) == []


def test_what_the_hub_rejects_is_told_at_the_next_visit_until_it_was_seen(rig: Store) -> None:
    rig.hub_is(online=False)
    rig.tap()
    rig.redeem()
    rig.conductor.handle(VisitEnded())
    rig.hub_is(online=True)
    rig.receive(3)
    rig.tap()
    told = rig.refusal()
    rig.conductor.handle(VisitEnded())
    rig.tap()
    again = rig.refusal()

    rig.conductor.handle(Dismissed())

    assert (told, again) == ("lease.unknown", "lease.unknown")
    assert rig.points() == 1_000
    assert rig.journal()[-1] == "notice.seen"
    rig.conductor.handle(VisitEnded())
    rig.tap()
    assert rig.points() == 1_000


def test_an_erased_members_leases_are_given_back(rig: Store) -> None:
    rig.do(ForgetMember(LIN))

    assert rig.journal() == ["lease.accepted", "lease.closed"]
    assert len(rig.store.lent) == 0


def test_a_disk_that_fails_in_the_middle_promises_nothing(rig: Store) -> None:
    def refuse() -> None:
        raise OSError(errno.EIO, "refused")

    rig.hub_is(online=False)
    rig.tap()
    rig.conductor.handle(RewardChosen(LATTE, PRICE))
    rig.disk.after_step = refuse

    rig.conductor.handle(RedeemConfirmed())

    assert rig.refusal() == ErrorCode.STORE_READ_ONLY
    rig.disk.after_step = lambda: None
    again = Store(rig.disk.killed())
    again.counter = rig.counter
    again.tap()
    # A failed write may have reached the disk: then spend and voucher are there together.
    assert (len(again.spends()), again.points()) in {(0, 1_000), (1, 400)}


def test_nothing_of_the_member_is_left_when_an_offline_visit_ends(rig: Store) -> None:
    rig.hub_is(online=False)
    rig.tap()

    rig.conductor.handle(VisitEnded())

    rig.shown(AttractView)


def test_a_lease_that_ends_between_touch_and_spend_gives_nothing_and_says_so(rig: Store) -> None:
    rig.hub_is(online=False)
    rig.tap()
    rig.conductor.handle(RewardChosen(LATTE, PRICE))
    rig.conductor._knowledge.wish = lambda *_arguments: Wish(LIN, LATTE, 9_999, VISIT, is_limited=False)  # type: ignore[method-assign]

    rig.conductor.handle(RedeemConfirmed())

    assert rig.refusal() == ErrorCode.POINTS_RECALLED
    assert rig.spends() == []
