"""What the hub wants done, and what comes of it on the screen and in the journal."""

from datetime import timedelta
from uuid import UUID

import pytest

from devices.reader import CardTapped
from kiosk.conductor import REOPEN_S
from kiosk.store.local import CACHE
from kiosk.views import AttractView, MemberView, RefusalView, VoucherView
from kiosk.views.voucher import Standing
from protocol import codec
from protocol.duties import Duty, ForgetMember, Report
from protocol.envelope import Envelope, Receipt
from protocol.errors import ErrorCode
from protocol.requests import (
    PresentCard,
    Refusal,
)
from protocol.topics import Channel
from tests.kiosk.builders import (
    CHEN,
    LIN,
    NOW,
    make_card,
    make_grant,
    make_voucher,
)
from tests.kiosk.rig import Rig
from tests.simulation.disk import Fault


def test_redeeming_journals_before_it_shows_the_voucher(rig: Rig) -> None:
    rig.greet()
    _request, asked = rig.ask()

    rig.grant(spend=asked.spend)

    assert rig.journal() == ["lease.accepted", "lease.spent", "lease.closed"]
    assert isinstance(rig.body, VoucherView)
    assert rig.body.standing is Standing.PROVISIONAL
    [envelope] = rig.uplink.take(Channel.EVENTS, Envelope)
    assert len(envelope.events) == 3
    assert rig.uplink.take(Channel.REPORTS, Report)[-1].duties == 1


@pytest.mark.parametrize(("rejected", "standing"), [([], Standing.CONFIRMED), ([2], Standing.REJECTED)])
def test_the_hubs_receipt_settles_the_voucher(rig: Rig, rejected: list[int], standing: Standing) -> None:
    from protocol.envelope import Verdict  # noqa: PLC0415

    rig.greet()
    _request, asked = rig.ask()
    rig.grant(spend=asked.spend)
    receipt = Receipt(
        epoch=rig.store.chain.epoch,
        upto=3,
        hash=rig.store.chain.head.hash.hex(),
        hub_epoch=UUID(int=1),
        rejected=[Verdict(seq, "lease.unknown") for seq in rejected],
    )

    rig.hear(Channel.RECEIPTS, receipt)

    assert isinstance(rig.body, VoucherView)
    assert rig.body.standing is standing


def test_a_repeated_grant_has_no_effect(rig: Rig) -> None:
    rig.greet()
    _request, asked = rig.ask()

    for _ in range(3):
        rig.grant(spend=asked.spend)

    assert len(rig.journal()) == 3


def test_a_grant_that_nobody_waits_for_is_given_back(rig: Rig) -> None:
    rig.grant()

    assert rig.journal() == ["lease.accepted", "lease.closed"]


def test_a_grant_past_its_deadline_is_given_back(rig: Rig) -> None:
    rig.greet()
    _request, asked = rig.ask()

    rig.grant(spend=asked.spend, deadline=NOW)

    assert rig.journal() == ["lease.accepted", "lease.closed"]


def test_a_grant_after_the_customer_was_sent_away_is_given_back(rig: Rig) -> None:
    rig.greet()
    _request, asked = rig.ask()
    rig.pass_(7)
    refused = rig.body

    rig.grant(spend=asked.spend)

    assert isinstance(refused, RefusalView)
    assert refused.code == "redeem.no_answer"
    assert rig.journal() == ["lease.accepted", "lease.closed"]


def test_a_grant_behind_a_missing_duty_waits_for_it(rig: Rig) -> None:
    rig.grant(number=2, lease=2)
    before = rig.journal()

    rig.grant(number=1, lease=1)
    rig.grant(number=2, lease=2)

    assert (before, len(rig.journal())) == ([], 4)
    assert rig.store.leases.duties == 2


def test_a_duty_of_an_unknown_kind_stays_open_and_holds_nothing_up(rig: Rig) -> None:
    rig.hear(Channel.DUTIES, Duty(1, "member.erase", codec.raw(make_voucher())))

    rig.grant(number=2, lease=1)

    assert rig.journal() == ["lease.accepted", "lease.closed"]
    assert rig.store.leases.duties == 0


def test_an_erased_member_leaves_the_screen_and_the_disk_and_the_hub_is_told(rig: Rig) -> None:
    rig.store.seal.release(b"k" * 32)
    rig.greet()
    known = str(LIN).encode() in rig.disk.contents(CACHE)

    rig.hear(Channel.DUTIES, Duty(1, "member.forget", codec.raw(ForgetMember(LIN))))

    assert known
    assert isinstance(rig.body, AttractView)
    assert str(LIN).encode() not in rig.disk.contents(CACHE)
    assert rig.store.snapshots.of_member(LIN) is None
    reported = rig.uplink.take(Channel.REPORTS, Report)[-1]
    assert (reported.duties, reported.members) == (1, {LIN: 0})


def test_a_member_for_whom_nothing_was_booked_yet_is_not_reported_as_forgotten(rig: Rig) -> None:
    rig.uplink.take(Channel.REPORTS, Report)

    rig.greet(version=0)

    assert rig.store.snapshots.of_member(LIN) is not None
    assert rig.uplink.take(Channel.REPORTS, Report) == []


def test_nobody_else_is_sent_away_when_a_member_is_erased(rig: Rig) -> None:
    rig.greet()

    rig.hear(Channel.DUTIES, Duty(1, "member.forget", codec.raw(ForgetMember(CHEN))))

    assert isinstance(rig.body, MemberView)
    assert rig.store.snapshots.of_member(LIN) is not None


def test_a_member_who_cannot_be_forgotten_now_is_not_reported_as_forgotten(rig: Rig) -> None:
    rig.greet()
    rig.disk.faults = {rig.disk.steps: Fault()}
    rig.hear(Channel.DUTIES, Duty(1, "member.forget", codec.raw(ForgetMember(LIN))))
    before = rig.store.leases.duties

    rig.pass_(REOPEN_S)
    rig.hear(Channel.DUTIES, Duty(1, "member.forget", codec.raw(ForgetMember(LIN))))

    assert (before, rig.store.leases.duties) == (0, 1)
    assert str(LIN).encode() not in rig.disk.contents(CACHE)


def test_forgetting_waits_for_its_turn_and_can_be_asked_for_again(rig: Rig) -> None:
    forget = codec.raw(ForgetMember(LIN))
    rig.hear(Channel.DUTIES, Duty(2, "member.forget", forget))
    early = rig.store.leases.duties

    for number in (1, 2, 2, 1):
        rig.hear(Channel.DUTIES, Duty(number, "member.forget", forget))

    assert (early, rig.store.leases.duties) == (0, 2)


def test_a_grant_for_another_journal_is_done_without_effect(rig: Rig) -> None:
    grant = make_grant(epoch=UUID(int=0xBAD))

    rig.hear(Channel.DUTIES, Duty(1, "lease.grant", codec.raw(grant)))

    assert rig.journal() == []
    assert rig.store.leases.duties == 1


def test_a_denied_lease_is_told_kindly(rig: Rig) -> None:
    rig.greet()
    request, _asked = rig.ask()

    rig.answer(request, Refusal(ErrorCode.REWARD_PRICE_CHANGED, {"points": 650}))

    assert isinstance(rig.body, RefusalView)
    assert "650" in rig.body.sentence


def test_a_refusal_that_only_a_newer_hub_knows_is_told_all_the_same(rig: Rig) -> None:
    rig.conductor.handle(CardTapped(make_card()))
    [(request, _body)] = rig.questions(PresentCard)

    rig.answer(request, Refusal("card.of_next_year", {}))

    assert isinstance(rig.body, RefusalView)
    assert rig.body.code == "request.failed"


def test_a_clock_that_nobody_set_does_not_make_a_grant_late(rig: Rig) -> None:
    rig.clock.trusted = "rtc"
    rig.greet()
    _request, asked = rig.ask()

    rig.grant(spend=asked.spend, deadline=NOW - timedelta(minutes=11))

    assert isinstance(rig.body, VoucherView)
