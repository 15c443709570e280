import threading
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from hub.commands.people import break_the_glass, invite_first
from hub.people import service
from hub.staff.models import Invitation
from hub.staff.permissions import Role
from tests.hub.api import code_of
from tests.hub.people.conftest import PASSWORD, Office
from tests.hub.sessions.authenticator import Authenticator
from tests.hub.world import STORE


def demanding(office: Office) -> Office:
    """The same hub, where the settings want a second factor of everybody."""
    hub = office.world.hub
    judge = replace(hub.log_ins.judge, of_everybody=True)
    return Office(replace(office.world, hub=replace(hub, log_ins=replace(hub.log_ins, judge=judge))))


def invited(office: Office, **body: Any) -> str:
    token: str = office.add(key=office.world.person(), **body).json()["invitation"]
    return token


def test_a_cashier_needs_a_password_alone(office_on_each_database: Office) -> None:
    office = office_on_each_database
    token = invited(office)

    shown = office.open(token).json()
    accepted = office.accept(token)

    assert (shown["login"], shown["name"], shown["needs_second_factor"]) == ("bob", "Bob Wu", False)
    assert (accepted.status_code, accepted.json()["recovery_codes"]) == (200, [])
    assert office.log_in("bob").json()["state"] == "open"


def test_a_chain_may_want_a_second_factor_of_everybody(office: Office) -> None:
    everybodys = demanding(office)
    token = invited(everybodys)

    shown = everybodys.open(token).json()
    without = everybodys.accept(token)
    right = everybodys.accept(token, code=everybodys.code(token))

    assert shown["needs_second_factor"] is True
    assert code_of(without) == (422, "second_factor.missing")
    assert right.status_code == 200
    assert everybodys.log_in("bob").json()["state"] == "second_factor"


def test_whoever_has_none_when_a_chain_begins_to_want_one_is_let_in_no_more(office: Office) -> None:
    office.accept(invited(office))
    everybodys = demanding(office)

    before, after = office.log_in("bob"), everybodys.log_in("bob")

    assert before.json()["state"] == "open"
    assert code_of(after) == (422, "second_factor.missing")


def test_a_manager_needs_a_second_factor_too(office: Office) -> None:
    token = invited(office, role="store_manager")

    without = office.accept(token)
    wrong = office.accept(token, code="000000")
    right = office.accept(token, code=office.code(token))

    assert code_of(without) == (422, "second_factor.missing")
    assert code_of(wrong) == (401, "second_factor.wrong")
    assert len(right.json()["recovery_codes"]) == 10
    assert office.log_in("bob").json()["factors"] == ["code", "recovery_code"]


def test_the_code_of_the_invitation_does_not_log_in(office: Office) -> None:
    token = invited(office, role="store_manager")
    code = office.code(token)
    office.accept(token, code=code)
    ticket = office.log_in("bob").json()["ticket"]

    answer = office.call("POST", "/v1/sessions/second-factor", {"ticket": ticket, "code": code}, key=None)

    assert code_of(answer) == (401, "second_factor.wrong")


def test_a_passkey_is_enough_without_a_password(office_on_each_database: Office) -> None:
    office, device = office_on_each_database, Authenticator()
    token = invited(office, role="store_manager")

    accepted = office.accept(token, password=None, passkey=device.make(office.open(token).json()["passkey"]))
    options = office.call("POST", "/v1/passkey-challenges", key=None).json()["options"]
    opened = office.call("POST", "/v1/sessions/passkey", {"passkey": device.use(options)}, key=None)

    assert accepted.status_code == 200
    assert opened.json()["person"] == accepted.json()["person"]


def test_a_passkey_that_is_not_right_leaves_the_invitation_as_it_is(office: Office) -> None:
    device, token = Authenticator(origin="https://evil.example"), invited(office)

    refused = office.accept(token, passkey=device.make(office.open(token).json()["passkey"]))

    assert code_of(refused) == (422, "passkey.invalid")
    assert office.accept(token).status_code == 200


@pytest.mark.parametrize("why", ["used", "late", "newer", "disabled", "made up"])
def test_an_invitation_counts_once_and_for_its_time(office_on_each_database: Office, why: str) -> None:
    office = office_on_each_database
    admin = office.world.person()
    made = office.add(key=admin).json()
    token = made["invitation"]
    match why:
        case "used":
            office.accept(token)
        case "late":
            office.world.clock.pass_(hours=service.INVITATION_LASTS_H)
        case "newer":
            office.step(made["id"], "invite", key=admin)
        case "disabled":
            office.step(made["id"], "disable", key=admin)
        case "made up":
            token = token[:-1] + ("A" if token[-1] != "A" else "B")

    assert code_of(office.open(token)) == (404, "invitation.invalid")
    assert code_of(office.accept(token)) == (404, "invitation.invalid")


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "password.too_short"),
        ("bobby is my name", "password.guessable"),
        ("Zhang is my name", "password.guessable"),
        ("xyxyxyxyxyxy", "password.guessable"),
    ],
)
def test_a_weak_password_is_not_taken(office: Office, password: str, code: str) -> None:
    token = invited(office, name="Zhang Wu", login="bobby")

    assert code_of(office.accept(token, password=password)) == (422, code)
    assert office.accept(token).status_code == 200


def test_only_the_hash_of_the_token_is_stored(office: Office) -> None:
    token = invited(office)

    with office.world.hub.database.read() as session:
        [row] = session.query(Invitation).all()
    assert token.encode() not in row.token_hash
    assert len(row.token_hash) == 32


def test_the_first_admin_chooses_everything(office_on_each_database: Office) -> None:
    office = office_on_each_database
    token = invite_first(office.world.hub)

    shown = office.open(token).json()
    nameless = office.accept(token, code=office.code(token))
    accepted = office.accept(token, code=office.code(token), login="Root.1", name="Wang Fang")
    ticket = office.log_in("root.1").json()["ticket"]
    office.world.clock.pass_(seconds=30)

    assert (shown["login"], shown["needs_second_factor"]) == ("", True)
    assert code_of(nameless) == (422, "request.invalid")
    assert accepted.json()["login"] == "root.1"
    recovery = accepted.json()["recovery_codes"][0]
    proof = {"ticket": ticket, "recovery_code": recovery}
    opened = office.call("POST", "/v1/sessions/second-factor", proof, key=None).json()
    assert office.me(opened["token"]).json()["role"] == "admin"


def test_the_first_token_counts_for_an_hour_and_the_newest_only(office: Office) -> None:
    first, second = (invite_first(office.world.hub) for _ in range(2))

    assert code_of(office.open(first)) == (404, "invitation.invalid")
    assert office.open(second).status_code == 200
    office.world.clock.pass_(hours=1)
    assert code_of(office.open(second)) == (404, "invitation.invalid")


def test_the_first_token_counts_no_more_once_somebody_is_here(office: Office) -> None:
    token = invite_first(office.world.hub)
    office.world.add_person(Role.CASHIER, stores=[STORE])

    assert code_of(office.accept(token, login="root", name="Wang", code="000000")) == (404, "invitation.invalid")


def test_one_token_sent_twice_at_once_lets_in_one_person(office_on_each_database: Office) -> None:
    office, answers = office_on_each_database, list[int]()
    token = invite_first(office.world.hub)
    code = office.code(token)

    def attempt(login: str) -> None:
        answers.append(office.accept(token, code=code, login=login, name="Wang Fang").status_code)

    threads = [threading.Thread(target=attempt, args=(login,)) for login in ("root1", "root2", "root3")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [200, 404, 404]


def test_breaking_the_glass_opens_one_hour_and_tells(office_on_each_database: Office) -> None:
    office = office_on_each_database
    with capture_logs() as logged:
        first, second = (break_the_glass(office.world.hub) for _ in range(2))

    shown = office.me(first.token).json()
    office.world.clock.pass_(minutes=29)
    still = office.me(first.token).status_code
    office.world.clock.pass_(minutes=29)
    still_later = office.me(first.token).status_code
    office.world.clock.pass_(minutes=2)

    assert (shown["role"], shown["method"], shown["stores"]) == ("admin", "break-glass", None)
    assert first.person == second.person
    assert (still, still_later) == (200, 200)
    assert code_of(office.me(first.token)) == (401, "session.ended")
    acts = office.acts("staff.break_glass")
    assert [act.source for act in acts] == ["console", "console"]
    assert [(line["log_level"], line["event"]) for line in logged] == [("warning", "the glass was broken")] * 2
    assert not any(one.token in str(logged) for one in (first, second))


def test_the_sealed_account_has_no_other_way_in(office: Office) -> None:
    person = break_the_glass(office.world.hub).person
    admin = office.world.person()

    assert code_of(office.log_in("break-glass", PASSWORD)) == (401, "log_in.failed")
    assert code_of(office.step(str(person), "invite", key=admin)) == (409, "person.state")
    assert code_of(office.change(str(person), key=admin, email="x@hq.example")) == (409, "person.state")


def test_the_sealed_account_is_nobody_who_is_here(office: Office) -> None:
    break_the_glass(office.world.hub)

    assert office.open(invite_first(office.world.hub)).status_code == 200
