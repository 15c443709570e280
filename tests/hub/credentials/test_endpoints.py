"""What people change about how they log in: their password and their recovery codes."""

import base64

import pytest

from hub.staff.models import Person, RecoveryCode
from tests.hub.api import code_of
from tests.hub.sessions.door import PASSWORD, Door

CHANGE, NEW = "/v1/session/password", "another horse battery"
RECOVERY_MIN_BITS = 128
"""OWASP ASVS 5.0, 11.5.1."""


def test_a_password_is_changed_and_other_sessions_end(door_on_each_database: Door) -> None:
    door = door_on_each_database
    door.person()
    token, other = (door.log_in().json()["token"] for _ in range(2))

    changed = door.call("PUT", CHANGE, {"current": PASSWORD, "password": NEW}, key=token)

    assert changed.status_code == 204
    assert door.session(token).status_code == 200
    assert code_of(door.session(other)) == (401, "session.ended")
    assert code_of(door.log_in()) == (401, "log_in.failed")
    assert door.log_in(password=NEW).status_code == 201
    [act] = door.acts("staff.password_set")
    assert (act.before, act.after) == ({}, {})


@pytest.mark.parametrize(
    ("password", "code"),
    [("short", "password.too_short"), ("abcde " * 40, "password.too_long"), ("anna anna anna", "password.guessable")],
)
def test_a_weak_password_is_not_taken_when_it_is_set(door: Door, password: str, code: str) -> None:
    door.person()
    token = door.log_in().json()["token"]

    assert code_of(door.call("PUT", CHANGE, {"current": PASSWORD, "password": password}, key=token)) == (422, code)


def test_a_new_password_takes_the_one_before(door_on_each_database: Door) -> None:
    door = door_on_each_database
    door.person()
    token = door.log_in().json()["token"]

    wrong = door.call("PUT", CHANGE, {"current": "wrong horse battery", "password": NEW}, key=token)
    missing = door.call("PUT", CHANGE, {"password": NEW}, key=token)

    assert code_of(wrong) == code_of(missing) == (401, "password.wrong")
    assert door.log_in().status_code == 201
    assert door.acts("staff.password_set") == []
    [act] = door.acts("staff.login_failed")
    assert act.after["method"] == "password_change"


def test_a_second_factor_does_not_stand_in_for_the_password_before(door: Door) -> None:
    token = door.world.log_in(door.with_codes())
    confirmed = door.call("POST", "/v1/session/confirm", {"password": PASSWORD, "code": door.code()}, key=token)

    answer = door.call("PUT", CHANGE, {"password": NEW}, key=confirmed.json()["token"])

    assert code_of(answer) == (401, "password.wrong")


def test_guessing_the_password_before_is_slowed_down_as_at_the_door(door: Door) -> None:
    token = door.world.log_in(door.person())

    wrong = [door.call("PUT", CHANGE, {"current": f"{n}", "password": NEW}, key=token) for n in range(6)]
    right = door.call("PUT", CHANGE, {"current": PASSWORD, "password": NEW}, key=token)
    door.world.clock.pass_(seconds=1)
    later = door.call("PUT", CHANGE, {"current": PASSWORD, "password": NEW}, key=token)

    assert [answer.status_code for answer in wrong] == [401] * 5 + [429]
    assert (code_of(right), later.status_code) == ((429, "log_in.too_soon"), 204)


def test_the_password_before_is_taken_as_it_was_chosen(door: Door) -> None:
    token = door.world.log_in(door.person(password=f"{PASSWORD} "))

    trimmed = door.call("PUT", CHANGE, {"current": PASSWORD, "password": NEW}, key=token)
    whole = door.call("PUT", CHANGE, {"current": f"{PASSWORD} ", "password": NEW}, key=token)

    assert (code_of(trimmed), whole.status_code) == ((401, "password.wrong"), 204)


def test_whoever_has_no_password_yet_gives_none(door: Door) -> None:
    token = door.world.log_in(door.person(password=None))

    assert door.call("PUT", CHANGE, {"password": NEW}, key=token).status_code == 204
    assert door.log_in(password=NEW).status_code == 201


def test_who_logs_in_through_a_provider_has_no_password_here(door: Door) -> None:
    person = door.person()
    with door.world.hub.database.write() as session:
        found = session.get_one(Person, person.id)
        found.issuer, found.subject = "https://login.example", "s1"
    token = door.world.log_in(person)

    answer = door.call("PUT", CHANGE, {"password": NEW}, key=token)

    assert code_of(answer) == (409, "person.state")


def test_new_recovery_codes_replace_the_old_ones(door: Door) -> None:
    person = door.with_codes()
    token = door.world.log_in(person)
    old = door.call("POST", "/v1/session/recovery-codes", key=token).json()["recovery_codes"]
    new = door.call("POST", "/v1/session/recovery-codes", key=token).json()["recovery_codes"]
    ticket = door.log_in().json()["ticket"]

    by_old = door.second(ticket, recovery_code=old[0])
    by_new = door.second(ticket, recovery_code=new[0])

    assert len(set(old + new)) == 20
    assert code_of(by_old) == (401, "second_factor.wrong")
    assert by_new.status_code == 201


def test_of_recovery_codes_only_hashes_are_kept(door: Door) -> None:
    person = door.with_codes()
    codes = door.call("POST", "/v1/session/recovery-codes", key=door.world.log_in(person)).json()["recovery_codes"]

    with door.world.hub.database.read() as session:
        kept = [bytes(row.code_hash) for row in session.query(RecoveryCode).filter_by(person=person.id)]
    drawn = [base64.b32decode(code.replace("-", "") + "=" * 6) for code in codes]
    assert {len(code) * 8 for code in drawn} == {RECOVERY_MIN_BITS}
    assert {len(each) for each in kept} == {32}
    assert not any(code in each for code in drawn for each in kept)
