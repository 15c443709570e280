"""Unmistakable personal data and secrets go in at every door; then they are looked for everywhere they must not be."""

import base64
import subprocess
import sys
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec import UNSET, Raw, Struct
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from hub.app import create_app
from hub.db.session import Database
from hub.ledger.models import Counter
from hub.members import profile
from hub.messaging.ingest import Arrival, Ingest
from hub.models import Base
from hub.programme.service import Change, publish
from hub.staff.keys import issue_key
from hub.staff.permissions import Permission
from protocol import codec, topics
from protocol.chain import signing_input
from protocol.envelope import Envelope
from protocol.errors import ErrorCode
from protocol.events import CardEvidence, CardSeen, LeaseAccepted, LeaseClosed, LeaseSpent
from protocol.ids import derived_id
from protocol.kinds import kind_of
from protocol.requests import AskLease, KeyReleased, PresentCard, ReleaseKey, Reply, Request, VisitOpened
from protocol.state import KioskStatus
from protocol.topics import Channel
from provisioning import keys
from tests.hub.world import STORE, TestKiosk, World
from tests.simulation.chain import Chain

SURNAME, GIVEN = "Quockerwodger", "Zephyrine"
PHONE, BIRTHDAY = "14099887766", "1957-08-23"
MAILBOX, HOST = "xylorimba", "vuvuzela.example"
EMAIL, ADDRESS = f"{MAILBOX}@{HOST}", "Bassethornweg 7"
NUMBER, ACCOUNT = "Q9988776655", "6299887766554433"
ALLERGY = "Pumpernickel"
PERSONAL = (
    *(SURNAME, GIVEN, SURNAME[1:], PHONE, PHONE[3:], BIRTHDAY),
    *(MAILBOX, HOST, ADDRESS, NUMBER, ACCOUNT, ALLERGY),
)
"""Everything about a person, and the parts of it that would tell as much."""
LATTE = derived_id(UUID(int=7), "latte")


@dataclass(slots=True)
class Journey:
    """One member's way through the hub, and everything the hub let out on the way."""

    world: World
    client: TestClient
    ingest: Ingest
    secrets: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    published: list[bytes] = field(default_factory=list)
    wrapping_key: str = ""

    def call(self, method: str, path: str, body: Any, key: str | None = None) -> Any:
        headers = {"Authorization": f"Bearer {key or self.world.till_key}", "Idempotency-Key": str(uuid4())}
        response = self.client.request(method, path, json=body, headers=headers)
        self.answers.append(response.text)
        return response.json() if response.content else None

    def arrive(self, kiosk: TestKiosk, channel: Channel, payload: bytes) -> list[Reply]:
        arrival = Arrival(topics.of_kiosk(kiosk.id, channel), payload)
        sent = self.ingest.take([arrival], self.world.clock.now)
        self.published += [each.payload for each in sent]
        replies = topics.of_kiosk(kiosk.id, Channel.REPLIES)
        return [codec.decode(each.payload, Reply) for each in sent if each.topic == replies]

    def ask(self, kiosk: TestKiosk, body: Struct) -> list[Reply]:
        request = Request(self.world.new_id(), kind_of(body), self.world.clock.now, codec.raw(body))
        return self.arrive(kiosk, Channel.REQUESTS, codec.encode(request))

    def tell(self, kiosk: TestKiosk, *bodies: Struct) -> None:
        previous, first = kiosk.head, kiosk.seq + 1
        events = [Raw(kiosk.journal(body, self.world)[1]) for body in bodies]
        signed = signing_input(kiosk.id, kiosk.epoch, first_seq=first, previous=previous, head=kiosk.head)
        envelope = Envelope(
            kiosk=kiosk.id,
            epoch=kiosk.epoch,
            connection=1,
            first_seq=first,
            prev=previous.hex(),
            head=kiosk.head.hex(),
            confirmed=0,
            events=events,
            sig=keys.sign(kiosk.key, signed),
        )
        self.arrive(kiosk, Channel.EVENTS, codec.encode(envelope))

    def tap(self, uid: str) -> CardEvidence:
        """A tap, whose URL is a secret from then on."""
        evidence = self.world.tap(uid)
        assert evidence.url is not UNSET
        self.secrets.append(evidence.url)
        self.secrets += [part.split("=")[1] for part in evidence.url.split("?")[1].split("&")]
        return evidence


def join_and_stumble(journey: Journey) -> UUID:
    """Join over the API; then everything that can go wrong with the same data."""
    body = {"name": f"{SURNAME} {GIVEN}", "phone": PHONE, "birthday": BIRTHDAY, "home_store": STORE}
    member = journey.call("POST", "/v1/members", body)["id"]
    for wrong in ({}, {"surprise": GIVEN}, {"home_store": "S99", "phone": None}, {"birthday": f"{BIRTHDAY} or so"}):
        assert "code" in journey.call("POST", "/v1/members", body | wrong)
    for broken in ({"phone": PHONE + "0" * 30}, {"name": [SURNAME]}, {"name": f"{SURNAME}\0"}, {"name": SURNAME * 9}):
        assert journey.call("POST", "/v1/members", body | broken)["code"] == "request.invalid"
    assert journey.call("POST", "/v1/members/find", {"phone": PHONE})["id"] == member
    journey.call("POST", "/v1/members/find", {"phone": PHONE, "card": SURNAME})
    journey.call("POST", "/v1/members/find", {"phone": f"{PHONE[:-1]}5"})
    journey.call("GET", f"/v1/members/{SURNAME}", None)
    return UUID(member)


def look_after(journey: Journey, member: UUID) -> None:
    """Write every other personal field and one of the chain's own, open them, refuse wrong ones, ask for an export."""
    world, path = journey.world, f"/v1/members/{member}"
    values = {"email": EMAIL, "address": ADDRESS, "identity_number": NUMBER, "bank_account": ACCOUNT}
    with world.hub.database.write() as session:
        profile.write(session, world.hub.vault, {member: values})
        definition = {"kind": "text", "names": {"en": "Allergy"}, "searchable": True, "max": 20}
        publish(session, Change("fields.allergy", definition, "test"), world.clock.now)
        publish(session, Change("consents.sms", {"texts": {"en": "I agree."}}, "test"), world.clock.now)
    assert "code" in journey.call("PUT", f"{path}/fields", {"values": {"allergy": ALLERGY * 2}})
    written = journey.call("PUT", f"{path}/fields", {"values": {"allergy": ALLERGY}})
    assert written["fields"] == {"allergy": ALLERGY}
    opened = journey.call("POST", f"{path}/reveal", {"fields": [*values, "fields.allergy"], "reason": "a test"})
    assert opened["values"] == values | {"fields.allergy": ALLERGY}
    # The two answers that must hold what was written and asked for.
    del journey.answers[-2:]
    said = {"purpose": "sms", "given": True, "version": 1, "language": "en", "channel": "till"}
    journey.call("POST", f"{path}/consents", said)
    journey.call("POST", f"{path}/consents", said | {"purpose": SURNAME})
    export(journey, path)


def export(journey: Journey, path: str) -> None:
    """Ask for everything about the member, and have a second person agree; it waits to be fetched."""
    asked = journey.call("POST", f"{path}/export", {"reason": "asked for at the counter"})
    with journey.world.hub.database.write() as session:
        second = issue_key(
            session, "second", Permission, stores=[], now=journey.world.clock.now, random=journey.world.random.randbytes
        )[1]
    journey.secrets.append(second)
    approved = journey.call("POST", f"/v1/approvals/{asked['request']}/approve", {}, key=second)
    assert approved["state"] == "done"


def visit(journey: Journey, member: UUID) -> None:
    """Bind a card, earn, and redeem at a kiosk."""
    world, kiosk = journey.world, journey.world.add_kiosk()
    uid = "04" + world.random.randbytes(6).hex()
    journey.call("POST", f"/v1/members/{member}/cards", {"uid": uid, "technology": "ntag424"})
    world.earn(member, 2_000)
    status = KioskStatus(state="online", connection=1, epoch=kiosk.epoch)
    journey.arrive(kiosk, Channel.STATUS, codec.encode(status))
    evidence = journey.tap(uid)
    [opened] = journey.ask(kiosk, PresentCard(evidence))
    assert opened.body is not UNSET
    visit_id = codec.decode(opened.body, VisitOpened).visit
    journey.ask(kiosk, PresentCard(evidence))
    journey.ask(kiosk, PresentCard(CardEvidence("ntag424", uid, f"{evidence.url}0")))
    spend = world.new_id()
    journey.ask(kiosk, AskLease(spend, visit_id, LATTE, 600))
    journey.tell(kiosk, LeaseAccepted(1, member, 600), LeaseSpent(1, spend, member, LATTE, 600), LeaseClosed(1, 600))
    journey.arrive(kiosk, Channel.REQUESTS, b'{"v":1,"url":"%s"}' % str(evidence.url).encode())
    [released] = journey.ask(kiosk, ReleaseKey())
    assert released.body is not UNSET
    journey.wrapping_key = base64.b64decode(codec.decode(released.body, KeyReleased).key).hex()
    journey.secrets.append(journey.wrapping_key)


def issue(journey: Journey) -> None:
    """Make a key, use it, misuse it, and revoke it."""
    made = journey.call("POST", "/v1/keys", {"name": "till 9", "permissions": ["members:read"]})
    journey.answers.pop()  # The one answer that must hold the secret.
    journey.secrets += [made["secret"], journey.world.till_key]
    journey.call("GET", "/v1/audit", None, key=made["secret"])
    journey.call("DELETE", f"/v1/keys/{made['id']}", None)
    journey.call("GET", "/v1/stores", None, key=made["secret"])
    journey.call("GET", "/v1/stores", None, key=f"{made['secret']}x")
    journey.call("GET", "/v1/audit", None)


@pytest.fixture
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    with capture_logs() as entries:
        yield entries


@pytest.fixture
def journey(world: World, logged: list[MutableMapping[str, Any]]) -> Iterator[Journey]:  # noqa: ARG001 - logs are kept
    made = Journey(world, TestClient(create_app(world.hub), raise_server_exceptions=False), world.hub.ingest())
    with made.client:
        member = join_and_stumble(made)
        look_after(made, member)
        issue(made)
        visit(made, member)
        made.published += [sent.payload for sent in made.ingest.flush(world.clock.now)]
        yield made


def stored(database: Database) -> bytes:
    """Everything that the database keeps, as it lies there."""
    if database.is_sqlite:
        place = Path(database.url.database or "")
        return b"".join(path.read_bytes() for path in sorted(place.parent.glob(f"{place.name}*")))
    with database.read() as session:
        rows = [
            str(row)
            for table in Base.metadata.sorted_tables
            for row in session.execute(text(f"SELECT t::text FROM {table.name} t")).scalars()  # noqa: S608
        ]
    return "\n".join(rows).encode()


def traces(haystack: bytes, needles: list[str] | tuple[str, ...]) -> list[str]:
    """Which of these strings stand there: in clear, or as hexadecimal of their bytes."""
    low = haystack.lower()
    return [needle for needle in needles if needle.lower().encode() in low or needle.encode().hex().encode() in low]


def test_the_search_finds_what_is_stored_in_clear(journey: Journey) -> None:
    with journey.world.hub.database.write() as session:
        session.execute(text("UPDATE members SET source = :clear"), {"clear": SURNAME})
        session.execute(text("UPDATE pictures SET data = :clear"), {"clear": PHONE.encode()})

    found = traces(stored(journey.world.hub.database), PERSONAL)

    assert found == [SURNAME, SURNAME[1:], PHONE, PHONE[3:]]


def test_no_personal_data_and_no_secret_is_stored_in_clear(journey: Journey) -> None:
    everything = stored(journey.world.hub.database)

    assert len(journey.secrets) >= 6
    assert traces(everything, PERSONAL) == []
    assert traces(everything, journey.secrets) == []
    assert bytes.fromhex(journey.wrapping_key) not in everything


def test_the_url_of_a_late_tap_that_its_fact_keeps_is_spent(journey: Journey) -> None:
    world, kiosk = journey.world, journey.world.add_kiosk()
    evidence = journey.tap(world.add_card(world.add_member()))

    journey.tell(kiosk, CardSeen(evidence))

    assert world.book(world.asked(kiosk, PresentCard(evidence)))[0].code is ErrorCode.CARD_REPLAYED


def test_no_answer_no_message_and_no_log_tells_more_than_a_masked_name(
    journey: Journey, logged: list[MutableMapping[str, Any]]
) -> None:
    told = {
        "answers": "\n".join(journey.answers).encode(),
        "messages": b"\n".join(journey.published),
        "logs": repr(logged).encode(),
    }

    assert b"Q*" in told["answers"]
    assert b'"Q*"' in told["messages"]
    assert b"not applied" in told["logs"]
    assert b"message refused" in told["logs"]
    assert {place: traces(said, PERSONAL) for place, said in told.items()} == {place: [] for place in told}
    assert {place: traces(said, journey.secrets) for place, said in told.items()} == {place: [] for place in told}


def test_a_kiosks_disk_and_its_line_tell_no_more_than_a_masked_name(database: Database) -> None:
    chain = Chain(database, seed=1)
    world, kiosk = chain.world, chain.add_kiosk()
    member = world.add_member(f"{SURNAME} {GIVEN}", f"+86{PHONE}")
    with world.hub.database.write() as session:
        profile.write(session, world.hub.vault, {member: {"email": EMAIL, "birthday": BIRTHDAY, "address": ADDRESS}})
    chain.run(2)

    kiosk.tap(world.add_card(member))
    chain.run(2)

    disk = b"".join(kiosk.disk.contents(name) for name in sorted(kiosk.disk.names()))
    assert str(member).encode() in disk
    assert "Q*" in str(kiosk.frame)
    assert b"Q*" not in disk
    assert traces(disk, PERSONAL) == []
    assert traces("\n".join(chain.traces).encode(), PERSONAL) == []


def test_an_error_of_the_database_does_not_quote_what_was_to_be_written(database: Database) -> None:
    with pytest.raises(DBAPIError) as caught, database.write() as session:
        session.execute(insert(Counter), {"id": UUID(int=0xCAFE << 64), "remaining": -13_371_337})

    told = str(caught.value)
    assert "not_exceeded" in told
    assert "hidden due to hide_parameters" in told


FAILING = """
import structlog
from datetime import UTC, datetime, timedelta
from hub.jobs import Job, Scheduler
from provisioning.logs import configure

def work(now):
    url = "https://card.example/t?e=C0FFEE"
    raise RuntimeError("broken")

configure()
at = datetime(2026, 11, 21, tzinfo=UTC)
Scheduler([Job("canary", timedelta(1), work)], lambda: at).run_due(at)
"""


def test_a_failure_is_logged_without_what_was_in_hand() -> None:
    done = subprocess.run([sys.executable, "-c", FAILING], capture_output=True, text=True, check=True, timeout=60)

    assert "a job failed" in done.stderr
    assert "C0FFEE" not in done.stderr
