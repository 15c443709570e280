from typing import Any

import pytest
from sqlalchemy import select

from hub.composition import compose
from hub.staff.models import Passkey
from hub.staff.permissions import Role
from tests.hub.api import code_of
from tests.hub.sessions.authenticator import PRESENT, Authenticator, raw, text
from tests.hub.sessions.door import Door
from tests.hub.world import SECRETS, World


def enrol(door: Door, token: str, device: Authenticator, name: str = "my phone") -> Any:
    """Make a passkey on a device for whoever is logged in."""
    asked = door.call("POST", "/v1/session/passkey-challenges", key=token)
    body = {"name": name, "passkey": device.make(asked.json()["options"])}
    return door.call("POST", "/v1/session/passkeys", body, key=token)


def challenge(door: Door) -> dict[str, Any]:
    options: dict[str, Any] = door.post("/v1/passkey-challenges").json()["options"]
    return options


def log_in(door: Door, answer: dict[str, Any]) -> Any:
    return door.post("/v1/sessions/passkey", {"passkey": answer})


@pytest.fixture
def device() -> Authenticator:
    return Authenticator()


@pytest.fixture
def owner(door: Door, device: Authenticator) -> str:
    """The token of an admin who has a passkey."""
    token = door.world.person(Role.ADMIN)
    assert enrol(door, token, device).status_code == 201
    return token


def test_a_passkey_alone_logs_in(door_on_each_database: Door) -> None:
    door, device = door_on_each_database, Authenticator()
    owner = door.world.person(Role.ADMIN)
    enrol(door, owner, device)

    opened = log_in(door, device.use(challenge(door)))

    assert opened.status_code == 201
    shown = door.session(opened.json()["token"]).json()
    assert (shown["method"], shown["role"]) == ("passkey", "admin")
    assert [passkey["name"] for passkey in shown["passkeys"]] == ["my phone"]


def test_a_passkey_is_a_second_step_too(door: Door) -> None:
    device, person = Authenticator(), door.person(Role.FINANCE)
    enrol(door, door.world.log_in(person), device)

    half = door.log_in().json()
    opened = door.second(half["ticket"], passkey=device.use(challenge(door)))

    assert (half["factors"], half["passkeys"]) == (["passkey", "recovery_code"], [text(device.credential)])
    assert door.session(opened.json()["token"]).json()["method"] == "password+passkey"


def test_somebody_elses_passkey_is_no_second_step(door: Door, device: Authenticator, owner: str) -> None:
    assert owner
    door.with_codes()
    ticket = door.log_in().json()["ticket"]

    assert code_of(door.second(ticket, passkey=device.use(challenge(door)))) == (401, "second_factor.wrong")


@pytest.mark.usefixtures("owner")
def test_an_answer_is_good_once(door: Door, device: Authenticator) -> None:
    answer = device.use(challenge(door))

    first, second = log_in(door, answer), log_in(door, answer)

    assert first.status_code == 201
    assert code_of(second) == (401, "log_in.failed")


@pytest.mark.usefixtures("owner")
def test_a_challenge_is_good_once_even_for_devices_that_do_not_count(door: Door, device: Authenticator) -> None:
    with door.world.hub.database.write() as session:
        session.execute(select(Passkey)).scalar_one().sign_count = 0
    device.uses = -1
    options = challenge(door)

    first = log_in(door, device.use(options))
    device.uses = -1
    second = log_in(door, device.use(options))

    assert first.status_code == 201
    assert code_of(second) == (401, "log_in.failed")


@pytest.mark.usefixtures("owner")
def test_a_copy_of_a_passkey_is_noticed_by_its_count(door: Door, device: Authenticator) -> None:
    log_in(door, device.use(challenge(door)))
    device.uses -= 1

    assert code_of(log_in(door, device.use(challenge(door)))) == (401, "log_in.failed")


@pytest.mark.usefixtures("owner")
@pytest.mark.parametrize(
    "wrong", ["key", "origin", "host", "unverified", "challenge", "late", "for making", "unknown", "garbage"]
)
def test_an_answer_that_is_not_right_is_refused(door: Door, device: Authenticator, owner: str, wrong: str) -> None:
    options = challenge(door)
    match wrong:
        case "key":
            device.key = Authenticator().key
        case "origin":
            device.origin = "https://hub.example.evil.example"
        case "host":
            device.host = "evil.example"
        case "unverified":
            device.flags = PRESENT
        case "challenge":
            options = {"challenge": text(bytes(40))}
        case "late":
            door.world.clock.pass_(minutes=5)
        case "for making":
            options = door.call("POST", "/v1/session/passkey-challenges", key=owner).json()["options"]
        case "unknown":
            device.credential = b"another passkey"
    answer = device.use(options)
    if wrong == "garbage":
        answer["response"]["authenticatorData"] = text(b"x")

    assert code_of(log_in(door, answer)) == (401, "log_in.failed")


def test_a_disabled_person_has_no_use_of_a_passkey(door: Door, device: Authenticator, owner: str) -> None:
    person = door.session(owner).json()["person"]
    door.world.person(Role.ADMIN)
    door.call("POST", f"/v1/people/{person}/disable", {"reason": "left us"})

    assert code_of(log_in(door, device.use(challenge(door)))) == (401, "log_in.failed")


@pytest.mark.parametrize("wrong", ["challenge of another", "origin", "unverified", "twice"])
def test_a_passkey_that_is_not_right_is_not_taken(door: Door, device: Authenticator, wrong: str) -> None:
    token, other = door.world.person(), door.world.person()
    options = door.call("POST", "/v1/session/passkey-challenges", key=token).json()["options"]
    match wrong:
        case "challenge of another":
            options = door.call("POST", "/v1/session/passkey-challenges", key=other).json()["options"]
        case "origin":
            device.origin = "https://evil.example"
        case "unverified":
            device.flags = PRESENT
        case "twice":
            enrol(door, token, device)

    answer = door.call("POST", "/v1/session/passkeys", {"name": "x", "passkey": device.make(options)}, key=token)

    assert code_of(answer) == (422, "passkey.invalid")


def test_a_browser_is_asked_to_verify_and_to_keep_the_passkey(door: Door, device: Authenticator, owner: str) -> None:
    options = door.call("POST", "/v1/session/passkey-challenges", key=owner).json()["options"]

    assert options["rp"] == {"id": "hub.example", "name": "Cloud Stores"}
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert [raw(known["id"]) for known in options["excludeCredentials"]] == [device.credential]
    assert len(raw(options["challenge"])) >= 16


def test_a_passkey_is_removed_by_its_owner_alone(door: Door, device: Authenticator, owner: str) -> None:
    [passkey] = door.session(owner).json()["passkeys"]
    path = f"/v1/session/passkeys/{passkey['id']}"

    others = door.call("DELETE", path, key=door.world.person())
    own = door.call("DELETE", path, key=owner)

    assert code_of(others) == (404, "passkey.unknown")
    assert own.status_code == 204
    assert code_of(log_in(door, device.use(challenge(door)))) == (401, "log_in.failed")


def test_without_a_site_there_are_no_passkeys(small_world: World) -> None:
    small_world.hub = compose(small_world.hub.database, SECRETS, clock=small_world.clock)
    door = Door(small_world)

    with door.client:
        assert code_of(door.post("/v1/passkey-challenges")) == (422, "passkey.invalid")
