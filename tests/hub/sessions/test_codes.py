"""Codes that somebody sets up who works here already."""

from typing import Any

from pyotp import TOTP

from hub.staff.models import Person
from tests.hub.api import code_of
from tests.hub.sessions.door import PASSWORD, Door
from tests.hub.world import World


def begun(door: Door, token: str) -> dict[str, Any]:
    answer = door.call("POST", "/v1/session/codes", key=token)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def code_by(world: World, secret: str) -> str:
    return TOTP(secret).at(world.clock.now)


def test_somebody_who_works_here_adds_codes_and_is_asked_for_them_from_then_on(door: Door) -> None:
    token = door.world.log_in(door.person())
    told = begun(door, token)
    body = {"ticket": told["ticket"], "code": code_by(door.world, told["secret"])}

    done = door.call("PUT", "/v1/session/codes", body, key=token)
    halfway = door.log_in().json()
    door.world.clock.pass_(minutes=1)
    opened = door.second(halfway["ticket"], code=code_by(door.world, told["secret"]))

    assert done.status_code == 204
    assert (halfway["state"], opened.status_code) == ("second_factor", 201)
    assert told["address"].startswith("otpauth://totp/")
    [act] = door.acts("staff.codes_set")
    assert (act.before, told["secret"] in str((act.before, act.after))) == ({"codes": False}, False)


def test_nothing_changes_until_a_code_shows_that_the_secret_has_arrived(door: Door) -> None:
    token = door.world.log_in(door.person())
    told = begun(door, token)

    wrong = door.call("PUT", "/v1/session/codes", {"ticket": told["ticket"], "code": "000000"}, key=token)

    assert code_of(wrong) == (401, "second_factor.wrong")
    assert door.log_in().json()["state"] == "open"


def test_a_ticket_is_good_once_and_for_one_person(door: Door) -> None:
    token, other = door.world.log_in(door.person()), door.world.person()
    told = begun(door, token)
    body = {"ticket": told["ticket"], "code": code_by(door.world, told["secret"])}

    stolen = door.call("PUT", "/v1/session/codes", body, key=other)
    first = door.call("PUT", "/v1/session/codes", body, key=token)
    again = door.call("PUT", "/v1/session/codes", body, key=token)

    assert [one.status_code for one in (stolen, first, again)] == [401, 204, 401]


def test_it_takes_a_confirmation_that_is_fresh(door: Door) -> None:
    token = door.world.log_in(door.person())
    door.world.clock.pass_(minutes=11)

    stale = door.call("POST", "/v1/session/codes", key=token)
    token = door.call("POST", "/v1/session/confirm", {"password": PASSWORD}, key=token).json()["token"]

    assert code_of(stale) == (403, "confirmation.needed")
    assert begun(door, token)["ticket"]


def test_who_logs_in_through_a_provider_has_no_codes_here(door: Door) -> None:
    person = door.person(password=None, issuer="https://login.example", subject="wang")

    answer = door.call("POST", "/v1/session/codes", key=door.world.log_in(person))

    assert answer.json()["code"] == "person.state"


def test_the_secret_lies_open_nowhere(door: Door) -> None:
    person = door.person()
    token = door.world.log_in(person)
    told = begun(door, token)
    body = {"ticket": told["ticket"], "code": code_by(door.world, told["secret"])}
    door.call("PUT", "/v1/session/codes", body, key=token)

    with door.world.hub.database.read() as session:
        stored = session.get_one(Person, person.id).totp_secret

    assert stored is not None
    assert told["secret"].encode() not in stored
