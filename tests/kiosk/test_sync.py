from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar
from uuid import UUID

import pytest
from msgspec import UNSET, Raw, Struct, UnsetType

from kiosk.news import News, Settled
from kiosk.store.events import Stamp
from kiosk.store.local import LocalStore
from kiosk.sync import Identity, Sync
from protocol import codec, topics
from protocol.duties import Duty, EventSettled, ForgetMember, Holding, Report
from protocol.envelope import Receipt, Verdict
from protocol.events import LeaseClosed
from protocol.ids import kiosk_id
from protocol.state import AuditHead, HubStatus, KioskStatus
from protocol.topics import Channel
from protocol.values import ClockTrust
from provisioning import keys
from provisioning.mqtt import Message
from tests.kiosk.builders import LIN, NOW, draw, make_snapshot
from tests.simulation.disk import SimDisk

KIOSK = kiosk_id(bytes(16))
KEY = keys.seeded_key(bytes(32))
OLD_HUB, NEW_HUB = UUID(int=1), UUID(int=2)
Body = TypeVar("Body", bound=Struct)


@dataclass
class Uplink:
    connection: int = 1
    said: list[Message] = field(default_factory=list)

    def publish(self, message: Message) -> bool:
        self.said.append(message)
        return True


@dataclass
class FakeClock:
    elapsed: float = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.elapsed)

    def monotonic(self) -> float:
        return self.elapsed

    def trust(self) -> ClockTrust:
        return "ntp"


class Rig:
    """The kiosk's side of the line, and a hub that says what a test has it say."""

    def __init__(self, events: int = 0) -> None:
        self.uplink, self.clock, random = Uplink(), FakeClock(), Random(1)
        self.store = LocalStore(SimDisk(), random.randbytes, NOW)
        self.times: list[datetime] = []
        self.sync = Sync(
            Identity(KIOSK, "0", lambda data: keys.sign(KEY, data)),
            self.store,
            self.uplink,
            clock=self.clock,
            random_bytes=random.randbytes,
            hear_time=self.times.append,
        )
        for number in range(1, events + 1):
            self.store.chain.append([LeaseClosed(number, 0)], Stamp(NOW, "ntp", "kiosk"), draw(1, number))

    def hear(self, topic: str, body: Struct) -> list[News]:
        return list(self.sync.hear(topic, codec.encode(body)))

    def hub_comes(self, epoch: UUID = OLD_HUB, audit: AuditHead | UnsetType = UNSET) -> None:
        self.hear(topics.HUB_STATUS, HubStatus(online=True, hub_epoch=epoch, audit=audit))

    def hub_goes(self) -> None:
        self.hear(topics.HUB_STATUS, HubStatus(online=False))

    def receipt(self, upto: int, hub_epoch: UUID = OLD_HUB, **overrides: object) -> list[News]:
        point = self.store.chain.point_at(upto)
        digest = point.hash.hex() if point else "ab" * 32
        fields = {"epoch": self.store.chain.epoch, "upto": upto, "hash": digest, "hub_epoch": hub_epoch}
        return self.hear(topics.of_kiosk(KIOSK, Channel.RECEIPTS), Receipt(**{**fields, **overrides}))  # type: ignore[arg-type]

    def duty(self, number: int, body: Struct, kind: str, after: int | None = None) -> list[News]:
        duty = Duty(number, kind, codec.raw(body), UNSET if after is None else after)
        return self.hear(topics.of_kiosk(KIOSK, Channel.DUTIES), duty)

    def said(self, channel: Channel, kind: type[Body]) -> list[Body]:
        """What was said on a channel since it was asked last."""
        topic = topics.of_kiosk(KIOSK, channel)
        found = [codec.decode(message.payload, kind) for message in self.uplink.said if message.topic == topic]
        self.uplink.said = [message for message in self.uplink.said if message.topic != topic]
        return found

    def births(self) -> list[KioskStatus]:
        return self.said(Channel.STATUS, KioskStatus)


@pytest.fixture
def rig() -> Rig:
    rig = Rig(events=4)
    rig.sync.connected()
    rig.hub_comes()
    return rig


def test_a_birth_states_all_that_a_hub_needs_which_was_set_back(rig: Rig) -> None:
    [birth] = rig.births()

    chain = rig.store.chain
    assert (birth.head_seq, birth.head, birth.oldest_seq, birth.oldest) == (4, chain.head.hash.hex(), 0, "00" * 32)
    assert (birth.duties, birth.highest_lease, birth.hub_epoch, birth.forked) == (0, 0, UNSET, UNSET)


def test_births_tell_back_where_the_audit_log_ended_as_the_hub_said_it_first(rig: Rig) -> None:
    true, forged = AuditHead(OLD_HUB, 3, "ab" * 32), AuditHead(OLD_HUB, 3, "cd" * 32)
    later = AuditHead(OLD_HUB, 7, "ef" * 32)
    rig.hub_comes(audit=true)
    rig.births()

    rig.hub_goes()
    rig.hub_comes(audit=forged)
    [birth] = rig.births()
    rig.hub_comes(audit=later)
    rig.sync.connected()

    assert birth.audit == [true]
    assert rig.births()[-1].audit == [true, later]


def test_once_all_is_told_the_birth_says_for_which_hub(rig: Rig) -> None:
    rig.births()

    rig.receipt(2)
    partly = rig.births()
    rig.receipt(4)
    [whole] = rig.births()
    rig.receipt(4)

    assert partly == []
    assert whole.hub_epoch == OLD_HUB
    assert rig.births() == []


def test_a_restored_hub_that_comes_while_the_line_is_up_is_told_anew(rig: Rig) -> None:
    rig.receipt(4)
    rig.births()

    rig.hub_comes(NEW_HUB)
    [birth] = rig.births()
    rig.receipt(1, NEW_HUB)
    rig.receipt(4, NEW_HUB)
    [after] = rig.births()

    assert (birth.hub_epoch, after.hub_epoch) == (OLD_HUB, NEW_HUB)


def test_a_restored_hub_is_told_every_snapshot_that_is_held(rig: Rig) -> None:
    rig.receipt(4)
    rig.store.snapshots.keep(make_snapshot(version=7), uid="04a1b2c3d4e5f6", at_most=9)
    rig.sync.pump()
    rig.said(Channel.REPORTS, Report)

    rig.hub_goes()
    rig.hub_comes()
    rig.sync.pump()
    [same] = rig.said(Channel.REPORTS, Report)
    rig.hub_comes(NEW_HUB)
    rig.sync.pump()
    [restored] = rig.said(Channel.REPORTS, Report)

    assert (same.members, same.hub_epoch) == ({}, OLD_HUB)
    assert (restored.members, restored.hub_epoch) == ({LIN: 7}, NEW_HUB)
    assert same.holding == restored.holding == Holding(1, 7)


def test_a_hub_that_was_away_hears_how_things_stand_now(rig: Rig) -> None:
    rig.births()

    rig.hub_goes()
    rig.hub_comes()

    assert len(rig.births()) == 1


def test_a_hub_before_the_oldest_event_is_told_where_that_is_once(rig: Rig) -> None:
    rig.receipt(4)
    rig.store.chain.prune(NOW + timedelta(days=2), 1)
    rig.births()

    rig.receipt(1, NEW_HUB, hash="cd" * 32)
    rig.receipt(1, NEW_HUB, hash="cd" * 32)

    [birth] = rig.births()
    assert birth.oldest_seq == 4


def test_a_kiosk_that_knows_another_history_says_so_at_once_and_spends_nothing(rig: Rig) -> None:
    rig.births()

    rig.receipt(9)

    [birth] = rig.births()
    assert birth.forked is True
    assert not rig.sync.may_spend


def test_after_a_fork_the_new_chain_is_announced_and_waits(rig: Rig) -> None:
    rig.receipt(9)
    rig.births()
    rig.store.begin_epoch(NOW)

    rig.sync.reopened()

    [birth] = rig.births()
    assert (birth.epoch, birth.forked) == (rig.store.chain.epoch, UNSET)
    assert birth.head_seq == 5


def test_a_journal_that_began_anew_goes_on_with_the_duties_that_are_open(rig: Rig) -> None:
    rig.duty(8, ForgetMember(LIN), "member.forget", after=7)
    rig.sync.pump()

    assert rig.store.leases.duties == 8
    assert rig.said(Channel.REPORTS, Report)[-1].duties == 8


def test_a_duty_that_is_missing_is_waited_for(rig: Rig) -> None:
    rig.duty(2, ForgetMember(LIN), "member.forget", after=0)

    assert rig.store.leases.duties == 0


def test_a_duty_that_cannot_be_read_does_not_hold_up_those_behind_it(rig: Rig) -> None:
    rig.hear(topics.of_kiosk(KIOSK, Channel.DUTIES), Duty(1, "member.forget", Raw(b'{"member":7}'), 0))

    [forgotten] = rig.duty(2, ForgetMember(LIN), "member.forget", after=0)

    assert forgotten.member == LIN  # type: ignore[union-attr]
    assert rig.store.leases.duties == 0


@pytest.mark.parametrize("code", [None, "member.unknown"])
def test_what_was_parked_is_settled_by_a_duty(rig: Rig, code: str | None) -> None:
    rig.receipt(4, parked=[Verdict(2, "event.failed")])
    settled = EventSettled(rig.store.chain.epoch, 2, code or UNSET)

    news = rig.duty(1, settled, "event.settled", after=0)

    verdict = rig.store.chain.verdict_on(2)
    assert (None if verdict is None else (verdict.code, verdict.is_final)) == (code and (code, True))
    assert news == [Settled(4, frozenset({2} if code else ()), frozenset())]
    assert rig.store.leases.duties == 1


def test_a_verdict_on_another_epoch_changes_nothing_and_is_done(rig: Rig) -> None:
    rig.receipt(4, parked=[Verdict(2, "event.failed")])

    news = rig.duty(1, EventSettled(UUID(int=9), 2), "event.settled", after=0)

    assert news == []
    assert rig.store.chain.verdict_on(2) is not None
    assert rig.store.leases.duties == 1


def test_the_hubs_time_is_handed_on_and_kept(rig: Rig) -> None:
    rig.receipt(4, at=NOW + timedelta(minutes=5))

    assert rig.times == [NOW + timedelta(minutes=5)]
    assert rig.store.chain.known_until == NOW + timedelta(minutes=5)
