from uuid import UUID

import pytest
from msgspec import UNSET
from sqlalchemy import update

from hub.fleet.models import Kiosk, MemberCopy
from hub.messaging.ingest import Arrival
from hub.messaging.publisher import RESEND_S
from hub.tiers import service as tiers
from protocol import codec, topics
from protocol.duties import Duty, GrantLease, Report
from protocol.errors import ErrorCode
from protocol.ids import derived_id
from protocol.requests import (
    AskLease,
    DocumentPage,
    FetchDocument,
    KeyReleased,
    PresentCard,
    ReleaseKey,
    Reply,
    VisitOpened,
)
from protocol.state import KioskStatus, MemberSnapshot, Note
from protocol.topics import Channel
from tests.hub.messaging.line import Line
from tests.hub.world import TestKiosk

LATTE = derived_id(UUID(int=7), "latte")


def test_a_presented_card_is_answered_with_the_member(line: Line) -> None:
    world, kiosk = line.world, line.world.add_kiosk()
    member = world.add_member("林晓雨")
    world.earn(member, 700)

    line.arrive(line.ask(kiosk, PresentCard(world.tap(world.add_card(member)))))

    [reply] = line.heard(kiosk, Channel.REPLIES, Reply)
    assert reply.body is not UNSET
    opened = codec.decode(reply.body, VisitOpened)
    assert opened.redeems
    assert (opened.snapshot.display_name, opened.snapshot.points, opened.snapshot.tier) == ("林*", 700, "classic")
    assert next(sent for sent in line.sent if sent.topic.endswith("rsp")).expiry_s == 10


def test_a_refused_card_is_answered_with_its_code(line: Line) -> None:
    kiosk = line.world.add_kiosk()
    evidence = line.world.tap(line.world.add_card(line.world.add_member()), counter=5)
    line.arrive(line.ask(kiosk, PresentCard(evidence)))

    line.arrive(line.ask(kiosk, PresentCard(evidence)))

    [reply] = line.heard(kiosk, Channel.REPLIES, Reply)
    assert reply.refused is not UNSET
    assert reply.refused.code == ErrorCode.CARD_REPLAYED


def open_visit(line: Line, kiosk: TestKiosk, points: int = 900) -> tuple[UUID, UUID]:
    world = line.world
    member = world.add_member()
    world.earn(member, points)
    line.arrive(line.born(kiosk), line.ask(kiosk, PresentCard(world.tap(world.add_card(member)))))
    [reply] = line.heard(kiosk, Channel.REPLIES, Reply)
    assert reply.body is not UNSET
    return codec.decode(reply.body, VisitOpened).visit, member


def test_a_granted_lease_comes_as_a_duty_in_the_same_breath(line: Line) -> None:
    kiosk = line.world.add_kiosk()
    visit, member = open_visit(line, kiosk)

    line.arrive(line.ask(kiosk, AskLease(line.world.new_id(), visit, LATTE, 600)))

    [duty] = line.heard(kiosk, Channel.DUTIES, Duty)
    grant = codec.decode(duty.body, GrantLease)
    assert (duty.number, duty.kind, grant.member, grant.points) == (1, "lease.grant", member, 600)
    assert line.heard(kiosk, Channel.REPLIES, Reply) == []


def test_a_duty_is_sent_until_it_is_reported_done(line: Line) -> None:
    kiosk = line.world.add_kiosk()
    visit, _member = open_visit(line, kiosk)
    line.arrive(line.ask(kiosk, AskLease(line.world.new_id(), visit, LATTE, 600)))

    at_once = line.flushed(kiosk, Channel.DUTIES, Duty)
    line.world.clock.pass_(seconds=RESEND_S)
    later = line.flushed(kiosk, Channel.DUTIES, Duty)
    line.arrive(Arrival(topics.of_kiosk(kiosk.id, Channel.REPORTS), codec.encode(Report(duties=1))))
    line.world.clock.pass_(seconds=RESEND_S)
    done = line.flushed(kiosk, Channel.DUTIES, Duty)

    assert (len(at_once), len(later), len(done)) == (0, 1, 0)


def test_asking_again_sends_the_duty_again(line: Line) -> None:
    kiosk, spend = line.world.add_kiosk(), line.world.new_id()
    visit, _member = open_visit(line, kiosk)
    line.arrive(line.ask(kiosk, AskLease(spend, visit, LATTE, 600)))

    line.arrive(line.ask(kiosk, AskLease(spend, visit, LATTE, 600)))

    assert len(line.heard(kiosk, Channel.DUTIES, Duty)) == 1


def test_a_kiosk_that_comes_back_gets_what_is_open(line: Line) -> None:
    kiosk = line.world.add_kiosk()
    visit, _member = open_visit(line, kiosk)
    line.arrive(line.ask(kiosk, AskLease(line.world.new_id(), visit, LATTE, 600)))

    line.arrive(line.born(kiosk, 2))

    assert len(line.heard(kiosk, Channel.DUTIES, Duty)) == 1


def test_a_change_is_pushed_to_kiosks_that_know_the_member(line: Line) -> None:
    world, kiosk, stranger = line.world, line.world.add_kiosk(), line.world.add_kiosk()
    _visit, member = open_visit(line, kiosk)
    line.arrive(line.born(stranger))
    line.flush()

    world.earn(member, 50)
    line.flush()

    [snapshot] = line.heard(kiosk, Channel.MEMBERS, MemberSnapshot)
    assert snapshot.points == 950
    assert line.heard(stranger, Channel.MEMBERS, MemberSnapshot) == []


def test_a_pushed_snapshot_is_sent_until_reported(line: Line) -> None:
    world, kiosk = line.world, line.world.add_kiosk()
    _visit, member = open_visit(line, kiosk)
    world.earn(member, 50)
    line.flush()
    [snapshot] = line.heard(kiosk, Channel.MEMBERS, MemberSnapshot)
    world.clock.pass_(seconds=RESEND_S)
    again = line.flushed(kiosk, Channel.MEMBERS, MemberSnapshot)

    report = Report(duties=0, members={member: snapshot.version})
    line.arrive(Arrival(topics.of_kiosk(kiosk.id, Channel.REPORTS), codec.encode(report)))
    world.clock.pass_(seconds=RESEND_S)
    line.flush()

    assert len(again) == 1
    assert line.heard(kiosk, Channel.MEMBERS, MemberSnapshot) == []


def test_a_kiosk_that_forgot_a_member_is_told_no_more(line: Line) -> None:
    world, kiosk = line.world, line.world.add_kiosk()
    _visit, member = open_visit(line, kiosk)

    report = Report(duties=0, members={member: 0})
    line.arrive(Arrival(topics.of_kiosk(kiosk.id, Channel.REPORTS), codec.encode(report)))
    world.earn(member, 50)
    line.flush()

    assert line.heard(kiosk, Channel.MEMBERS, MemberSnapshot) == []
    with world.hub.database.read() as session:
        assert session.query(MemberCopy).count() == 0


def test_a_kiosk_that_was_away_catches_up(line: Line) -> None:
    world, kiosk = line.world, line.world.add_kiosk()
    _visit, member = open_visit(line, kiosk)
    lost = codec.encode(KioskStatus(state="lost", connection=1))
    line.arrive(Arrival(topics.of_kiosk(kiosk.id, Channel.STATUS), lost))
    world.earn(member, 50)
    while_away = line.flushed(kiosk, Channel.MEMBERS, MemberSnapshot)

    line.arrive(line.born(kiosk, 2))

    [snapshot] = line.heard(kiosk, Channel.MEMBERS, MemberSnapshot)
    assert while_away == []
    assert snapshot.points == 950


def test_a_kiosk_whose_earlier_connection_is_found_dead_late_still_hears_everything(line: Line) -> None:
    world, kiosk = line.world, line.world.add_kiosk()
    _visit, member = open_visit(line, kiosk)
    line.arrive(line.born(kiosk, 2))
    lost = codec.encode(KioskStatus(state="lost", connection=1))

    line.arrive(Arrival(topics.of_kiosk(kiosk.id, Channel.STATUS), lost))
    world.earn(member, 50)

    [snapshot] = line.flushed(kiosk, Channel.MEMBERS, MemberSnapshot)
    assert snapshot.points == 950


def test_a_tier_given_by_hand_is_pushed(line: Line) -> None:
    world, kiosk = line.world, line.world.add_kiosk()
    _visit, member = open_visit(line, kiosk)
    line.flush()

    with world.hub.database.write() as session:
        tiers.give(session, member, "gold", (world.new_id(), "key:test", world.clock.now))
    line.flush()

    [snapshot] = line.heard(kiosk, Channel.MEMBERS, MemberSnapshot)
    assert snapshot.tier == "gold"


def test_new_versions_are_announced_once_and_kept_by_the_broker(line: Line) -> None:
    line.flush()
    notes = [codec.decode(sent.payload, Note) for sent in line.sent if sent.topic == topics.of_group("all")]
    line.flush()

    assert notes == [Note(catalogue=1, programme=1)]
    assert line.sent == []


@pytest.mark.parametrize(("name", "items"), [("catalogue", 2), ("programme", 1), ("configuration", 1)])
def test_documents_are_fetched_by_page(line: Line, name: str, items: int) -> None:
    kiosk = line.world.add_kiosk()

    line.arrive(line.ask(kiosk, FetchDocument(name)))  # type: ignore[arg-type]

    [reply] = line.heard(kiosk, Channel.REPLIES, Reply)
    assert reply.body is not UNSET
    page = codec.decode(reply.body, DocumentPage)
    assert (page.version, page.pages, len(page.items)) == (1, 1, items)


def test_a_page_past_the_end_is_refused(line: Line) -> None:
    kiosk = line.world.add_kiosk()

    line.arrive(line.ask(kiosk, FetchDocument("catalogue", 9)))

    [reply] = line.heard(kiosk, Channel.REPLIES, Reply)
    assert reply.refused is not UNSET
    assert reply.refused.code == ErrorCode.DOCUMENT_UNKNOWN


def test_a_long_catalogue_comes_in_several_pages(line: Line) -> None:
    kiosk = line.world.add_kiosk()
    for number in range(45):
        line.world.add_reward(f"extra {number}", 100 + number)

    line.arrive(line.ask(kiosk, FetchDocument("catalogue", 1)))

    [reply] = line.heard(kiosk, Channel.REPLIES, Reply)
    assert reply.body is not UNSET
    page = codec.decode(reply.body, DocumentPage)
    assert (page.page, page.pages, len(page.items)) == (1, 2, 7)


def test_the_wrapping_key_is_released_to_its_own_kiosk_only(line: Line) -> None:
    first, second = line.world.add_kiosk(), line.world.add_kiosk()

    line.arrive(line.ask(first, ReleaseKey()), line.ask(second, ReleaseKey()))

    released = []
    for kiosk in (first, second):
        [reply] = line.heard(kiosk, Channel.REPLIES, Reply)
        assert reply.body is not UNSET
        released.append(codec.decode(reply.body, KeyReleased).key)
    assert len(set(released)) == 2


def test_a_revoked_kiosk_is_not_given_its_key(line: Line) -> None:
    kiosk = line.world.add_kiosk()
    with line.world.hub.database.write() as session:
        session.execute(update(Kiosk).values(state="revoked"))

    line.arrive(line.ask(kiosk, ReleaseKey()))

    [reply] = line.heard(kiosk, Channel.REPLIES, Reply)
    assert reply.refused is not UNSET
    assert reply.refused.code == ErrorCode.KIOSK_REVOKED
