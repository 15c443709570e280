"""A whole kiosk without the network: greeted, recognised, redeeming from what was lent, and what comes of it later."""

import errno
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
from protocol.duties import ForgetMember, RecallLease, RenewCards
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


def test_offline_a_recognised_card_has_its_voucher_at_once(lent_rig: Store) -> None:
    lent_rig.hub_is(online=False)

    lent_rig.tap()
    lent_rig.redeem()

    voucher = lent_rig.shown(VoucherView)
    assert isinstance(voucher, VoucherView)
    assert voucher.standing is Standing.PROVISIONAL
    assert lent_rig.journal() == ["lease.accepted", "card.seen", "lease.spent"]
    assert voucher.code == voucher_code(lent_rig.spends()[0].spend)


def test_the_sum_and_the_voucher_are_there_at_the_next_visit_and_after_a_power_cut(lent_rig: Store) -> None:
    lent_rig.hub_is(online=False)
    lent_rig.tap()
    lent_rig.redeem()
    lent_rig.conductor.handle(VisitEnded())
    lent_rig.tap()
    before = lent_rig.points()

    again = Store(lent_rig.disk.killed())
    again.counter = lent_rig.counter
    again.tap()

    body = again.shown(MemberView)
    assert isinstance(body, MemberView)
    assert (before, body.points) == (400, 400)
    assert voucher_code(again.spends()[0].spend) in body.vouchers[0].label


def test_more_than_one_reward_is_taken_until_nothing_covers_it(lent_rig: Store) -> None:
    lent_rig.store.documents.take(DocumentPage("catalogue", 2, 0, 1, [codec.raw(make_reward(points=450))]))
    lent_rig.hub_is(online=False)
    lent_rig.tap()
    for _ in range(2):
        lent_rig.redeem(points=450)
        lent_rig.conductor.handle(Dismissed())

    lent_rig.redeem(points=450)

    assert len(lent_rig.spends()) == 2
    assert lent_rig.refusal() == ErrorCode.POINTS_SHORT


def test_a_used_code_is_refused(lent_rig: Store) -> None:
    lent_rig.hub_is(online=False)
    lent_rig.tap()
    lent_rig.conductor.handle(VisitEnded())

    lent_rig.conductor.handle(CardTapped(make_reading(lent_rig.counter)))

    assert lent_rig.refusal() == ErrorCode.CARD_REPLAYED


def test_a_code_that_was_shown_online_is_used_up_offline(lent_rig: Store) -> None:
    lent_rig.tap()
    lent_rig.conductor.handle(VisitEnded())
    lent_rig.hub_is(online=False)

    lent_rig.conductor.handle(CardTapped(make_reading(lent_rig.counter)))

    assert lent_rig.refusal() == ErrorCode.CARD_REPLAYED


@pytest.mark.parametrize("counter", [9, 30])
def test_a_card_out_of_its_window_is_greeted_and_earns_only(lent_rig: Store, counter: int) -> None:
    lent_rig.hub_is(online=False)
    lent_rig.conductor.handle(CardTapped(make_reading(counter)))
    greeted = lent_rig.points()

    lent_rig.redeem()

    assert greeted == 1_000
    assert lent_rig.refusal() == ErrorCode.REDEEM_OFFLINE_CARD


def test_a_card_that_the_hub_has_blocked_spends_nothing_of_what_still_lies_here(lent_rig: Store) -> None:
    lent_rig.do(RenewCards(LIN, []))
    lent_rig.hub_is(online=False)
    lent_rig.tap()

    lent_rig.redeem()

    assert lent_rig.refusal() == ErrorCode.REDEEM_OFFLINE_CARD
    assert lent_rig.spends() == []


def test_offline_more_than_is_lent_is_refused_with_what_can_be_had(lent_rig: Store) -> None:
    lent_rig.do(RecallLease(lent_rig.store.chain.epoch, 1))
    lent_rig.lend(points=500, lease=2)
    lent_rig.hub_is(online=False)
    lent_rig.tap()

    lent_rig.redeem()

    assert lent_rig.refusal() == ErrorCode.REDEEM_OFFLINE_SHORT
    assert "500" in repr(lent_rig.body)


def test_a_limited_reward_needs_a_piece_that_lies_here(lent_rig: Store) -> None:
    lent_rig.hub_is(online=False)
    lent_rig.tap()
    lent_rig.redeem(TOTE, 300)
    without = lent_rig.refusal()
    lent_rig.conductor.handle(Dismissed())

    lent_rig.do(make_lend_stock(epoch=lent_rig.store.chain.epoch, reward=TOTE))
    lent_rig.redeem(TOTE, 300)

    assert without == ErrorCode.REDEEM_OFFLINE_STOCK
    assert lent_rig.spends()[0].stock == 2


def test_a_reward_for_a_higher_tier_is_refused_offline_too(lent_rig: Store) -> None:
    lent_rig.hub_is(online=False)
    lent_rig.tap()

    lent_rig.redeem(UUID(int=3), 200)

    assert lent_rig.refusal() == ErrorCode.REWARD_TIER


def test_without_a_clock_that_is_believed_nothing_is_redeemed_offline(lent_rig: Store) -> None:
    lent_rig.hub_is(online=False)
    lent_rig.clock.trusted = "none"
    lent_rig.tap()

    lent_rig.redeem()

    assert lent_rig.refusal() == ErrorCode.REDEEM_CLOCK
    assert lent_rig.spends() == []


def test_a_recalled_lease_covers_nothing_any_more(lent_rig: Store) -> None:
    lent_rig.do(RecallLease(lent_rig.store.chain.epoch, 1))
    lent_rig.hub_is(online=False)
    lent_rig.tap()

    lent_rig.redeem()

    assert lent_rig.refusal() == ErrorCode.REDEEM_OFFLINE_CARD
    assert lent_rig.journal()[:2] == ["lease.accepted", "lease.closed"]


def test_a_lease_past_its_deadline_is_closed_by_itself(lent_rig: Store) -> None:
    lent_rig.hub_is(online=False)

    lent_rig.pass_(timedelta(days=3).total_seconds() + CLOSE_DUE_S)

    assert lent_rig.journal() == ["lease.accepted", "lease.closed"]


def test_online_a_vouched_card_spends_what_is_lent_without_asking(lent_rig: Store) -> None:
    lent_rig.tap()
    [(request, _body)] = lent_rig.questions(PresentCard)
    lent_rig.answer(request, VisitOpened(VISIT, redeems=True, snapshot=make_snapshot()))

    lent_rig.redeem()

    lent_rig.shown(VoucherView)
    assert lent_rig.questions(AskLease) == []
    assert len(lent_rig.spends()) == 1


def test_points_on_their_way_back_are_asked_for_again_and_then_shown(lent_rig: Store) -> None:
    lent_rig.do(RecallLease(lent_rig.store.chain.epoch, 1))
    lent_rig.tap()
    [(request, _body)] = lent_rig.questions(PresentCard)
    lent_rig.answer(request, VisitOpened(VISIT, redeems=True, snapshot=make_snapshot()))
    first, asked = lent_rig.ask()
    lent_rig.answer(first, Refusal(ErrorCode.POINTS_RECALLED))
    lent_rig.pass_(0.4)
    [(second, again)] = lent_rig.questions(AskLease)

    lent_rig.duties += 1
    lent_rig.grant(number=lent_rig.duties, lease=2, spend=again.spend)

    assert first != second
    assert asked.spend == again.spend
    lent_rig.shown(VoucherView)


def test_points_at_another_kiosk_are_told_with_the_stores_name(lent_rig: Store) -> None:
    lent_rig.do(RecallLease(lent_rig.store.chain.epoch, 1))
    lent_rig.tap()
    [(request, _body)] = lent_rig.questions(PresentCard)
    lent_rig.answer(request, VisitOpened(VISIT, redeems=True, snapshot=make_snapshot()))
    asked, _wish = lent_rig.ask()

    lent_rig.answer(asked, Refusal(ErrorCode.POINTS_LENT, {"points": 300, "store": "s-2", "store_zh": "滨江店"}))

    body = lent_rig.shown(RefusalView)
    assert isinstance(body, RefusalView)
    assert "300" in body.sentence
    assert "滨江店" in body.sentence


def test_after_the_receipt_the_figure_stands_still_until_the_hubs_own_comes(lent_rig: Store) -> None:
    lent_rig.hub_is(online=False)
    lent_rig.tap()
    lent_rig.redeem()
    lent_rig.hub_is(online=True)
    lent_rig.receive(seconds=60)
    confirmed = lent_rig.body
    lent_rig.conductor.handle(Dismissed())
    booked = lent_rig.points()

    lent_rig.hear(Channel.MEMBERS, make_snapshot(version=6, points=400, as_of=NOW + timedelta(seconds=60)))

    assert isinstance(confirmed, VoucherView)
    assert confirmed.standing is Standing.CONFIRMED
    assert (booked, lent_rig.points()) == (400, 400)
    assert lent_rig.store.register.of_member(LIN) == []


def test_what_the_hub_rejects_is_told_at_the_next_visit_until_it_was_seen(lent_rig: Store) -> None:
    lent_rig.hub_is(online=False)
    lent_rig.tap()
    lent_rig.redeem()
    lent_rig.conductor.handle(VisitEnded())
    lent_rig.hub_is(online=True)
    lent_rig.receive(3)
    lent_rig.tap()
    told = lent_rig.refusal()
    lent_rig.conductor.handle(VisitEnded())
    lent_rig.tap()
    again = lent_rig.refusal()

    lent_rig.conductor.handle(Dismissed())

    assert (told, again) == ("lease.unknown", "lease.unknown")
    assert lent_rig.points() == 1_000
    assert lent_rig.journal()[-1] == "notice.seen"
    lent_rig.conductor.handle(VisitEnded())
    lent_rig.tap()
    assert lent_rig.points() == 1_000


def test_an_erased_members_leases_are_given_back(lent_rig: Store) -> None:
    lent_rig.do(ForgetMember(LIN))

    assert lent_rig.journal() == ["lease.accepted", "lease.closed"]
    assert len(lent_rig.store.lent) == 0


def test_a_disk_that_fails_in_the_middle_promises_nothing(lent_rig: Store) -> None:
    def refuse() -> None:
        raise OSError(errno.EIO, "refused")

    lent_rig.hub_is(online=False)
    lent_rig.tap()
    lent_rig.conductor.handle(RewardChosen(LATTE, PRICE))
    lent_rig.disk.after_step = refuse

    lent_rig.conductor.handle(RedeemConfirmed())

    assert lent_rig.refusal() == ErrorCode.STORE_READ_ONLY
    lent_rig.disk.after_step = lambda: None
    again = Store(lent_rig.disk.killed())
    again.counter = lent_rig.counter
    again.tap()
    # A failed write may have reached the disk: then spend and voucher are there together.
    assert (len(again.spends()), again.points()) in {(0, 1_000), (1, 400)}


def test_nothing_of_the_member_is_left_when_an_offline_visit_ends(lent_rig: Store) -> None:
    lent_rig.hub_is(online=False)
    lent_rig.tap()

    lent_rig.conductor.handle(VisitEnded())

    lent_rig.shown(AttractView)


def test_a_lease_that_ends_between_touch_and_spend_gives_nothing_and_says_so(lent_rig: Store) -> None:
    lent_rig.hub_is(online=False)
    lent_rig.tap()
    lent_rig.conductor.handle(RewardChosen(LATTE, PRICE))
    lent_rig.conductor._knowledge.wish = lambda *_arguments: Wish(LIN, LATTE, 9_999, VISIT, is_limited=False)  # type: ignore[method-assign]

    lent_rig.conductor.handle(RedeemConfirmed())

    assert lent_rig.refusal() == ErrorCode.POINTS_RECALLED
    assert lent_rig.spends() == []
