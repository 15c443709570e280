import base64
from typing import TypeVar
from uuid import UUID

import pytest
from msgspec import UNSET, Raw, Struct, json
from sqlalchemy import select, update

from hub.fleet.models import Kiosk, MemberCopy, Sighting, Stream
from hub.messaging.ingest import Arrival, Ingest
from hub.messaging.publisher import RESEND_S, Publication
from hub.tiers import service as tiers
from protocol import codec, topics
from protocol.chain import GENESIS, link, signing_input
from protocol.duties import Duty, GrantLease, Report
from protocol.envelope import NO_EPOCH, Envelope, Receipt
from protocol.errors import ErrorCode
from protocol.events import EventUnreadable, JournalRepaired
from protocol.ids import derived_id, shard_of
from protocol.limits import MESSAGE_MAX_BYTES
from protocol.requests import (
    AskLease,
    DocumentPage,
    FetchDocument,
    KeyReleased,
    PresentCard,
    ReleaseKey,
    Reply,
    Request,
    VisitOpened,
)
from protocol.state import Heartbeat, HubStatus, KioskStatus, MemberSnapshot, Note, TwinPointer
from protocol.topics import Channel
from provisioning import keys
from tests.hub.world import TestKiosk, World

LATTE = derived_id(UUID(int=7), "latte")
Message = TypeVar("Message", bound=Struct)


class Line:
    """What goes to and fro between one hub and its kiosks, without a broker."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ingest: Ingest = world.hub.ingest()
        self.sent: list[Publication] = []

    def arrive(self, *arrivals: Arrival) -> list[Publication]:
        self.sent = self.ingest.take(arrivals, self.world.clock.now)
        return self.sent

    def flush(self) -> list[Publication]:
        self.sent = self.ingest.flush(self.world.clock.now)
        return self.sent

    def heard(self, kiosk: TestKiosk, channel: Channel, message_type: type[Message]) -> list[Message]:
        topic = topics.of_kiosk(kiosk.id, channel)
        return [codec.decode(sent.payload, message_type) for sent in self.sent if sent.topic == topic]

    def flushed(self, kiosk: TestKiosk, channel: Channel, message_type: type[Message]) -> list[Message]:
        self.flush()
        return self.heard(kiosk, channel, message_type)

    def receipt(self, kiosk: TestKiosk) -> Receipt:
        [receipt] = self.heard(kiosk, Channel.RECEIPTS, Receipt)
        return receipt

    def born(self, kiosk: TestKiosk, connection: int = 1, **overrides: object) -> Arrival:
        status = KioskStatus(state="online", connection=connection, epoch=kiosk.epoch, **overrides)  # type: ignore[arg-type]
        return Arrival(topics.of_kiosk(kiosk.id, Channel.STATUS), codec.encode(status))

    def ask(self, kiosk: TestKiosk, body: Struct, request: UUID | None = None) -> Arrival:
        question = Request(request or self.world.new_id(), _kind(body), self.world.clock.now, codec.raw(body))
        return Arrival(topics.of_kiosk(kiosk.id, Channel.REQUESTS), codec.encode(question))


def _kind(body: Struct) -> str:
    from protocol.kinds import kind_of  # noqa: PLC0415

    return kind_of(body)


def envelope(world: World, kiosk: TestKiosk, *bodies: Struct, **overrides: object) -> Arrival:
    """A signed batch of newly journaled events."""
    previous, first = kiosk.head, kiosk.seq + 1
    raws = [kiosk.journal(body, world)[1] for body in bodies]
    return sealed(kiosk, raws, previous, first, **overrides)


def sealed(kiosk: TestKiosk, raws: list[bytes], previous: bytes, first: int, **overrides: object) -> Arrival:
    signed = signing_input(kiosk.id, kiosk.epoch, first_seq=first, previous=previous, head=kiosk.head)
    fields: dict[str, object] = {
        "kiosk": kiosk.id,
        "epoch": kiosk.epoch,
        "connection": 1,
        "first_seq": first,
        "prev": previous.hex(),
        "head": kiosk.head.hex(),
        "confirmed": 0,
        "events": [Raw(raw) for raw in raws],
        "sig": keys.sign(kiosk.key, signed),
    }
    body = Envelope(**{**fields, **overrides})  # type: ignore[arg-type]
    return Arrival(topics.of_kiosk(kiosk.id, Channel.EVENTS), codec.encode(body))


@pytest.fixture
def line(world: World) -> Line:
    return Line(world)


def test_a_genuine_batch_is_booked_and_receipted(line: Line) -> None:
    world, kiosk = line.world, line.world.add_kiosk()
    member = world.add_member()

    line.arrive(envelope(world, kiosk, world.purchase(member, 100), world.purchase(member, 200)))

    receipt = line.receipt(kiosk)
    assert (receipt.upto, receipt.hash, receipt.epoch) == (2, kiosk.head.hex(), kiosk.epoch)
    assert receipt.hub_epoch == UUID(int=1)
    assert world.balance(member) == 3


def test_a_repeated_batch_gets_the_same_receipt_and_counts_once(line: Line) -> None:
    world, kiosk = line.world, line.world.add_kiosk()
    member = world.add_member()
    batch = envelope(world, kiosk, world.purchase(member, 100))
    line.arrive(batch)
    first = line.receipt(kiosk)

    line.arrive(batch, batch)

    assert line.receipt(kiosk) == first
    assert world.balance(member) == 1


def test_a_receipt_names_all_that_was_refused_since_the_last_confirmed_one(line: Line) -> None:
    world, kiosk = line.world, line.world.add_kiosk()
    stranger = UUID(int=5 << 64)
    line.arrive(envelope(world, kiosk, world.purchase(stranger, 100)))

    line.arrive(envelope(world, kiosk, world.purchase(world.add_member(), 100), confirmed=0))

    assert [(verdict.seq, verdict.code) for verdict in line.receipt(kiosk).rejected] == [(1, "member.unknown")]


def test_a_receipt_does_not_repeat_what_the_kiosk_has_confirmed(line: Line) -> None:
    world, kiosk = line.world, line.world.add_kiosk()
    line.arrive(envelope(world, kiosk, world.purchase(UUID(int=5 << 64), 100)))

    line.arrive(envelope(world, kiosk, world.purchase(world.add_member(), 100), confirmed=1))

    assert line.receipt(kiosk).rejected == []


def test_batches_of_several_kiosks_are_booked_together(line: Line) -> None:
    world = line.world
    kiosks, member = [world.add_kiosk() for _ in range(3)], world.add_member()

    line.arrive(*(envelope(world, kiosk, world.purchase(member, 100)) for kiosk in kiosks))

    assert [line.receipt(kiosk).upto for kiosk in kiosks] == [1, 1, 1]
    assert world.balance(member) == 3


def refused(line: Line, kiosk: TestKiosk) -> str:
    receipt = line.receipt(kiosk)
    assert receipt.upto == 0
    return str(receipt.refused)


def test_a_batch_signed_by_another_key_is_refused(line: Line) -> None:
    kiosk, stranger = line.world.add_kiosk(), line.world.add_kiosk()
    kiosk.key = stranger.key

    line.arrive(envelope(line.world, kiosk, JournalRepaired()))

    assert refused(line, kiosk) == ErrorCode.SIGNATURE_INVALID


def test_a_batch_under_the_name_of_another_kiosk_is_refused(line: Line) -> None:
    kiosk, victim = line.world.add_kiosk(), line.world.add_kiosk()
    batch = envelope(line.world, victim, JournalRepaired())

    line.arrive(Arrival(topics.of_kiosk(kiosk.id, Channel.EVENTS), batch.payload))

    assert refused(line, kiosk) == ErrorCode.SIGNATURE_INVALID


def test_a_batch_whose_events_are_not_those_that_were_signed_is_refused(line: Line) -> None:
    world, kiosk = line.world, line.world.add_kiosk()
    batch = envelope(world, kiosk, world.purchase(world.add_member(), 100))

    line.arrive(Arrival(batch.topic, batch.payload.replace(b'"amount":100', b'"amount":999')))

    assert refused(line, kiosk) == ErrorCode.CHAIN_BROKEN


def test_a_batch_that_counts_wrongly_is_refused(line: Line) -> None:
    world, kiosk = line.world, line.world.add_kiosk()
    raws = [kiosk.journal(JournalRepaired(), world)[1] for _ in range(2)]

    line.arrive(sealed(kiosk, raws, GENESIS, 2))

    assert refused(line, kiosk) == ErrorCode.MESSAGE_UNDECODABLE


@pytest.mark.parametrize("rubbish", [b"", b"{", b"\xff\xfe", b"[]", b'{"v":2}', b"null", b'{"v":1,"kiosk":5}'])
def test_rubbish_is_refused_and_does_not_hurt(line: Line, rubbish: bytes) -> None:
    kiosk = line.world.add_kiosk()

    line.arrive(Arrival(topics.of_kiosk(kiosk.id, Channel.EVENTS), rubbish))

    receipt = line.receipt(kiosk)
    assert receipt.refused == ErrorCode.MESSAGE_UNDECODABLE
    assert receipt.epoch == NO_EPOCH


def test_an_oversized_message_is_refused(line: Line) -> None:
    kiosk = line.world.add_kiosk()

    line.arrive(Arrival(topics.of_kiosk(kiosk.id, Channel.EVENTS), b" " * (MESSAGE_MAX_BYTES + 1)))

    assert line.receipt(kiosk).refused == ErrorCode.MESSAGE_TOO_LARGE


def test_a_message_under_a_foreign_shard_is_refused(line: Line) -> None:
    world, kiosk = line.world, line.world.add_kiosk()
    batch = envelope(world, kiosk, world.purchase(world.add_member(), 100))
    foreign = (shard_of(kiosk.id) + 1) % 256

    line.arrive(Arrival(batch.topic.replace(f"/{shard_of(kiosk.id)}/", f"/{foreign}/", 1), batch.payload))

    assert refused(line, kiosk) == ErrorCode.SHARD_FOREIGN


def test_a_revoked_kiosk_is_refused(line: Line) -> None:
    world, kiosk = line.world, line.world.add_kiosk()
    with world.hub.database.write() as session:
        session.execute(update(Kiosk).values(state="revoked"))

    line.arrive(envelope(world, kiosk, JournalRepaired()))

    assert refused(line, kiosk) == ErrorCode.KIOSK_UNKNOWN


def test_a_second_journal_is_refused_until_accepted(line: Line) -> None:
    world, kiosk = line.world, line.world.add_kiosk()
    line.arrive(line.born(kiosk))
    kiosk.epoch = world.new_id()

    line.arrive(envelope(world, kiosk, JournalRepaired()))

    assert refused(line, kiosk) == ErrorCode.EPOCH_UNKNOWN


def test_a_refused_batch_holds_up_nobody_else(line: Line) -> None:
    world = line.world
    bad, good, member = world.add_kiosk(), world.add_kiosk(), world.add_member()

    line.arrive(
        Arrival(topics.of_kiosk(bad.id, Channel.EVENTS), b"rubbish"),
        envelope(world, good, world.purchase(member, 100)),
    )

    assert line.receipt(good).upto == 1
    assert world.balance(member) == 1


def test_a_kiosk_whose_key_cannot_be_read_holds_up_nobody_else(line: Line) -> None:
    world = line.world
    bad, good, member = world.add_kiosk(), world.add_kiosk(), world.add_member()
    with world.hub.database.write() as session:
        session.execute(update(Kiosk).where(Kiosk.id == bad.id).values(public_key=b"no key"))

    line.arrive(envelope(world, bad, JournalRepaired()), envelope(world, good, world.purchase(member, 100)))

    assert refused(line, bad) == ErrorCode.MESSAGE_UNDECODABLE
    assert world.balance(member) == 1


def test_an_unreadable_event_that_is_not_even_base_64_is_refused(line: Line) -> None:
    kiosk = line.world.add_kiosk()

    line.arrive(envelope(line.world, kiosk, EventUnreadable("no base 64!")))

    assert refused(line, kiosk) == ErrorCode.MESSAGE_UNDECODABLE


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "a\0b"},
        {"by": "a\0b"},
        {"occurred_at": "0001-01-01T00:00:00+14:00"},
        {"occurred_at": "9999-12-31T23:59:59-12:00"},
    ],
)
def test_an_event_that_no_database_takes_is_refused(line: Line, change: dict[str, str]) -> None:
    world, kiosk = line.world, line.world.add_kiosk()
    _event, raw, _place = kiosk.journal(JournalRepaired(), world)
    wire = json.encode({**json.decode(raw), **change})
    kiosk.head = link(GENESIS, wire)

    line.arrive(sealed(kiosk, [wire], GENESIS, 1))

    assert refused(line, kiosk) == ErrorCode.MESSAGE_UNDECODABLE


def test_unknown_topics_are_skipped(line: Line) -> None:
    assert line.arrive(Arrival("elsewhere/x", b"1"), Arrival("mt/1/300/k/up/ev", b"1")) != [None]


def test_an_unreadable_event_is_parked_byte_for_byte_and_the_chain_goes_on(line: Line) -> None:
    world, kiosk = line.world, line.world.add_kiosk()
    event, raw, _place = kiosk.journal(JournalRepaired(), world)
    wrapped = EventUnreadable(base64.b64encode(raw).decode())
    wire = codec.encode(
        type(event)(event.seq, event.id, "event.unreadable", event.occurred_at, "ntp", "kiosk", codec.raw(wrapped))
    )
    line.arrive(sealed(kiosk, [wire], GENESIS, 1))
    parked = line.receipt(kiosk).parked

    line.arrive(envelope(world, kiosk, world.purchase(world.add_member(), 100)))

    assert [(verdict.seq, verdict.code) for verdict in parked] == [(1, "message.undecodable")]
    assert line.receipt(kiosk).upto == 2


def test_a_birth_is_answered_with_how_far_the_hub_is(line: Line) -> None:
    world, kiosk = line.world, line.world.add_kiosk()
    line.arrive(envelope(world, kiosk, JournalRepaired()))

    line.arrive(line.born(kiosk))

    assert line.receipt(kiosk).upto == 1
    [pointer] = line.heard(kiosk, Channel.TWIN, TwinPointer)
    assert pointer.version == 1


def test_a_birth_of_an_unknown_kiosk_is_told_nothing_it_could_use(line: Line) -> None:
    stranger = TestKiosk("k-00000000000000000000000000", keys.seeded_key(bytes(32)), line.world.new_id())

    line.arrive(line.born(stranger))

    assert line.receipt(stranger).upto == 0
    with line.world.hub.database.read() as session:
        assert session.query(Sighting).count() == 0
        assert session.query(Stream).count() == 0


def test_an_old_death_does_not_bury_a_newer_connection(line: Line) -> None:
    kiosk = line.world.add_kiosk()
    lost = codec.encode(KioskStatus(state="lost", connection=1))

    line.arrive(line.born(kiosk, 1), line.born(kiosk, 2))
    line.arrive(Arrival(topics.of_kiosk(kiosk.id, Channel.STATUS), lost))

    with line.world.hub.database.read() as session:
        assert session.execute(select(Sighting.state)).scalar_one() == "online"


def test_a_heartbeat_is_kept(line: Line) -> None:
    kiosk = line.world.add_kiosk()
    beat = Heartbeat(
        at=line.world.clock.now,
        clock="ntp",
        unconfirmed=3,
        oldest_unconfirmed_s=9,
        reader="ready",
        frame_age_ms=10,
        disk_free_bytes=1,
        memory_bytes=1,
        journal="writable",
    )

    line.arrive(line.born(kiosk))
    line.arrive(Arrival(topics.of_kiosk(kiosk.id, Channel.TELEMETRY), codec.encode(beat)))

    with line.world.hub.database.read() as session:
        assert session.execute(select(Sighting)).scalar_one().heartbeat["unconfirmed"] == 3


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


def test_the_hub_says_that_it_is_there_and_which_database_it_stands_on(line: Line) -> None:
    birth = line.ingest.birth()

    assert birth.retain
    assert codec.decode(birth.payload, HubStatus) == HubStatus(online=True, hub_epoch=UUID(int=1))
