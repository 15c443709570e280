import hashlib
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from hub.approvals.models import ApprovalRequest
from hub.audit.models import AuditEntry
from hub.audit.service import Act, audit_all
from hub.booking.models import Fact
from hub.members import profile
from hub.privacy.endpoints import REVEALED, REVEALS_MAX_PER_HOUR
from hub.privacy.models import PersonalExport
from hub.privacy.retention import Retention
from hub.programme.service import Change, publish
from hub.staff.keys import issue_key
from hub.staff.permissions import Permission, Role
from hub.wallet.intake import TopUpRecorded
from protocol.events import LeaseAccepted
from tests.hub.api import NOBODY, Api
from tests.hub.world import START, World

PHONE, EMAIL = "+8614099887766", "zephyrine@quockerwodger.example"
WHY = {"reason": "asked for at the counter"}
TERMS: dict[str, dict[str, Any]] = {
    "fields.locker": {"kind": "text", "names": {"zh": "储物柜"}, "required": True},
    "fields.allergy": {"kind": "text", "names": {"zh": "过敏"}, "roles": ["store_manager"]},
    "consents.sms": {"texts": {"zh": "我同意。", "en": "I agree."}},
}


class Desk(Api):
    """The API, a member with personal data, and keys of people in several roles."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.member = world.add_member("Quockerwodger Zephyrine", PHONE)
        with world.hub.database.write() as session:
            profile.write(session, world.hub.vault, {self.member: {"email": EMAIL}})
            for name, document in TERMS.items():
                publish(session, Change(name, document, "test"), world.clock.now)
        self.cashier, self.manager = self.key_of(Role.CASHIER), self.key_of(Role.STORE_MANAGER)

    def key_of(self, role: Role) -> str:
        world = self.world
        with world.hub.database.write() as session:
            made = issue_key(session, "x", Permission, stores=[], role=role, now=START, random=world.random.randbytes)
        return made[1]

    def of(self, method: str, what: str, body: Any = None, **more: Any) -> Any:
        return self.call(method, f"/v1/members/{self.member}/{what}", body, **more)

    def reveal(self, *fields: str, screen: str = "console", **more: Any) -> Any:
        return self.of("POST", "reveal", {"fields": fields, "screen": screen, **WHY}, **more)

    def approved(self, what: str) -> str:
        """Ask for something, and have a second person agree; its request."""
        waiting = self.of("POST", what, WHY, key=self.cashier)
        assert waiting.status_code == 202, waiting.text
        request = str(waiting.json()["request"])
        answered = self.call("POST", f"/v1/approvals/{request}/approve", {}, key=self.manager)
        assert (answered.status_code, answered.json()["state"]) == (200, "done"), answered.text
        return request

    def audited(self, action: str) -> list[AuditEntry]:
        with self.world.hub.database.read() as session:
            query = select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.number)
            return list(session.execute(query).scalars())


@pytest.fixture
def desk(world: World) -> Iterator[Desk]:
    opened = Desk(world)
    with opened.client:
        yield opened


def test_a_profile_is_shown_masked(desk: Desk) -> None:
    shown = desk.of("GET", "profile").json()

    assert shown["values"] == {"name": "Q*", "phone": "140****7766", "email": "z***@..."}


def test_opened_fields_are_those_asked_for_and_the_reason_is_written_down(desk: Desk) -> None:
    opened = desk.reveal("phone", "email", "address")

    assert opened.json() == {"member": str(desk.member), "values": {"phone": PHONE, "email": EMAIL}}
    [entry] = desk.audited(REVEALED)
    assert entry.after == {"fields": ["address", "email", "phone"]}
    assert (entry.reason, entry.subject, entry.source) == (WHY["reason"], str(desk.member), "testclient")
    with desk.world.hub.database.read() as session:
        kept = [*session.execute(select(Fact.result)).scalars(), *session.execute(select(AuditEntry.after)).scalars()]
    assert PHONE not in str(kept)
    assert EMAIL not in str(kept)


def test_a_request_to_open_is_audited_once_and_good_for_its_day_and_actor_only(desk: Desk) -> None:
    request = str(uuid4())
    answers = [desk.reveal("phone", request=request).json()["values"] for _ in range(2)]

    others = desk.reveal("phone", request=request, key=desk.manager)
    desk.world.clock.pass_(days=1)
    later = desk.reveal("phone", request=request)

    assert answers == [{"phone": PHONE}] * 2
    assert len(desk.audited(REVEALED)) == 1
    assert (others.json()["code"], later.json()["code"]) == ("request.conflict", "request.conflict")


def test_nothing_is_opened_without_a_reason(desk: Desk) -> None:
    assert desk.of("POST", "reveal", {"fields": ["phone"], "reason": ""}).json()["code"] == "request.invalid"


@pytest.mark.parametrize("field", ["phone_index", "joined_at", "fields.nothing", "fields.allergy"])
def test_a_field_that_is_not_there_or_not_for_this_role_is_not_opened(desk: Desk, field: str) -> None:
    refused = desk.reveal("phone", field, key=desk.cashier)

    assert refused.status_code == 422
    assert refused.json()["data"]["fields"] == [{"field": field, "code": "field.unknown"}]
    assert desk.audited(REVEALED) == []


def test_each_screen_has_the_own_fields_that_are_for_it(desk: Desk) -> None:
    with desk.world.hub.database.write() as session:
        size = {"kind": "text", "names": {"zh": "尺码"}, "screens": ["till", "kiosk"]}
        publish(session, Change("fields.size", size, "test"), desk.world.clock.now)
    desk.of("PUT", "fields", {"values": {"locker": "A7"}})

    at_the_till = desk.of("PUT", "fields?screen=till", {"values": {"size": "L"}})
    fields = {screen: desk.of("GET", f"profile?screen={screen}").json()["fields"] for screen in ("till", "web")}

    assert at_the_till.json()["fields"] == fields["till"] == {"size": "L"}
    assert (desk.of("GET", "profile").json()["fields"], fields["web"]) == ({"locker": "A7"}, {})
    assert desk.of("PUT", "fields?screen=till", {"values": {"locker": "A8"}}).status_code == 422
    assert desk.of("GET", "profile?screen=billboard").status_code == 422


def test_what_is_not_for_a_screen_is_not_opened_for_it(desk: Desk) -> None:
    desk.of("PUT", "fields", {"values": {"locker": "A7"}})

    for_the_till = desk.reveal("fields.locker", screen="till")

    assert for_the_till.json()["data"]["fields"] == [{"field": "fields.locker", "code": "field.unknown"}]
    assert desk.reveal("fields.locker").json()["values"] == {"fields.locker": "A7"}


def test_whoever_opens_too_much_is_stopped_for_a_while(desk: Desk) -> None:
    first = desk.reveal("phone")
    again_and_again = Act(desk.audited(REVEALED)[0].actor, REVEALED, str(desk.member), {}, {})
    with desk.world.hub.database.write() as session:
        acts = [again_and_again] * (REVEALS_MAX_PER_HOUR - 2)
        audit_all(session, acts, desk.world.clock.now, desk.world.hub.random_bytes)
    last = desk.reveal("phone")

    stopped = desk.reveal("phone")
    other = desk.reveal("phone", key=desk.manager)
    desk.world.clock.pass_(minutes=61)
    again = desk.reveal("phone")

    assert (first.status_code, last.status_code) == (200, 200)
    assert (stopped.status_code, stopped.json()["code"]) == (429, "reveal.too_often")
    assert (other.status_code, again.status_code) == (200, 200)


def test_own_fields_are_written_judged_and_shown_by_role(desk: Desk) -> None:
    written = desk.of("PUT", "fields", {"values": {"locker": "A7", "allergy": "nuts"}}, key=desk.manager)
    cashier = desk.of("GET", "profile", key=desk.cashier)

    assert written.json()["fields"] == {"locker": "A7", "allergy": "nuts"}
    assert cashier.json()["fields"] == {"locker": "A7"}
    assert desk.audited("member.fields_written")[0].after == {"fields": ["allergy", "locker"]}


@pytest.mark.parametrize(
    ("values", "code"),
    [({"locker": None}, "field.required"), ({"shoe": "42"}, "field.unknown"), ({"allergy": "nuts"}, "field.unknown")],
)
def test_own_fields_are_refused_by_name(desk: Desk, values: dict[str, Any], code: str) -> None:
    refused = desk.of("PUT", "fields", {"values": values}, key=desk.cashier).json()

    assert refused["code"] == "profile.invalid"
    assert refused["data"]["fields"] == [{"field": next(iter(values)), "code": code}]


def test_what_a_member_agrees_to_is_kept_and_can_be_taken_back(desk: Desk) -> None:
    said = {"purpose": "sms", "given": True, "version": 1, "language": "en", "channel": "till"}
    request = str(uuid4())

    given = [desk.of("POST", "consents", said, request=request) for _ in range(2)]
    desk.world.clock.pass_(minutes=1)
    desk.of("POST", "consents", said | {"given": False})

    assert [answer.status_code for answer in given] == [201, 201]
    assert given[0].json() == given[1].json()
    assert given[0].json()["text_hash"] == hashlib.sha256(b"I agree.").hexdigest()
    listed = desk.of("GET", "consents").json()["items"]
    assert [each["given"] for each in listed] == [False, True]


def test_nobody_agrees_to_words_that_were_never_published(desk: Desk) -> None:
    said = {"purpose": "sms", "given": True, "version": 9, "language": "en", "channel": "till"}

    assert desk.of("POST", "consents", said).json()["code"] == "consent.unknown"


def test_a_member_is_erased_when_a_second_person_agrees(desk: Desk) -> None:
    request = desk.approved("erasure")

    certificate = desk.of("GET", "erasure").json()
    assert certificate["state"] == "erasing"
    assert certificate["asked_by"] != certificate["approved_by"]
    assert desk.of("GET", "profile").json()["values"] == {}
    assert desk.reveal("phone").json()["values"] == {}
    again = desk.of("POST", "erasure", WHY, key=desk.cashier, request=request)
    assert (again.status_code, again.json()["state"]) == (202, "done")


def test_nobody_erases_a_member_alone(desk: Desk) -> None:
    waiting = desk.of("POST", "erasure", WHY, key=desk.cashier).json()

    own = desk.call("POST", f"/v1/approvals/{waiting['request']}/approve", {}, key=desk.cashier)

    assert own.json()["code"] == "approval.own"
    assert desk.of("GET", "erasure").json()["code"] == "erasure.unknown"
    assert desk.of("GET", "profile").json()["values"]["name"] == "Q*"


def test_whoever_holds_money_is_not_even_waited_for(desk: Desk) -> None:
    assert desk.world.book(desk.world.posted(TopUpRecorded("T1", desk.member, "CNY", 5_000)))[0].is_applied

    refused = desk.of("POST", "erasure", WHY)

    assert (refused.status_code, refused.json()["code"]) == (409, "erasure.money_held")


def test_money_that_came_while_the_request_waited_ends_it(desk: Desk) -> None:
    waiting = desk.of("POST", "erasure", WHY, key=desk.cashier).json()
    assert desk.world.book(desk.world.posted(TopUpRecorded("T1", desk.member, "CNY", 5_000)))[0].is_applied

    refused = desk.call("POST", f"/v1/approvals/{waiting['request']}/approve", {}, key=desk.manager)

    assert refused.json()["code"] == "erasure.money_held"
    assert desk.of("GET", "profile").json()["values"]["name"] == "Q*"


def test_everything_about_a_member_is_fetched_once_by_whoever_asked(desk: Desk) -> None:
    request = desk.approved("export")
    path = f"/v1/personal-exports/{request}/fetch"

    others = desk.call("POST", path, key=desk.manager)
    fetched = desk.call("POST", path, key=desk.cashier)
    again = desk.call("POST", path, key=desk.cashier)

    assert others.json()["code"] == "export.unknown"
    assert fetched.json()["content"]["profile"]["phone"] == PHONE
    assert (again.status_code, again.json()["code"]) == (410, "export.gone")
    assert len(desk.audited("member.export_fetched")) == 1


def test_an_export_lies_sealed_until_it_is_fetched_or_too_old(desk: Desk) -> None:
    request = desk.approved("export")
    with desk.world.hub.database.read() as session:
        kept = session.get_one(PersonalExport, UUID(request))
        waiting = session.get_one(ApprovalRequest, UUID(request))
    assert kept.sealed is not None
    assert PHONE.encode() not in kept.sealed
    assert PHONE not in str(waiting.result)

    desk.world.clock.pass_(days=8)

    gone = desk.call("POST", f"/v1/personal-exports/{request}/fetch", key=desk.cashier)
    assert gone.json()["code"] == "export.gone"


def test_an_export_dies_with_the_member(desk: Desk) -> None:
    request = desk.approved("export")
    desk.approved("erasure")

    assert desk.call("POST", f"/v1/personal-exports/{request}/fetch", key=desk.cashier).json()["code"] == "export.gone"


def test_proofs_of_destruction_are_listed(desk: Desk) -> None:
    world = desk.world
    world.book(world.told(world.add_kiosk(), LeaseAccepted(1, UUID(int=1), 0)))
    world.clock.pass_(days=365 * 6)
    Retention(world.hub.database, world.hub.eraser, world.hub.random_bytes).run(world.clock.now)

    [proof] = desk.call("GET", "/v1/destructions").json()["items"]

    assert (proof["kind"], proof["rows"], len(proof["digest"])) == ("events", 1, 64)


@pytest.mark.parametrize(
    ("method", "what", "body"),
    [
        ("GET", "profile", None),
        ("PUT", "fields", {"values": {"locker": "A7"}}),
        ("POST", "reveal", {"fields": ["phone"], **WHY}),
        ("GET", "consents", None),
        ("POST", "erasure", WHY),
        ("POST", "export", WHY),
    ],
)
def test_nobody_is_found_under_an_id_that_nobody_has(desk: Desk, method: str, what: str, body: Any) -> None:
    assert desk.call(method, f"/v1/members/{NOBODY}/{what}", body).json()["code"] == "member.unknown"
