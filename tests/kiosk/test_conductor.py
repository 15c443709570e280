import base64
from uuid import UUID

import pytest
from msgspec import UNSET

from devices.reader import CardRefused, CardRemoved, CardTapped, ReaderMissing
from kiosk.conductor import REOPEN_S
from kiosk.happenings import Arrived, LineDown, LineUp, PictureCame
from kiosk.sync import HEARTBEAT_S
from kiosk.views import AttractView, IdentifyingView, MemberView, RefusalView
from kiosk.visit.intents import LanguageChosen, Touched, VisitEnded
from protocol import codec, topics
from protocol.duties import Holding, Report
from protocol.errors import ErrorCode
from protocol.requests import (
    DocumentPage,
    FetchDocument,
    KeyReleased,
    PresentCard,
    Refusal,
    ReleaseKey,
)
from protocol.state import Heartbeat, KioskStatus, MemberSnapshot, Note, TwinPointer
from protocol.topics import Channel
from tests.kiosk.builders import (
    CHEN,
    LIN,
    make_card,
    make_configuration,
    make_programme,
    make_reward,
    make_snapshot,
)
from tests.kiosk.rig import KIOSK, Rig
from tests.simulation.disk import Fault


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


def test_all_that_is_held_is_told_once_per_connection(rig: Rig) -> None:
    rig.greet()
    rig.pass_(1)
    first = rig.uplink.take(Channel.REPORTS, Report)
    rig.conductor.handle(LineDown("cut"))
    rig.hear(Channel.MEMBERS, make_snapshot(version=6))

    rig.go_online()
    rig.hear(Channel.MEMBERS, make_snapshot(version=7))

    again = rig.uplink.take(Channel.REPORTS, Report)
    assert [report.holding for report in first if report.holding] == [Holding(0, 0)]
    assert [(report.members, report.holding) for report in again] == [({LIN: 6}, Holding(1, 6)), ({LIN: 7}, UNSET)]


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
