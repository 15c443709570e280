"""A kiosk whose journal the hub does not take: what it tells staff, sends, and knows after a restart."""

from uuid import UUID

import pytest

from protocol.chain import GENESIS
from protocol.envelope import Envelope, Receipt
from protocol.errors import ErrorCode
from protocol.events import LeaseClosed
from protocol.state import Heartbeat
from protocol.topics import Channel
from tests.kiosk.rig import Rig


def refuse(rig: Rig, code: ErrorCode) -> None:
    refusal = Receipt(
        epoch=rig.store.chain.epoch, upto=0, hash=GENESIS.hex(), hub_epoch=UUID(int=1), refused=code, first_seq=1
    )
    rig.hear(Channel.RECEIPTS, refusal)


def journal(rig: Rig) -> None:
    rig.store.chain.append([LeaseClosed(1, 0)], rig.sync.stamp("kiosk"), rig.sync.draw(1))
    rig.pass_(120)


def test_a_withdrawn_kiosk_tells_staff_and_sends_nothing_even_after_a_restart() -> None:
    rig = Rig()
    rig.go_online()
    refuse(rig, ErrorCode.KIOSK_REVOKED)
    rig.store.close()

    again = Rig(rig.disk)
    again.go_online()
    journal(again)

    assert again.uplink.take(Channel.EVENTS, Envelope) == []
    assert {beat.chain for beat in again.uplink.take(Channel.TELEMETRY, Heartbeat)} == {"revoked"}
    assert rig.frames[-1].banner == again.frames[-1].banner != ""
    again.store.close()


@pytest.mark.parametrize("code", [ErrorCode.EPOCH_UNKNOWN, ErrorCode.CHAIN_FORKED])
def test_a_journal_that_a_person_must_accept_is_told_of_until_it_is_accepted(code: ErrorCode) -> None:
    rig = Rig()
    rig.go_online()
    journal(rig)

    refuse(rig, code)
    if code is ErrorCode.CHAIN_FORKED:
        # A new journal is begun as nobody is here, and the hub has to accept that one, too.
        rig.pass_(1)
        refuse(rig, ErrorCode.EPOCH_UNKNOWN)
    told = rig.frames[-1].banner
    chain = rig.store.chain
    rig.hear(
        Channel.RECEIPTS,
        Receipt(epoch=chain.epoch, upto=chain.head.seq, hash=chain.head.hash.hex(), hub_epoch=UUID(int=1)),
    )

    assert (bool(told), rig.frames[-1].banner) == (True, "")
    rig.store.close()
