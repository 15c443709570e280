from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from hub.sessions.outside import Client
from hub.staff.models import Person
from hub.staff.permissions import Role
from tests.hub.api import code_of
from tests.hub.sessions.browser import REDIRECT, START, begin, door_of, finish, get, log_in, token_of, visit
from tests.hub.sessions.door import PASSWORD, Door
from tests.hub.world import World


def test_somebody_of_headquarters_is_linked_by_the_address_an_admin_entered(hq: Door) -> None:
    person = hq.world.add_person(Role.FINANCE, email="wang@hq.example", state="invited", password=None)

    opened = log_in(hq, "wang")

    shown = hq.session(token_of(opened)).json()
    assert (shown["person"], shown["method"]) == (str(person.id), "outside")
    [linked] = hq.acts("staff.linked")
    assert (linked.actor, linked.after["issuer"]) == (f"staff:{person.id}", hq.world.hub.outside.client.issuer)  # type: ignore[union-attr]


def test_after_that_the_person_is_known_by_the_provider_and_has_no_password_here(hq: Door) -> None:
    person = hq.person(Role.CASHIER, email="wang@hq.example")
    log_in(hq, "wang")
    with hq.world.hub.database.write() as session:
        session.get_one(Person, person.id).email = "another@hq.example"

    again = log_in(hq, "wang")

    assert hq.session(token_of(again)).json()["person"] == str(person.id)
    assert code_of(hq.log_in(password=PASSWORD)) == (401, "log_in.failed")
    assert len(hq.acts("staff.linked")) == 1


@pytest.mark.parametrize(
    ("login", "overrides"),
    [
        ("stranger", {}),
        ("unverified-wang", {"email": "unverified-wang@hq.example"}),
        ("wang", {"email": "wang@hq.example", "state": "disabled"}),
        ("wang", {"email": "wang@hq.example", "issuer": "https://other.example", "subject": "wang"}),
    ],
)
def test_whoever_is_not_known_here_is_not_let_in(hq: Door, login: str, overrides: dict[str, Any]) -> None:
    hq.world.add_person(Role.ADMIN, **overrides)

    assert code_of(log_in(hq, login)) == (403, "outside.unlinked")


def test_the_browser_is_sent_with_state_nonce_and_a_code_challenge(hq: Door) -> None:
    begun = begin(hq)

    asked = {name: values[0] for name, values in parse_qs(urlsplit(begun.address).query).items()}
    assert (asked["response_type"], asked["client_id"], asked["redirect_uri"]) == ("code", "hub", REDIRECT)
    assert asked["code_challenge_method"] == "S256"
    assert {"openid", "email"} == set(asked["scope"].split())
    assert len({asked["state"], asked["nonce"], asked["code_challenge"], begun.cookie}) == 4
    assert not any(secret in begun.address for secret in (begun.cookie, "a secret of the client"))


@pytest.mark.parametrize("wrong", ["state", "handle", "no cookie", "code", "no code", "late", "twice", "garbage"])
def test_an_answer_to_something_else_is_refused(hq: Door, wrong: str) -> None:
    hq.world.add_person(Role.ADMIN, email="wang@hq.example")
    begun = begin(hq)
    back = visit(begun.address, "wang")
    match wrong:
        case "state":
            back["state"] = visit(begin(hq).address, "wang")["state"]
        case "handle":
            begun = begin(hq)
        case "no cookie":
            begun.cookie = ""
        case "no code":
            back = {"state": back["state"], "error": "access_denied"}
        case "code":
            back["code"] = visit(begin(hq).address, "wang")["code"]
        case "late":
            hq.world.clock.pass_(minutes=10)
        case "twice":
            finish(hq, begun, back)
        case "garbage":
            begun.cookie = "!"

    assert code_of(finish(hq, begun, back)) == (401, "outside.failed")


@pytest.mark.parametrize("wrong", ["secret", "audience", "issuer"])
def test_a_provider_that_is_not_ours_is_not_believed(world: World, client: Client, wrong: str) -> None:
    door = door_of(world, client)
    world.add_person(Role.ADMIN, email="wang@hq.example")
    with door.client:
        begun = begin(door)
        back = visit(begun.address, "wang")
        match wrong:
            case "secret":
                changed = replace(client, secret="another")
            case "audience":
                changed = replace(client, id="another")
            case "issuer":
                changed = replace(client, issuer=client.issuer.replace("127.0.0.1", "localhost"))
        other = door_of(world, changed)
        with other.client:
            assert code_of(finish(other, begun, back)) == (401, "outside.failed")


def test_a_token_that_has_run_out_by_our_clock_is_refused(hq: Door) -> None:
    hq.world.add_person(Role.ADMIN, email="wang@hq.example")
    hq.world.clock.pass_(hours=3)

    assert code_of(log_in(hq, "wang")) == (401, "outside.failed")


def test_a_provider_that_is_away_is_told_so(small_world: World) -> None:
    door = door_of(small_world, Client("http://127.0.0.1:9", "hub", "x", REDIRECT))

    with door.client:
        assert code_of(get(door, START)) == (401, "outside.failed")


def test_without_a_provider_it_is_not_offered(small_world: World) -> None:
    door = door_of(small_world, None)

    with door.client:
        assert code_of(get(door, START)) == (404, "outside.not_offered")
