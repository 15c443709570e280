import base64
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from msgspec import Struct

from devices.reader import CardRefused, CardRemoved, CardTapped, ReaderMissing, ReaderReady
from kiosk.conductor import REOPEN_S, Arrived, Conductor, LineDown, LineUp, PictureCame, Stage
from kiosk.store.local import CACHE, LocalStore
from kiosk.sync import HEARTBEAT_S, Identity, Sync
from kiosk.views import AttractView, Frame, IdentifyingView, MemberView, RefusalView, VoucherView
from kiosk.views.voucher import Standing
from kiosk.visit.intents import LanguageChosen, RedeemConfirmed, RewardChosen, Touched, VisitEnded
from protocol import codec, topics
from protocol.duties import Duty, ForgetMember, Report
from protocol.envelope import Envelope, Event, Receipt
from protocol.errors import ErrorCode
from protocol.kinds import kind_of
from protocol.requests import (
    AskLease,
    DocumentPage,
    FetchDocument,
    KeyReleased,
    PresentCard,
    Refusal,
    ReleaseKey,
    Reply,
    Request,
    VisitOpened,
)
from protocol.state import Heartbeat, HubStatus, KioskStatus, MemberSnapshot, Note, TwinPointer
from protocol.topics import Channel
from protocol.values import ClockTrust
from provisioning import keys
from provisioning.mqtt import Message
from tests.kiosk.builders import (
    CHEN,
    LATTE,
    LIN,
    NOW,
    VISIT,
    make_card,
    make_configuration,
    make_grant,
    make_programme,
    make_reward,
    make_snapshot,
    make_voucher,
)
from tests.simulation.disk import Fault, SimDisk

KIOSK = "k-00000000000000000000000000"
KEY = keys.seeded_key(bytes(32))
Body = TypeVar("Body", bound=Struct)


class FakeClock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.elapsed = 0.0
        self.trusted: ClockTrust = "ntp"

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.elapsed)

    def monotonic(self) -> float:
        return self.elapsed

    def trust(self) -> ClockTrust:
        return self.trusted


class FakeUplink:
    """A line that keeps what is said on it."""

    def __init__(self) -> None:
        self.connection = 1
        self.up = True
        self.said: list[Message] = []

    def publish(self, message: Message) -> bool:
        if self.up:
            self.said.append(message)
        return self.up

    def take(self, channel: Channel, body_type: type[Body]) -> list[Body]:
        topic = topics.of_kiosk(KIOSK, channel)
        found = [codec.decode(message.payload, body_type) for message in self.said if message.topic == topic]
        self.said = [message for message in self.said if message.topic != topic]
        return found


class Rig:
    """A conductor with everything around it played by hand."""

    def __init__(self, disk: SimDisk | None = None) -> None:
        self.disk = disk or SimDisk()
        self.clock = FakeClock()
        self.uplink = FakeUplink()
        self.frames: list[Frame] = []
        random = Random(1)
        self.store = LocalStore(self.disk, random.randbytes, self.clock.now())
        identity = Identity(KIOSK, "1", lambda data: keys.sign(KEY, data))
        self.sync = Sync(identity, self.store, self.uplink, clock=self.clock, random_bytes=random.randbytes)
        stage = Stage(self.frames.append, lambda _sha256: None, lambda: 5, lambda: (10, 20))
        self.conductor = Conductor(self.store, self.sync, stage, clock=self.clock, zone=ZoneInfo("Asia/Shanghai"))
        self.conductor.handle(ReaderReady())

    @property
    def body(self) -> object:
        return self.frames[-1].body

    def pass_(self, seconds: float) -> None:
        self.clock.elapsed += seconds
        self.conductor.tick()

    def hear(self, channel: Channel, body: Struct) -> None:
        self.conductor.handle(Arrived(topics.of_kiosk(KIOSK, channel), codec.encode(body)))

    def hub_is(self, *, online: bool) -> None:
        status = HubStatus(online=online, hub_epoch=UUID(int=1))
        self.conductor.handle(Arrived(topics.HUB_STATUS, codec.encode(status)))

    def go_online(self) -> None:
        self.conductor.handle(LineUp())
        self.hub_is(online=True)

    def questions(self, body_type: type[Body]) -> list[tuple[UUID, Body]]:
        asked = self.uplink.take(Channel.REQUESTS, Request)
        kinds = {
            "card.present": PresentCard,
            "lease.ask": AskLease,
            "document.fetch": FetchDocument,
            "key.release": ReleaseKey,
        }
        return [
            (question.id, codec.decode(question.body, body_type))
            for question in asked
            if kinds[question.kind] is body_type
        ]

    def answer(self, request: UUID, body: Struct) -> None:
        if isinstance(body, Refusal):
            self.hear(Channel.REPLIES, Reply(request=request, kind="refused", refused=body))
        else:
            self.hear(Channel.REPLIES, Reply(request=request, kind=kind_of(body), body=codec.raw(body)))

    def greet(self, **snapshot: object) -> None:
        """Tap, and have the hub vouch for the card."""
        self.conductor.handle(CardTapped(make_card()))
        [(request, _body)] = self.questions(PresentCard)
        self.answer(request, VisitOpened(VISIT, redeems=True, snapshot=make_snapshot(**snapshot)))

    def ask(self) -> tuple[UUID, AskLease]:
        """Choose and confirm a reward; returns what the hub is asked."""
        self.conductor.handle(RewardChosen(LATTE, 600))
        self.conductor.handle(RedeemConfirmed())
        [asked] = self.questions(AskLease)
        return asked

    def grant(self, number: int = 1, **overrides: object) -> None:
        grant = make_grant(epoch=self.store.chain.epoch, **overrides)
        self.hear(Channel.DUTIES, Duty(number, "lease.grant", codec.raw(grant)))

    def journal(self) -> list[str]:
        return [codec.decode(event, Event).kind for event in self.store.chain.read(1, 99)]


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig()
    rig.go_online()
    rig.questions(ReleaseKey)
    yield rig
    rig.store.close()


def test_a_birth_says_who_is_here_and_how_far(rig: Rig) -> None:
    [status] = rig.uplink.take(Channel.STATUS, KioskStatus)

    assert (status.state, status.connection, status.epoch) == ("online", 1, rig.store.chain.epoch)


def test_the_line_alone_is_not_the_hub() -> None:
    rig = Rig()

    rig.conductor.handle(LineUp())

    assert not rig.sync.online
    assert rig.frames[-1].banner


def test_when_the_hub_goes_the_screen_says_so(rig: Rig) -> None:
    before = rig.frames[-1].banner

    rig.hub_is(online=False)

    assert (before, bool(rig.frames[-1].banner)) == ("", True)


def test_the_key_of_the_names_is_asked_for_after_a_start() -> None:
    rig = Rig()
    rig.go_online()

    [(request, _body)] = rig.questions(ReleaseKey)
    rig.answer(request, KeyReleased(base64.b64encode(b"k" * 32).decode()))

    assert rig.store.seal.is_ready


def test_newer_documents_are_fetched_page_by_page(rig: Rig) -> None:
    rig.conductor.handle(Arrived(topics.of_group("all"), codec.encode(Note(catalogue=3, programme=0))))
    [(first, asked)] = rig.questions(FetchDocument)
    rig.answer(first, DocumentPage("catalogue", 3, 0, 2, [codec.raw(make_reward())]))
    [(second, more)] = rig.questions(FetchDocument)
    rig.answer(second, DocumentPage("catalogue", 3, 1, 2, [codec.raw(make_reward(reward=LIN))]))

    assert (asked.page, more.page) == (0, 1)
    assert len(rig.store.documents.catalogue) == 2
    rig.conductor.handle(Arrived(topics.of_group("all"), codec.encode(Note(catalogue=3, programme=0))))
    assert rig.questions(FetchDocument) == []


def test_a_new_configuration_is_fetched_and_reported(rig: Rig) -> None:
    rig.uplink.take(Channel.REPORTS, Report)
    rig.hear(Channel.TWIN, TwinPointer(4))
    [(request, _asked)] = rig.questions(FetchDocument)

    rig.answer(request, DocumentPage("configuration", 4, 0, 1, [codec.raw(make_configuration())]))

    assert rig.frames[-1].chain_name == "云朵百货"
    assert rig.uplink.take(Channel.REPORTS, Report)[-1].configuration == 4


def test_a_new_price_is_on_the_screen_without_a_restart(rig: Rig) -> None:
    rig.store.documents.take(DocumentPage("catalogue", 1, 0, 1, [codec.raw(make_reward())]))
    rig.greet()
    rig.conductor.handle(Arrived(topics.of_group("all"), codec.encode(Note(catalogue=2, programme=0))))
    [(request, _asked)] = rig.questions(FetchDocument)

    rig.answer(request, DocumentPage("catalogue", 2, 0, 1, [codec.raw(make_reward(points=520))]))

    assert isinstance(rig.body, MemberView)
    assert rig.body.rewards[0].price == "520"


def test_a_new_rule_is_on_the_screen_without_a_restart(rig: Rig) -> None:
    rig.greet()
    rig.conductor.handle(Arrived(topics.of_group("all"), codec.encode(Note(catalogue=0, programme=2))))
    [(request, _asked)] = rig.questions(FetchDocument)

    rig.answer(request, DocumentPage("programme", 2, 0, 1, [codec.raw(make_programme())]))

    assert isinstance(rig.body, MemberView)
    assert "1.5" in rig.body.note


def test_a_known_card_is_greeted_before_the_hub_answers(rig: Rig) -> None:
    rig.greet()
    rig.conductor.handle(VisitEnded())

    rig.conductor.handle(CardTapped(make_card()))

    assert isinstance(rig.body, MemberView)
    assert rig.body.provisional


def test_a_refused_card_leaves_nothing_of_the_member(rig: Rig) -> None:
    rig.greet()
    rig.conductor.handle(VisitEnded())
    rig.conductor.handle(CardTapped(make_card()))
    [(request, _asked)] = rig.questions(PresentCard)

    rig.answer(request, Refusal(ErrorCode.CARD_BLOCKED))

    assert isinstance(rig.body, RefusalView)
    assert rig.body.code == "card.blocked"


def test_snapshots_that_are_held_are_reported(rig: Rig) -> None:
    rig.uplink.take(Channel.REPORTS, Report)

    rig.greet()

    assert rig.uplink.take(Channel.REPORTS, Report)[-1].members == {LIN: 5}


def test_a_push_about_somebody_unknown_is_reported_as_not_held(rig: Rig) -> None:
    rig.hear(Channel.MEMBERS, make_snapshot(member=CHEN))

    assert rig.uplink.take(Channel.REPORTS, Report)[-1].members == {CHEN: 0}


def test_a_push_is_on_the_screen_at_once(rig: Rig) -> None:
    rig.greet()

    rig.hear(Channel.MEMBERS, make_snapshot(version=6, points=1_050))

    assert isinstance(rig.body, MemberView)
    assert rig.body.points == 1_050


def test_what_could_not_be_reported_is_reported_later(rig: Rig) -> None:
    rig.greet()
    rig.uplink.take(Channel.REPORTS, Report)
    rig.uplink.up = False
    rig.hear(Channel.MEMBERS, make_snapshot(version=6))
    rig.uplink.up = True

    rig.pass_(1)

    assert rig.uplink.take(Channel.REPORTS, Report)[-1].members == {LIN: 6}


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


def test_a_member_is_spoken_to_in_their_own_language_and_the_next_one_in_the_stores(rig: Rig) -> None:
    rig.greet(language="en")
    theirs = rig.body
    rig.conductor.handle(VisitEnded())

    assert isinstance(theirs, MemberView)
    assert theirs.points_label == "points to spend"
    assert isinstance(rig.body, AttractView)
    assert rig.body.headline == "请轻触会员卡"


def test_the_language_can_be_switched_at_any_time(rig: Rig) -> None:
    rig.greet()

    rig.conductor.handle(LanguageChosen("en"))

    assert isinstance(rig.body, MemberView)
    assert rig.body.points_label == "points to spend"


def test_an_idle_visit_ends_by_itself_and_leaves_nothing(rig: Rig) -> None:
    rig.greet()
    rig.pass_(16)
    asked = rig.frames[-1].still_there
    rig.pass_(10)

    assert asked
    assert isinstance(rig.body, AttractView)
    assert "林" not in repr(rig.frames[-1])


def test_a_touch_keeps_the_visit(rig: Rig) -> None:
    rig.greet()
    for _ in range(5):
        rig.pass_(16)
        rig.conductor.handle(Touched())

    assert isinstance(rig.body, MemberView)


def test_a_visit_has_its_whole_time_from_the_tap_on_however_long_nobody_came(rig: Rig) -> None:
    rig.pass_(3600)
    rig.conductor.handle(CardTapped(make_card()))
    rig.pass_(0.2)

    assert isinstance(rig.body, IdentifyingView)


def test_a_missing_reader_is_told_on_the_attract_screen(rig: Rig) -> None:
    rig.conductor.handle(ReaderMissing("gone"))

    assert isinstance(rig.body, AttractView)
    assert not rig.body.usable


def test_a_foreign_card_is_told_so_and_then_forgotten(rig: Rig) -> None:
    rig.conductor.handle(CardRefused(ErrorCode.CARD_UNSUPPORTED))
    rig.conductor.handle(CardRemoved())
    refused = rig.body
    rig.pass_(9)

    assert isinstance(refused, RefusalView)
    assert isinstance(rig.body, AttractView)


def test_a_frame_is_shown_only_when_it_differs(rig: Rig) -> None:
    before = len(rig.frames)

    for _ in range(10):
        rig.conductor.tick()
        rig.conductor.handle(PictureCame())

    assert len(rig.frames) == before


def test_a_broken_disk_promises_nothing_and_heals(rig: Rig) -> None:
    rig.greet()
    _request, asked = rig.ask()
    rig.disk.faults = {rig.disk.steps: Fault()}

    rig.grant(spend=asked.spend)
    refused = rig.body
    rig.pass_(REOPEN_S)
    rig.pass_(10)
    rig.grant(spend=asked.spend)

    assert isinstance(refused, RefusalView)
    assert refused.code == "store.read_only"
    assert rig.journal() == ["lease.accepted", "lease.closed"]
    assert rig.store.is_writable


def test_a_full_disk_is_told_as_such(rig: Rig) -> None:
    rig.greet()
    _request, asked = rig.ask()
    rig.disk.room_bytes = 0
    rig.store.chain._db.journal._log.size = rig.store.chain._db.journal._log.end

    rig.grant(spend=asked.spend)

    assert isinstance(rig.body, RefusalView)
    assert rig.body.code == "store.full"


def test_heartbeats_tell_how_the_kiosk_is(rig: Rig) -> None:
    rig.pass_(HEARTBEAT_S)

    [beat] = rig.uplink.take(Channel.TELEMETRY, Heartbeat)
    assert (beat.reader, beat.journal, beat.unconfirmed, beat.frame_age_ms) == ("ready", "writable", 0, 5)
    assert (beat.disk_free_bytes, beat.memory_bytes) == (10, 20)


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("elsewhere", b"{}"),
        (topics.HUB_STATUS, b"rubbish"),
        (topics.of_kiosk(KIOSK, Channel.RECEIPTS), b"\xff"),
        (topics.of_kiosk(KIOSK, Channel.DUTIES), b'{"number":1,"kind":"lease.grant","body":{}}'),
        (topics.of_kiosk(KIOSK, Channel.COMMANDS), b"{}"),
        (topics.of_kiosk("k-11111111111111111111111111", Channel.MEMBERS), b"{}"),
    ],
)
def test_rubbish_on_the_line_is_skipped(rig: Rig, topic: str, payload: bytes) -> None:
    rig.conductor.handle(Arrived(topic, payload))

    assert isinstance(rig.body, AttractView)
    assert rig.journal() == []


def test_an_answer_to_nothing_is_skipped(rig: Rig) -> None:
    rig.answer(UUID(int=99), Refusal(ErrorCode.CARD_BLOCKED))

    assert isinstance(rig.body, AttractView)


def test_a_cut_line_is_noticed_and_mended(rig: Rig) -> None:
    rig.conductor.handle(LineDown("cut"))
    offline = rig.sync.online
    rig.go_online()

    assert (offline, rig.sync.online) == (False, True)


def test_a_member_pushed_for_nobody_is_not_stored(rig: Rig) -> None:
    rig.hear(Channel.MEMBERS, make_snapshot(member=CHEN))

    assert rig.store.snapshots.of_member(CHEN) is None
    assert isinstance(make_snapshot(), MemberSnapshot)
