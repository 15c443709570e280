"""A person's own sessions: which token each has, where they are, and how they end."""

from uuid import uuid4

import pytest

from hub.access import COOKIE
from hub.staff.permissions import Role
from hub.staff.service import CONFIRMED_MAX_MIN, IDLE_MAX_MIN
from tests.hub.api import NOBODY, code_of
from tests.hub.sessions.authenticator import Authenticator
from tests.hub.sessions.browser import begin, cookies_of, finish, token_of, visit
from tests.hub.sessions.door import PASSWORD, Door
from tests.hub.sessions.test_passkeys import challenge, enrol

CONFIRM, OWN = "/v1/session/confirm", "/v1/sessions"


def cookie(token: str) -> str:
    return f"{COOKIE}={token}"


def logged_in(door: Door, **headers: str) -> str:
    """The token of somebody who logs in by password."""
    token: str = door.post("/v1/sessions", {"login": "anna", "password": PASSWORD}, **headers).json()["token"]
    return token


def test_a_confirmation_gives_another_token_and_ends_the_one_before(door_on_each_database: Door) -> None:
    door = door_on_each_database
    door.person()
    old = logged_in(door)
    before = door.session(old).json()

    new = door.call("POST", CONFIRM, {"password": PASSWORD}, key=old).json()["token"]

    assert new != old
    assert door.session(new).json()["id"] == before["id"]
    assert code_of(door.session(old)) == (401, "key.unknown")
    [act] = door.acts("staff.confirmed")
    assert (act.subject, act.after) == (before["person"], {"method": "password", "session": before["id"]})


def test_a_confirmation_that_fails_leaves_the_token_as_it_is(door: Door) -> None:
    door.person()
    token = logged_in(door)

    door.call("POST", CONFIRM, {"password": "wrong horse battery"}, key=token)

    assert door.session(token).status_code == 200
    assert door.acts("staff.confirmed") == []


def test_a_browser_gets_the_new_token_as_its_cookie(door: Door) -> None:
    door.person()
    old = logged_in(door)

    answer = door.post(CONFIRM, {"password": PASSWORD}, cookie=cookie(old), **{"sec-fetch-site": "same-origin"})

    assert answer.json() == {"token": None}
    kept = cookies_of(answer)[COOKIE]
    assert all(said in kept for said in ("HttpOnly", "Path=/", "SameSite=strict", "Secure"))
    assert door.session(token_of(answer)).status_code == 200
    assert code_of(door.session(old)) == (401, "key.unknown")


def test_a_log_in_ends_the_session_that_the_browser_had(door_on_each_database: Door) -> None:
    door = door_on_each_database
    person = door.person()
    old, elsewhere = logged_in(door), logged_in(door)
    had = door.session(old).json()["id"]

    new = logged_in(door, cookie=cookie(old))

    assert code_of(door.session(old)) == (401, "session.ended")
    assert [door.session(token).status_code for token in (new, elsewhere)] == [200, 200]
    [act] = door.acts("staff.sessions_ended")
    assert (act.subject, act.after) == (str(person.id), {"sessions": [had]})


def test_whoever_logs_in_where_somebody_else_was_ends_the_session_of_the_other(door: Door) -> None:
    other, person = door.world.add_person(), door.person()
    old = door.world.log_in(other)

    logged_in(door, cookie=cookie(old))

    assert code_of(door.session(old)) == (401, "session.ended")
    [act] = door.acts("staff.sessions_ended")
    assert (act.actor, act.subject) == (f"staff:{person.id}", str(other.id))


def test_the_second_step_ends_it_and_not_the_first(door: Door) -> None:
    person = door.with_codes()
    old = door.world.log_in(person)

    half = door.post("/v1/sessions", {"login": "anna", "password": PASSWORD}, cookie=cookie(old)).json()
    still = door.session(old).status_code
    door.post("/v1/sessions/second-factor", {"ticket": half["ticket"], "code": door.code()}, cookie=cookie(old))

    assert still == 200
    assert code_of(door.session(old)) == (401, "session.ended")


def test_a_passkey_ends_it_too(door: Door) -> None:
    device, old = Authenticator(), door.world.person()
    enrol(door, old, device)

    answer = door.post("/v1/sessions/passkey", {"passkey": device.use(challenge(door))}, cookie=cookie(old))

    assert answer.status_code == 201
    assert code_of(door.session(old)) == (401, "session.ended")


def test_a_log_in_that_fails_ends_nothing(door: Door) -> None:
    door.person()
    token = logged_in(door)

    door.post("/v1/sessions", {"login": "anna", "password": "wrong horse battery"}, cookie=cookie(token))

    assert door.session(token).status_code == 200


def test_coming_back_from_the_provider_ends_the_session_that_the_browser_left_with(hq: Door) -> None:
    person = hq.world.add_person(Role.FINANCE, email="wang@hq.example")
    old, elsewhere = hq.world.log_in(person), hq.world.log_in(person)
    begun = begin(hq, cookie=cookie(old))
    back = visit(begun.address, "wang")
    meanwhile = hq.session(old).status_code

    # The browser keeps its strict cookie back here: the provider's page has sent it.
    arrived = finish(hq, begun, back)

    assert (meanwhile, arrived.status_code) == (200, 200)
    assert code_of(hq.session(old)) == (401, "session.ended")
    assert [hq.session(token).status_code for token in (token_of(arrived), elsewhere)] == [200, 200]


def test_people_see_where_they_are_logged_in(door_on_each_database: Door) -> None:
    door = door_on_each_database
    person, other = door.person(), door.world.add_person()
    door.world.log_in(other)
    first = door.world.log_in(person)
    door.world.clock.pass_(minutes=IDLE_MAX_MIN + 1)
    second = door.world.log_in(person)
    door.world.clock.pass_(minutes=5)
    third = logged_in(door)

    shown = door.call("GET", OWN, key=third).json()["items"]

    assert [row["id"] for row in shown] == [door.session(token).json()["id"] for token in (third, second)]
    assert [row["is_present"] for row in shown] == [True, False]
    assert [(row["method"], row["source"]) for row in shown] == [("password", "testclient"), ("password", "test")]
    assert all(row["made_at"] <= row["seen_at"] < row["ends_at"] for row in shown)
    assert not any(token in str(shown) for token in (first, second, third))


def test_one_of_them_is_ended_and_the_others_go_on(door_on_each_database: Door) -> None:
    door = door_on_each_database
    person = door.person()
    own, lost, other = (door.world.log_in(person) for _ in range(3))
    named = door.session(lost).json()["id"]

    ended = door.call("DELETE", f"{OWN}/{named}", key=own)
    again = door.call("DELETE", f"{OWN}/{named}", key=own)

    assert (ended.status_code, code_of(again)) == (204, (404, "session.unknown"))
    assert [door.session(token).status_code for token in (own, lost, other)] == [200, 401, 200]
    [act] = door.acts("staff.sessions_ended")
    assert (act.actor, act.after) == (f"staff:{person.id}", {"sessions": [named]})


def test_all_but_the_present_one_are_ended(door_on_each_database: Door) -> None:
    door = door_on_each_database
    person, stranger = door.person(), door.world.person()
    own, *others = (door.world.log_in(person) for _ in range(3))
    named = sorted(door.session(token).json()["id"] for token in others)

    ended = door.call("DELETE", OWN, key=own)

    assert ended.status_code == 204
    assert [door.session(token).status_code for token in (own, *others, stranger)] == [200, 401, 401, 200]
    [act] = door.acts("staff.sessions_ended")
    assert act.after == {"sessions": named}


def test_nobody_ends_a_session_of_somebody_else_by_its_id(door: Door) -> None:
    door.person()
    own, stranger = logged_in(door), door.world.person()
    theirs = door.session(stranger).json()["id"]

    answers = [door.call("DELETE", f"{OWN}/{one}", key=own) for one in (theirs, uuid4())]

    assert [code_of(answer) for answer in answers] == [(404, "session.unknown")] * 2
    assert door.session(stranger).status_code == 200


@pytest.mark.parametrize("path", [OWN, f"{OWN}/{NOBODY}"])
def test_ending_them_wants_a_fresh_confirmation(door: Door, path: str) -> None:
    door.person()
    token = logged_in(door)
    door.world.clock.pass_(minutes=CONFIRMED_MAX_MIN, seconds=1)

    assert code_of(door.call("DELETE", path, key=token)) == (403, "confirmation.needed")


@pytest.mark.parametrize(("method", "path"), [("GET", OWN), ("DELETE", OWN), ("DELETE", f"{OWN}/{NOBODY}")])
def test_a_key_has_no_sessions(door: Door, method: str, path: str) -> None:
    assert code_of(door.call(method, path)) == (403, "session.needed")
