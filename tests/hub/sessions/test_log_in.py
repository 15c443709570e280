import threading
from datetime import timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from hub.audit.models import AuditEntry
from hub.sessions import passwords
from hub.staff.models import FailedAttempts, Person, StaffSession
from hub.staff.permissions import Role
from hub.staff.service import IDLE_MAX_MIN, hash_of
from tests.hub.api import code_of
from tests.hub.sessions.door import PASSWORD, Door
from tests.hub.world import STORE


def rows(door: Door, model: type[Any]) -> list[Any]:
    with door.world.hub.database.read() as session:
        return list(session.execute(select(model)).scalars())


def test_a_cashier_logs_in_with_a_password(door_on_each_database: Door) -> None:
    door = door_on_each_database
    person = door.person(stores=[STORE])

    answer = door.log_in(login="Anna")

    assert answer.status_code == 201
    told = answer.json()
    shown = door.session(told["token"]).json()
    assert (told["state"], told["person"]) == ("open", str(person.id))
    assert (shown["login"], shown["role"], shown["stores"], shown["method"]) == ("anna", "cashier", [STORE], "password")
    [act] = door.acts("staff.logged_in")
    assert (act.actor, act.after["method"]) == (f"staff:{person.id}", "password")


def test_only_hashes_of_password_and_token_are_stored(door: Door) -> None:
    door.person()

    token = door.log_in().json()["token"]

    [person], [session] = rows(door, Person), rows(door, StaffSession)
    assert person.password_hash.startswith("$argon2id$v=19$m=47104,t=1,p=1$")
    assert PASSWORD not in person.password_hash
    assert session.token_hash == hash_of(token)
    assert len(token) == len("ms_") + 43


def test_a_session_books_and_reads_in_batches_under_its_person(door_on_each_database: Door) -> None:
    door = door_on_each_database
    person, member = door.person(stores=[STORE]), door.world.add_member()
    token = door.log_in().json()["token"]

    bought = door.call("POST", "/v1/purchases", door.purchase(member), key=token)
    elsewhere = door.call("POST", "/v1/purchases", door.purchase(member, store="S02"), key=token)

    assert bought.status_code == 201
    assert code_of(elsewhere) == (403, "store.out_of_scope")
    assert door.call("GET", f"/v1/members/{member}/balance", key=token).json()["points"] == 100
    with door.world.hub.database.read() as session:
        actors = session.connection().exec_driver_sql("SELECT DISTINCT actor FROM facts").scalars().all()
    assert actors == [f"staff:{person.id}"]


@pytest.mark.parametrize(
    ("login", "password", "overrides"),
    [
        ("nobody", PASSWORD, {}),
        ("anna", "wrong horse battery", {}),
        ("anna", PASSWORD.upper(), {}),
        ("anna", f" {PASSWORD}", {}),
        ("anna", PASSWORD, {"state": "disabled"}),
        ("anna", PASSWORD, {"state": "invited"}),
        ("anna", PASSWORD, {"password": None}),
    ],
)
def test_whatever_is_wrong_the_answer_is_the_same(
    door: Door, login: str, password: str, overrides: dict[str, Any]
) -> None:
    door.person(**overrides)

    answer = door.log_in(login, password)

    assert code_of(answer) == (401, "log_in.failed")
    assert answer.json()["data"] == {}
    [failure] = door.acts("staff.login_failed")
    assert login not in str([failure.subject, failure.actor, failure.after])


def test_an_unknown_login_costs_a_hash_as_a_wrong_password_does() -> None:
    assert not passwords.is_right("anything at all", None)
    assert passwords.NOBODYS.split("$")[:4] == passwords.hashed("anything at all", bytes).split("$")[:4]


def test_a_hash_of_weaker_days_is_renewed_at_log_in(door: Door) -> None:
    weak = PasswordHasher(1, 8_192, 1).hash(PASSWORD)
    door.person(password=None, password_hash=weak)

    assert door.log_in().status_code == 201

    [person] = rows(door, Person)
    assert not passwords.is_weak(person.password_hash)
    assert door.log_in().status_code == 201


def test_who_fails_too_often_waits_longer_each_time_and_never_for_good(door_on_each_database: Door) -> None:
    door = door_on_each_database
    door.person()
    failed = [door.log_in(password="wrong horse battery").status_code for _ in range(5)]

    soon = door.log_in()
    door.world.clock.pass_(seconds=1)
    again = door.log_in(password="wrong horse battery")
    sooner = door.log_in()
    door.world.clock.pass_(seconds=2)
    right = door.log_in()

    assert failed == [401] * 5
    assert code_of(soon) == (429, "log_in.too_soon")
    assert soon.json()["data"] == {"wait_s": 1}
    assert again.status_code == 401
    assert sooner.json()["data"] == {"wait_s": 2}
    assert right.status_code == 201


def test_a_login_that_does_not_exist_is_slowed_down_in_the_same_way(door: Door) -> None:
    answers = [code_of(door.log_in(login="nobody")) for _ in range(6)]

    assert answers == [(401, "log_in.failed")] * 5 + [(429, "log_in.too_soon")]


def test_success_forgives_the_failures_before(door: Door) -> None:
    door.person()
    for _ in range(4):
        door.log_in(password="wrong horse battery")
    door.log_in()

    again = [door.log_in(password="wrong horse battery").status_code for _ in range(5)]

    assert again == [401] * 5


def test_one_address_cannot_try_many_logins(door: Door) -> None:
    for number in range(30):
        door.log_in(login=f"person{number}")

    assert code_of(door.log_in(login="another")) == (429, "log_in.too_soon")


def test_no_login_is_written_where_failures_are_counted(door: Door) -> None:
    door.log_in(login="my password perhaps")

    assert all(len(row.whose) == 16 for row in rows(door, FailedAttempts))
    assert not [row for row in rows(door, AuditEntry) if "perhaps" in str(vars(row))]


def test_tries_at_the_same_time_are_all_counted(door_on_each_database: Door) -> None:
    door, answers = door_on_each_database, list[int]()
    door.person()

    def attempt() -> None:
        answers.append(door.log_in(password="wrong horse battery").status_code)

    threads = [threading.Thread(target=attempt) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [401] * 5 + [429] * 3


def test_a_role_that_needs_a_second_factor_is_not_let_in_without(door: Door) -> None:
    door.person(Role.FINANCE)

    assert code_of(door.log_in()) == (422, "second_factor.missing")


def test_a_code_is_the_second_step_and_good_once(door_on_each_database: Door) -> None:
    door = door_on_each_database
    door.with_codes()
    first, other = door.log_in().json(), door.log_in().json()

    opened = door.second(first["ticket"], code=door.code())
    repeated = door.second(other["ticket"], code=door.code())
    door.world.clock.pass_(seconds=30)
    later = door.second(other["ticket"], code=door.code())

    assert (first["state"], first["token"], first["factors"]) == ("second_factor", None, ["code", "recovery_code"])
    assert (opened.status_code, opened.json()["state"]) == (201, "open")
    assert door.session(opened.json()["token"]).json()["method"] == "password+code"
    assert code_of(repeated) == (401, "second_factor.wrong")
    assert later.status_code == 201


def test_one_code_sent_twice_at_once_opens_one_session(door_on_each_database: Door) -> None:
    door, answers = door_on_each_database, list[int]()
    door.with_codes()
    ticket, code = door.log_in().json()["ticket"], door.code()

    def attempt() -> None:
        answers.append(door.second(ticket, code=code).status_code)

    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [201, 401, 401, 401]


def test_whoever_has_a_second_factor_is_asked_for_it_in_any_role(door: Door) -> None:
    door.with_codes(Role.CASHIER)

    assert door.log_in().json()["state"] == "second_factor"


def test_wrong_codes_are_slowed_down(door: Door) -> None:
    door.with_codes()
    ticket = door.log_in().json()["ticket"]

    answers = [code_of(door.second(ticket, code="000000")) for _ in range(6)]

    assert answers == [(401, "second_factor.wrong")] * 5 + [(429, "log_in.too_soon")]
    assert len(door.acts("staff.login_failed")) == 5


@pytest.mark.parametrize("change", ["later", "password", "disabled", "forged", "nothing"])
def test_a_ticket_counts_for_minutes_and_for_the_password_it_was_given_for(door: Door, change: str) -> None:
    person = door.with_codes()
    ticket = door.log_in().json()["ticket"]
    if change == "later":
        door.world.clock.pass_(minutes=5)
    elif change == "forged":
        ticket = f"A{ticket[1:]}" if ticket[0] != "A" else f"B{ticket[1:]}"
    elif change == "nothing":
        ticket = "!"
    else:
        with door.world.hub.database.write() as session:
            found = session.get_one(Person, person.id)
            found.password_hash = "other" if change == "password" else found.password_hash
            found.state = "disabled" if change == "disabled" else found.state

    assert code_of(door.second(ticket, code=door.code())) == (401, "log_in.lapsed")


def test_a_recovery_code_stands_in_once_however_it_is_typed(door_on_each_database: Door) -> None:
    door = door_on_each_database
    person = door.with_codes()
    with door.world.hub.database.write() as session:
        found = session.get_one(Person, person.id)
        codes = door.world.hub.log_ins.judge.renew_recovery_codes(session, found)
    ticket = door.log_in().json()["ticket"]

    first = door.second(ticket, recovery_code=codes[0].lower().replace("-", " "))
    again = door.second(ticket, recovery_code=codes[0])

    assert first.status_code == 201
    assert code_of(again) == (401, "second_factor.wrong")


@pytest.mark.parametrize("proof", [{}, {"code": "12345"}, {"code": "123456", "recovery_code": "A" * 16}, {"x": 1}])
def test_what_is_no_proof_is_refused(door: Door, proof: dict[str, Any]) -> None:
    assert code_of(door.second("ticket", **proof)) == (422, "request.invalid")


def test_a_session_ends_when_it_is_not_used(door_on_each_database: Door) -> None:
    door = door_on_each_database
    door.person()
    token = door.log_in().json()["token"]

    door.world.clock.pass_(minutes=IDLE_MAX_MIN - 1)
    used = door.session(token).status_code
    door.world.clock.pass_(minutes=IDLE_MAX_MIN - 1)
    kept = door.session(token).status_code
    door.world.clock.pass_(minutes=IDLE_MAX_MIN)

    assert (used, kept) == (200, 200)
    assert code_of(door.session(token)) == (401, "session.ended")


@pytest.mark.parametrize("path", ["/v1/purchases", "/v1/members/{member}/balance"])
def test_batched_routes_keep_a_session_awake_and_refuse_one_that_ended(door_on_each_database: Door, path: str) -> None:
    door = door_on_each_database
    door.person()
    token, member = door.log_in().json()["token"], door.world.add_member()

    def ask() -> Any:
        if path.endswith("purchases"):
            return door.call("POST", path, door.purchase(member), key=token)
        return door.call("GET", path.format(member=member), key=token)

    statuses = []
    for _ in range(3):
        door.world.clock.pass_(minutes=IDLE_MAX_MIN - 1)
        statuses.append(ask().status_code)
    door.world.clock.pass_(minutes=IDLE_MAX_MIN)

    assert statuses in ([200] * 3, [201] * 3)
    assert code_of(ask()) == (401, "session.ended")


def test_a_session_ends_after_a_working_day_however_much_it_is_used(door: Door) -> None:
    door.person()
    token = door.log_in().json()["token"]
    for _ in range(24):
        door.world.clock.pass_(minutes=29)
        assert door.session(token).status_code == 200
    door.world.clock.pass_(minutes=25)

    assert code_of(door.session(token)) == (401, "session.ended")


def test_it_is_written_down_once_a_minute_at_most_that_a_session_is_used(door: Door) -> None:
    door.person()
    token = door.log_in().json()["token"]
    [before] = rows(door, StaffSession)

    door.world.clock.pass_(seconds=59)
    door.session(token)
    [soon] = rows(door, StaffSession)
    door.world.clock.pass_(seconds=1)
    door.session(token)
    [later] = rows(door, StaffSession)

    assert soon.seen_at == before.seen_at
    assert later.seen_at == before.seen_at + timedelta(seconds=60)


def test_logging_out_ends_the_session_at_once(door: Door) -> None:
    door.person()
    token, other = (door.log_in().json()["token"] for _ in range(2))

    left = door.call("DELETE", "/v1/session", key=token)

    assert left.status_code == 204
    assert code_of(door.session(token)) == (401, "session.ended")
    assert door.session(other).status_code == 200
    assert len(door.acts("staff.logged_out")) == 1


def test_each_log_in_has_a_token_of_its_own(door: Door) -> None:
    door.person()

    assert len({door.log_in().json()["token"] for _ in range(3)}) == 3


def test_a_region_is_looked_up_at_each_request(door_on_each_database: Door) -> None:
    door = door_on_each_database
    token = door.world.person(Role.CASHIER, regions=("east",))
    before = door.session(token).json()["stores"]

    with door.world.hub.database.write() as session:
        session.connection().exec_driver_sql("UPDATE stores SET region = 'west' WHERE id = 'S02'")

    assert before == ["S01", "S02"]
    assert door.session(token).json()["stores"] == ["S01"]


def test_a_region_without_stores_reaches_nowhere(door: Door) -> None:
    token = door.world.person(Role.CASHIER, regions=("north",))

    answer = door.call("POST", "/v1/purchases", door.purchase(door.world.add_member()), key=token)

    assert door.session(token).json()["stores"] == []
    assert code_of(answer) == (403, "store.out_of_scope")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_key_has_no_session(door: Door, method: str) -> None:
    assert code_of(door.call(method, "/v1/session")) == (403, "session.needed")
