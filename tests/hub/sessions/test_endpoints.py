from typing import Any

import pytest

from hub.access import COOKIE
from hub.staff.permissions import Role
from hub.staff.routes import BATCHED, ROUTES, SENSITIVE
from hub.staff.service import CONFIRMED_MAX_MIN
from tests.hub.api import code_of
from tests.hub.sessions.authenticator import Authenticator
from tests.hub.sessions.door import PASSWORD, Door
from tests.hub.sessions.test_passkeys import challenge, enrol

OWN = {"sec-fetch-site": "same-origin"}
CONFIRM = "/v1/session/confirm"


def by_cookie(door: Door, method: str, path: str, body: Any = None, **headers: str) -> Any:
    token = door.log_in(cookie=True).cookies[COOKIE]
    return door.client.request(method, path, json=body, headers={"cookie": f"{COOKIE}={token}", **headers})


def test_a_token_can_come_as_a_cookie_that_scripts_cannot_read(door: Door) -> None:
    door.person()

    answer = door.log_in(cookie=True)

    [cookie] = answer.headers.get_list("set-cookie")
    name, *attributes = cookie.split("; ")
    assert name.startswith("__Host-session=ms_")
    assert {part.lower() for part in attributes} == {"httponly", "path=/", "samesite=strict", "secure"}
    assert answer.json()["token"] is None


def test_a_cookie_is_good_for_reading_wherever_it_comes_from(door: Door) -> None:
    door.person()

    assert by_cookie(door, "GET", "/v1/session", **{"sec-fetch-site": "cross-site"}).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "none"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site", "origin": "http://testserver"}, 403),
        ({"sec-fetch-site": "same-origin"}, 204),
        ({"origin": "http://testserver"}, 204),
    ],
)
def test_a_cookie_changes_something_only_from_our_own_pages(door: Door, headers: dict[str, str], status: int) -> None:
    door.person()

    answer = by_cookie(door, "DELETE", "/v1/session", **headers)

    assert answer.status_code == status
    if status == 403:
        assert answer.json()["code"] == "request.foreign"


def test_a_foreign_cookie_books_nothing_either(door: Door) -> None:
    door.person()
    body = door.purchase(door.world.add_member())

    answer = by_cookie(door, "POST", "/v1/purchases", body, origin="https://evil.example")

    assert code_of(answer) == (403, "request.foreign")


def test_a_bearer_needs_no_origin_because_browsers_do_not_add_it_by_themselves(door: Door) -> None:
    token = door.world.person()

    left = door.client.delete(
        "/v1/session", headers={"authorization": f"Bearer {token}", "origin": "https://elsewhere.example"}
    )

    assert left.status_code == 204


@pytest.mark.parametrize("path", ["/v1/sessions", "/v1/sessions/second-factor", "/v1/sessions/passkey"])
def test_no_other_site_logs_its_visitors_in(door: Door, path: str) -> None:
    answer = door.post(path, {}, **{"sec-fetch-site": "cross-site"})

    assert code_of(answer) in {(403, "request.foreign"), (422, "request.invalid")}
    if path == "/v1/sessions":
        full = door.post(path, {"login": "anna", "password": PASSWORD}, **{"sec-fetch-site": "cross-site"})
        assert code_of(full) == (403, "request.foreign")


def test_logging_out_takes_the_cookie_back(door: Door) -> None:
    door.person()

    answer = by_cookie(door, "DELETE", "/v1/session", **OWN)

    assert "Max-Age=0" in answer.headers["set-cookie"]


def test_what_is_sensitive_wants_proof_that_somebody_is_still_there(door_on_each_database: Door) -> None:
    door = door_on_each_database
    door.person()
    token, body = door.log_in().json()["token"], {"current": PASSWORD, "password": "another horse battery"}
    door.world.clock.pass_(minutes=CONFIRMED_MAX_MIN, seconds=1)

    before = door.call("PUT", "/v1/session/password", body, key=token)
    wrong = door.call("POST", CONFIRM, {"password": "wrong horse battery"}, key=token)
    still = door.call("PUT", "/v1/session/password", body, key=token)
    confirmed = door.call("POST", CONFIRM, {"password": PASSWORD}, key=token)
    after = door.call("PUT", "/v1/session/password", body, key=confirmed.json()["token"])

    assert code_of(before) == (403, "confirmation.needed")
    assert code_of(wrong) == (401, "second_factor.wrong")
    assert code_of(still) == (403, "confirmation.needed")
    assert (confirmed.status_code, after.status_code) == (200, 204)


def test_a_confirmation_takes_the_password_as_it_was_chosen_and_no_other(door: Door) -> None:
    token = door.world.log_in(door.person(password=f"{PASSWORD} "))

    trimmed = door.call("POST", CONFIRM, {"password": PASSWORD}, key=token)
    whole = door.call("POST", CONFIRM, {"password": f"{PASSWORD} "}, key=token)

    assert (code_of(trimmed), whole.status_code) == ((401, "second_factor.wrong"), 200)


def test_whoever_has_codes_confirms_with_the_password_and_a_code_as_at_the_door(
    door_on_each_database: Door,
) -> None:
    door = door_on_each_database
    person = door.with_codes()
    token = door.world.log_in(person)

    by_password = door.call("POST", CONFIRM, {"password": PASSWORD}, key=token)
    by_code = door.call("POST", CONFIRM, {"code": door.code()}, key=token)
    by_wrong = door.call("POST", CONFIRM, {"password": "wrong horse battery", "code": door.code()}, key=token)
    by_both = door.call("POST", CONFIRM, {"password": PASSWORD, "code": door.code()}, key=token)

    assert code_of(by_password) == (401, "second_factor.wrong")
    assert code_of(by_code) == (422, "request.invalid")
    assert code_of(by_wrong) == (401, "second_factor.wrong")
    assert by_both.status_code == 200
    [act] = door.acts("staff.confirmed")
    assert act.after["method"] == "password+code"


def test_whoever_has_a_passkey_does_not_confirm_by_the_password_alone(door: Door) -> None:
    token = door.world.log_in(door.person())
    enrol(door, token, Authenticator())

    assert code_of(door.call("POST", CONFIRM, {"password": PASSWORD}, key=token)) == (401, "second_factor.wrong")


def test_a_passkey_confirms(door: Door) -> None:
    device, token = Authenticator(), door.world.person()
    enrol(door, token, device)
    door.world.clock.pass_(minutes=20)
    before = door.session(token).json()["confirmed_at"]

    confirmed = door.call("POST", CONFIRM, {"passkey": device.use(challenge(door))}, key=token)

    assert door.session(confirmed.json()["token"]).json()["confirmed_at"] > before


def test_guessing_at_the_confirmation_is_slowed_down(door: Door) -> None:
    person = door.with_codes()
    token = door.world.log_in(person)

    answers = [door.call("POST", CONFIRM, {"password": PASSWORD, "code": "000000"}, key=token) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [401] * 5 + [429]


def test_sensitive_routes_are_routes_and_none_is_served_in_batches() -> None:
    assert set(ROUTES) >= SENSITIVE
    assert not SENSITIVE & BATCHED


def test_a_key_is_never_asked_to_confirm(door: Door) -> None:
    door.world.clock.pass_(hours=1)

    made = door.call("POST", "/v1/roles", {"id": "barista", "names": {"en": "B"}, "permissions": ["members:read"]})

    assert made.status_code == 201


def test_no_secret_stands_in_the_audit_log(door: Door) -> None:
    person = door.with_codes()
    half, code = door.log_in().json(), door.code()
    token = door.second(half["ticket"], code=code).json()["token"]
    codes = door.call("POST", "/v1/session/recovery-codes", key=token).json()["recovery_codes"]

    with door.world.hub.database.read() as session:
        entries = str(session.connection().exec_driver_sql("SELECT * FROM audit").all())
    for secret in (PASSWORD, half["ticket"], code, token, codes[0], person.login):
        assert secret not in entries


def test_a_session_shows_what_it_may_do(door: Door) -> None:
    token = door.world.person(Role.AUDITOR)

    shown = door.session(token).json()

    assert shown["stores"] is None
    assert "audit:read" in shown["permissions"]
    assert "fleet:write" not in shown["permissions"]
