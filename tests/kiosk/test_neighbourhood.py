"""A member redeems at one kiosk of a store what lies at the other, while the hub is away; and what may go wrong."""

import errno
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from msgspec import structs

from kiosk.conductor import REOPEN_S
from kiosk.views import MemberView, VoucherView
from kiosk.views.voucher import Standing
from kiosk.visit.intents import Dismissed, VisitEnded
from kiosk.visit.redeeming import NEIGHBOURS_TIMEOUT_S
from protocol import codec, passes
from protocol.duties import RecallLease, RenewCards
from protocol.errors import ErrorCode
from protocol.limits import VISIT_MAX_S
from protocol.passes import PassAnswer
from protocol.requests import DocumentPage
from protocol.state import KioskStatus
from protocol.topics import Channel
from provisioning import keys
from tests.kiosk.builders import (
    LIN,
    TOTE,
    make_configuration,
    make_lend_points,
    make_lend_stock,
    make_note,
    make_reward,
    make_verifiers,
)
from tests.kiosk.lan_rig import ADDRESSES, GIVER, KEYS, TAKER, Pair, boot
from tests.kiosk.lent_rig import PRICE


@pytest.fixture
def pair() -> Iterator[Pair]:
    pair = Pair()
    yield pair
    pair.close()


def ask(pair: Pair) -> None:
    """Tap and redeem at the kiosk that has nothing."""
    pair.taker.tap()
    pair.taker.redeem()


def number(pair: Pair) -> int:
    return passes.lease_of(pair.question()[1].note)


def test_what_lies_at_the_other_kiosk_is_redeemed_here(pair: Pair) -> None:
    ask(pair)
    looking = pair.taker.frames[-1].confirm

    pair.carry()

    assert looking is not None
    assert looking.waiting_label == "正在查询本店其他自助机…"
    voucher = pair.taker.shown(VoucherView)
    assert isinstance(voucher, VoucherView)
    assert voucher.standing is Standing.PROVISIONAL
    assert pair.giver.journal() == ["lease.accepted", "lease.passed"]
    assert pair.taker.journal() == ["card.seen", "lease.taken", "lease.spent", "lease.closed"]
    assert [spent.lease for spent in pair.taker.spends()] == [number(pair)]
    assert pair.lent() == 1_000 - PRICE


def test_the_sum_and_the_voucher_are_there_after_a_restart(pair: Pair) -> None:
    ask(pair)
    pair.carry()
    counter = pair.taker.counter

    pair.restart_taker()
    pair.taker.counter = counter
    pair.taker.tap()

    body = pair.taker.shown(MemberView)
    assert isinstance(body, MemberView)
    assert (body.points, len(body.vouchers)) == (400, 1)


def test_a_second_reward_in_the_same_visit_is_had_by_the_same_tap(pair: Pair) -> None:
    pair.taker.store.documents.take(DocumentPage("catalogue", 2, 0, 1, [codec.raw(make_reward(points=400))]))
    pair.taker.tap()
    for _ in range(2):
        pair.taker.redeem(points=400)
        pair.carry()
        pair.taker.conductor.handle(Dismissed())

    assert [passed.points for passed in pair.passed()] == [400, 400]
    assert len(pair.taker.spends()) == 2


def test_one_tap_vouches_for_one_visit_and_no_longer(pair: Pair) -> None:
    ask(pair)
    _spend, asked = pair.question()
    pair.hear(asked)
    again = structs.replace(asked, note=UUID(int=0x99), points=100)

    elsewhere = pair.hear(again, by="k-third")
    pair.giver.clock.elapsed += VISIT_MAX_S
    later = pair.hear(again)

    assert (elsewhere.code, later.code) == (ErrorCode.CARD_REPLAYED, ErrorCode.CARD_REPLAYED)
    assert len(pair.passed()) == 1


def test_a_tap_that_was_used_at_the_giver_itself_is_worth_nothing_elsewhere(pair: Pair) -> None:
    pair.giver.tap()
    pair.giver.conductor.handle(VisitEnded())

    ask(pair)
    answer = pair.carry()

    assert answer.code == ErrorCode.CARD_REPLAYED
    assert pair.taker.refusal() == ErrorCode.REDEEM_OFFLINE_CARD
    assert pair.passed() == []


def no_lease(pair: Pair) -> None:
    pair.giver.do(RecallLease(pair.giver.store.chain.epoch, 1))
    pair.giver.do(make_lend_points(epoch=pair.giver.store.chain.epoch, lease=2, points=599, cards=[make_verifiers(10)]))


def no_clock(pair: Pair) -> None:
    pair.giver.clock.trusted = "none"


def no_verifiers(pair: Pair) -> None:
    pair.taker.counter += 50


def card_blocked(pair: Pair) -> None:
    pair.giver.do(RenewCards(LIN, []))


@pytest.mark.parametrize(
    ("arrange", "code"),
    [
        (no_lease, ErrorCode.POINTS_SHORT),
        (no_clock, ErrorCode.REDEEM_CLOCK),
        (no_verifiers, ErrorCode.REDEEM_OFFLINE_CARD),
        (card_blocked, ErrorCode.REDEEM_OFFLINE_CARD),
    ],
)
def test_a_giver_that_cannot_give_says_why_and_the_member_hears_the_first_refusal(
    pair: Pair, arrange: Any, code: ErrorCode
) -> None:
    arrange(pair)
    ask(pair)

    answer = pair.carry()

    assert answer.code == code
    assert pair.taker.refusal() == ErrorCode.REDEEM_OFFLINE_CARD
    assert pair.taker.journal() == ["card.seen"]
    assert pair.passed() == []


def test_an_answer_that_was_lost_is_the_same_when_it_is_asked_again(pair: Pair) -> None:
    ask(pair)
    spend, asked = pair.question()
    lost = pair.hear(asked)

    again = pair.hear(asked)
    pair.bring(spend, asked, again)

    assert lost == again
    assert len(pair.passed()) == 1
    pair.taker.shown(VoucherView)


def test_without_an_answer_the_first_refusal_follows_and_a_late_note_is_given_back(pair: Pair) -> None:
    ask(pair)
    spend, asked = pair.question()
    answer = pair.hear(asked)
    pair.taker.pass_(NEIGHBOURS_TIMEOUT_S + 0.1)
    refused = pair.taker.refusal()

    pair.bring(spend, asked, answer)

    assert refused == ErrorCode.REDEEM_OFFLINE_CARD
    assert pair.taker.journal() == ["card.seen", "lease.taken", "lease.closed"]
    assert pair.taker.spends() == []
    assert pair.taker.refusal() == ErrorCode.REDEEM_OFFLINE_CARD


def test_a_note_for_an_earlier_wish_does_not_serve_the_next_one(pair: Pair) -> None:
    ask(pair)
    spend, asked = pair.question()
    answer = pair.hear(asked)
    pair.taker.pass_(NEIGHBOURS_TIMEOUT_S + 0.1)
    pair.taker.conductor.handle(Dismissed())
    pair.taker.redeem()

    pair.bring(spend, asked, answer)

    assert pair.taker.journal() == ["card.seen", "lease.taken", "lease.closed"]
    assert pair.taker.frames[-1].confirm is not None


def test_the_same_note_twice_counts_once(pair: Pair) -> None:
    ask(pair)
    spend, asked = pair.question()
    answer = pair.carry()

    pair.bring(spend, asked, answer)
    pair.bring(spend, asked, answer)

    assert pair.taker.journal().count("lease.taken") == 1
    pair.taker.shown(VoucherView)


def forged(**changes: Any) -> Any:
    def forge(pair: Pair) -> tuple[str, str]:
        _spend, asked = pair.question()
        epoch = pair.giver.store.chain.epoch
        fields = {"id": asked.note, "epoch": epoch, "to_epoch": asked.epoch, "points": asked.points, **changes}
        payload = passes.payload_of(make_note(**fields))
        return passes.write(payload, keys.sign(KEYS[GIVER], payload)), GIVER

    return forge


def altered(pair: Pair) -> tuple[str, str]:
    signed = passes.read(pair.hear(pair.question()[1]).note or "")
    assert signed is not None
    payload = passes.payload_of(structs.replace(signed.body, lent=9_999))
    return passes.write(payload, signed.signature), GIVER


def by_another_key(pair: Pair) -> tuple[str, str]:
    return str(pair.hear(pair.question()[1]).note), TAKER


BAD_NOTES: dict[str, Any] = {
    "altered": altered,
    "signed by another key": by_another_key,
    "no note at all": lambda _pair: ("membertap:pass:e30.MEU", GIVER),
    "of another kiosk": forged(kiosk="k-third"),
    "for another kiosk": forged(to="k-third"),
    "for another epoch": forged(to_epoch=UUID(int=0xBAD)),
    "of another member": forged(member=UUID(int=0xBAD)),
    "of other points": forged(points=601),
    "under another id": forged(id=UUID(int=0xBAD)),
}


@pytest.mark.parametrize("case", BAD_NOTES)
def test_a_note_that_is_not_what_was_asked_for_leaves_no_trace(pair: Pair, case: str) -> None:
    ask(pair)
    spend, asked = pair.question()
    text, signer = BAD_NOTES[case](pair)

    pair.bring(spend, asked, PassAnswer(note=text), signer)

    assert pair.taker.journal() == ["card.seen"]
    assert pair.taker.refusal() == ErrorCode.REDEEM_OFFLINE_CARD


def test_a_giver_that_dies_after_its_fence_gives_the_same_note_when_it_is_back(pair: Pair) -> None:
    ask(pair)
    spend, asked = pair.question()
    pair.hear(asked)

    pair.restart_giver()
    pair.giver.store.documents.configuration = make_configuration(neighbours={TAKER: ADDRESSES[TAKER]})
    answer = pair.hear(asked)
    pair.bring(spend, asked, answer)

    assert len(pair.passed()) == 1
    pair.taker.shown(VoucherView)


def test_a_giver_whose_disk_refuses_says_so_and_has_the_note_if_the_fence_is_there(pair: Pair) -> None:
    def refuse() -> None:
        raise OSError(errno.EIO, "refused")

    ask(pair)
    _spend, asked = pair.question()
    pair.giver.disk.after_step = refuse

    answer = pair.hear(asked)

    assert answer == PassAnswer(code=ErrorCode.STORE_READ_ONLY)
    pair.giver.disk.after_step = lambda: None
    pair.giver.pass_(REOPEN_S)
    again = pair.hear(asked)
    assert again.note
    assert [passed.points for passed in pair.passed()] == [PRICE]
    assert pair.lent() == 1_000 - PRICE


def test_a_taker_that_dies_before_its_put_has_taken_nothing_and_the_hubs_duty_reaches_it(pair: Pair) -> None:
    ask(pair)
    _spend, asked = pair.question()
    pair.hear(asked)

    pair.restart_taker()
    lent = make_lend_points(epoch=pair.taker.store.chain.epoch, lease=passes.lease_of(asked.note), points=PRICE)
    pair.taker.do(lent)

    assert pair.taker.journal() == ["card.seen", "lease.accepted"]
    assert pair.taker.store.lent.points(LIN, pair.taker.sync.pen()) == PRICE


def test_a_taker_that_dies_after_its_put_has_the_reward_and_the_hubs_duty_changes_nothing(pair: Pair) -> None:
    ask(pair)
    spend, asked = pair.question()
    answer = pair.carry()

    pair.restart_taker()
    pair.bring(spend, asked, answer)
    pair.taker.do(make_lend_points(epoch=pair.taker.store.chain.epoch, lease=passes.lease_of(asked.note), points=PRICE))

    assert pair.taker.journal() == ["card.seen", "lease.taken", "lease.spent", "lease.closed"]
    assert pair.taker.store.lent.points(LIN, pair.taker.sync.pen()) == 0


def test_a_disk_that_fails_while_a_note_is_taken_promises_nothing(pair: Pair) -> None:
    def refuse() -> None:
        raise OSError(errno.EIO, "refused")

    ask(pair)
    spend, asked = pair.question()
    answer = pair.hear(asked)
    pair.taker.disk.after_step = refuse

    pair.bring(spend, asked, answer)

    assert pair.taker.refusal() == ErrorCode.STORE_READ_ONLY
    pair.taker.disk.after_step = lambda: None
    pair.restart_taker()
    assert pair.taker.journal() in (["card.seen"], ["card.seen", "lease.taken", "lease.spent", "lease.closed"])


def test_a_limited_reward_takes_the_points_from_there_and_the_piece_from_here(pair: Pair) -> None:
    pair.taker.do(make_lend_stock(epoch=pair.taker.store.chain.epoch, reward=TOTE, lease=1))
    pair.taker.tap()

    pair.taker.redeem(TOTE, 300)
    pair.carry()

    assert pair.taker.spends()[0].stock == 1
    assert [passed.points for passed in pair.passed()] == [300]


def test_a_card_that_the_giver_alone_holds_points_for_is_not_asked_for_online(pair: Pair) -> None:
    pair.taker.hub_is(online=True)

    ask(pair)

    assert pair.wire.asked == []


def test_a_kiosk_without_neighbours_or_without_a_place_of_its_own_asks_nobody() -> None:
    for name, others in ((TAKER, {}), (TAKER, None)):
        kiosk, wire = boot(name)
        kiosk.open()
        if others is None:
            wire.address = None
        configuration = make_configuration(neighbours={GIVER: ADDRESSES[GIVER]} if others is None else others)
        kiosk.store.documents.take(DocumentPage("configuration", 1, 0, 1, [codec.raw(configuration)]))
        kiosk.hub_is(online=False)
        kiosk.tap()

        kiosk.redeem()

        assert wire.asked == []
        assert kiosk.refusal() == ErrorCode.REDEEM_OFFLINE_CARD


def test_each_neighbour_is_asked_under_an_id_of_its_own(pair: Pair) -> None:
    neighbours = {GIVER: ADDRESSES[GIVER], "k-third": "10.0.0.3:7443"}
    configuration = codec.raw(make_configuration(neighbours=neighbours))
    pair.taker.store.documents.take(DocumentPage("configuration", 2, 0, 1, [configuration]))

    ask(pair)

    _spend, questions = pair.wire.asked[-1]
    assert {question.giver: question.address for question in questions} == neighbours
    assert len({question.ask.note for question in questions}) == 2


def test_a_kiosk_says_where_it_answers(pair: Pair) -> None:
    [*_, status] = pair.taker.uplink.take(Channel.STATUS, KioskStatus)

    assert status.address == ADDRESSES[TAKER]
