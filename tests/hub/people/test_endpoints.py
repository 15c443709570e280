import threading
from typing import Any
from uuid import uuid4

import pytest

from hub.staff.permissions import Permission, Role
from tests.hub.api import code_of
from tests.hub.people.conftest import PASSWORD, Office
from tests.hub.world import STORE


def test_somebody_is_added_and_written_down(office_on_each_database: Office) -> None:
    office = office_on_each_database

    made = office.add(key=office.world.person(), email="Bob@HQ.example", stores=[], regions=["east"])

    told = made.json()
    assert made.status_code == 201
    assert (told["state"], told["role"], told["regions"], told["email"]) == (
        "invited",
        "cashier",
        ["east"],
        "bob@hq.example",
    )
    [act] = office.acts("staff.added")
    assert (act.subject, act.after["role"]) == (told["id"], "cashier")
    assert not any(personal in str([act.before, act.after]) for personal in ("Bob", "bob", "hq.example"))


def test_a_repeated_request_adds_nobody_and_shows_no_token_again(office: Office) -> None:
    admin, request = office.world.person(), str(uuid4())

    first, second = (office.add(key=admin, request=request) for _ in range(2))

    assert second.json() == first.json() | {"invitation": None}
    assert first.json()["invitation"]
    assert code_of(office.add(key=admin, request=request, name="Another")) == (409, "request.conflict")


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"role": "nobodys"}, (404, "role.unknown")),
        ({"stores": ["S99"]}, (422, "store.unknown")),
        ({"regions": ["mars"]}, (422, "region.unknown")),
        ({"login": "Anna"}, (409, "login.taken")),
        ({"email": "ANNA@hq.example"}, (409, "email.taken")),
        ({"login": "a b"}, (422, "request.invalid")),
        ({"email": "nothing"}, (422, "request.invalid")),
    ],
)
def test_what_cannot_be_is_refused(office: Office, change: dict[str, Any], refusal: tuple[int, str]) -> None:
    office.world.add_person(Role.CASHIER, login="anna", email="anna@hq.example")

    assert code_of(office.add(key=office.world.person(), **change)) == refusal


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"role": "cashier", "stores": [STORE]}, 201),
        ({"role": "store_manager", "stores": [STORE]}, 201),
        ({"role": "finance", "stores": [STORE]}, 403),
        ({"role": "admin", "stores": [STORE]}, 403),
        ({"role": "cashier", "stores": ["S02"]}, 403),
        ({"role": "cashier", "stores": [STORE, "S02"]}, 403),
        ({"role": "cashier", "stores": []}, 403),
        ({"role": "cashier", "stores": [], "regions": ["east"]}, 403),
    ],
)
def test_nobody_gives_more_than_they_have(office: Office, given: dict[str, Any], status: int) -> None:
    manager = office.world.person(Role.STORE_MANAGER, stores=(STORE,))

    assert office.add(key=manager, **given).status_code == status


def test_a_manager_sees_only_people_of_the_own_stores(office_on_each_database: Office) -> None:
    office = office_on_each_database
    add, manager = office.world.add_person, office.world.person(Role.STORE_MANAGER, stores=(STORE,))
    seen, elsewhere, both = (add(Role.CASHIER, stores=stores) for stores in ([STORE], ["S02"], [STORE, "S02"]))
    regional = add(Role.CASHIER, regions=("east",))

    listed = {item["id"] for item in office.call("GET", "/v1/people", key=manager).json()["items"]}
    shown = [office.call("GET", f"/v1/people/{one.id}", key=manager).status_code for one in (seen, elsewhere, both)]

    assert str(seen.id) in listed
    assert not listed & {str(one.id) for one in (elsewhere, both, regional)}
    assert shown == [200, 404, 404]


def test_lists_go_on_where_they_ended(office: Office) -> None:
    admin = office.world.person()
    people = {str(office.world.add_person(Role.CASHIER).id) for _ in range(5)}

    found, more = set[str](), "/v1/people?limit=2"
    while more:
        page = office.call("GET", more, key=admin).json()
        found |= {item["id"] for item in page["items"]}
        more = page["next"] and f"/v1/people?limit=2&cursor={page['next']}"

    assert found >= people


def test_a_change_of_scope_counts_at_once(office_on_each_database: Office) -> None:
    office = office_on_each_database
    admin, person = office.world.person(), office.world.add_person(Role.CASHIER, stores=[STORE])
    token = office.world.log_in(person)

    changed = office.change(str(person.id), key=admin, stores=["S02"], regions=[])

    assert changed.json()["stores"] == ["S02"]
    assert office.me(token).json()["stores"] == ["S02"]
    [act] = office.acts("staff.changed")
    assert (act.before["stores"], act.after["stores"], act.reason) == ([STORE], ["S02"], "a new job")


def test_another_role_means_logging_in_again(office: Office) -> None:
    admin, person = office.world.person(), office.world.add_person(Role.CASHIER, stores=[STORE])
    token = office.world.log_in(person)

    office.change(str(person.id), key=admin, role="store_manager")

    assert code_of(office.me(token)) == (401, "session.ended")


def test_personal_details_change_alone(office: Office) -> None:
    admin = office.world.person()
    person = office.world.add_person(Role.CASHIER, stores=[STORE], email="bob@hq.example")

    changed = office.change(str(person.id), key=admin, name="Robert Wu", email=None).json()

    assert (changed["name"], changed["email"], changed["stores"]) == ("Robert Wu", None, [STORE])
    assert "Robert" not in str([vars(act) for act in office.acts("staff.changed")])


def test_nobody_changes_their_own_rights(office: Office) -> None:
    office.world.add_person(Role.ADMIN)
    admin = office.world.add_person(Role.ADMIN)
    token = office.world.log_in(admin)

    answers = [
        office.change(str(admin.id), key=token, role="cashier"),
        office.step(str(admin.id), "disable", key=token),
        office.step(str(admin.id), "invite", key=token),
    ]

    assert [code_of(answer) for answer in answers] == [(403, "person.self")] * 3


def test_a_manager_does_not_touch_who_may_do_more(office: Office) -> None:
    manager = office.world.person(Role.STORE_MANAGER, stores=(STORE,))
    finance = office.world.add_person(Role.FINANCE, stores=[STORE])

    assert code_of(office.step(str(finance.id), "disable", key=manager)) == (403, "permission.denied")


def test_whoever_is_locked_out_is_out_at_once(office_on_each_database: Office) -> None:
    office = office_on_each_database
    admin, person = office.world.person(), office.world.add_person(Role.CASHIER, login="bob", password=PASSWORD)
    tokens = [office.world.log_in(person) for _ in range(2)]

    disabled = office.step(str(person.id), "disable", key=admin)
    answers = [code_of(office.me(token)) for token in tokens]
    refused = office.log_in("bob")
    enabled = office.step(str(person.id), "enable", key=admin)

    assert disabled.json()["state"] == "disabled"
    assert answers == [(401, "session.ended")] * 2
    assert code_of(refused) == (401, "log_in.failed")
    assert enabled.json()["state"] == "active"
    assert code_of(office.me(tokens[0])) == (401, "session.ended")
    assert office.log_in("bob").status_code == 201


def test_only_who_is_locked_out_is_let_in_again(office: Office) -> None:
    admin, person = office.world.person(), office.world.add_person(Role.CASHIER)

    assert code_of(office.step(str(person.id), "enable", key=admin)) == (409, "person.state")


@pytest.mark.parametrize("what", ["disable", "invite", "role", "scope"])
def test_the_last_admin_stays(office_on_each_database: Office, what: str) -> None:
    office = office_on_each_database
    admin = office.world.add_person(Role.ADMIN)
    office.world.add_person(Role.ADMIN, state="disabled")
    office.world.add_person(Role.ADMIN, stores=[STORE])

    match what:
        case "role":
            answer = office.change(str(admin.id), key="", role="cashier")
        case "scope":
            answer = office.change(str(admin.id), key="", stores=[STORE], regions=[])
        case _:
            answer = office.step(str(admin.id), what, key="")

    assert code_of(answer) == (409, "person.last_admin")
    assert office.me(office.world.log_in(admin)).status_code == 200


def test_two_admins_who_lock_each_other_out_at_once_leave_one(office_on_each_database: Office) -> None:
    office, answers = office_on_each_database, list[int]()
    pair = [office.world.add_person(Role.ADMIN) for _ in range(2)]
    tokens = [office.world.log_in(admin) for admin in pair]

    def attempt(own: int, other: int) -> None:
        answers.append(office.step(str(pair[other].id), "disable", key=tokens[own]).status_code)

    threads = [threading.Thread(target=attempt, args=args) for args in ((0, 1), (1, 0))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    states = [office.call("GET", f"/v1/people/{admin.id}").json()["state"] for admin in pair]
    assert sorted(states) == ["active", "disabled"]
    assert answers.count(200) == 1


def test_beginning_anew_takes_everything_and_gives_an_invitation(office_on_each_database: Office) -> None:
    office = office_on_each_database
    admin = office.world.person()
    person = office.world.add_person(Role.CASHIER, login="bob", password=PASSWORD)
    token = office.world.log_in(person)

    invited = office.step(str(person.id), "invite", key=admin).json()
    refused = office.log_in("bob")
    accepted = office.accept(invited["invitation"], password="another horse battery")

    assert invited["state"] == "invited"
    assert code_of(office.me(token)) == (401, "session.ended")
    assert code_of(refused) == (401, "log_in.failed")
    assert accepted.status_code == 200
    assert office.log_in("bob", "another horse battery").status_code == 201
    assert [act.subject for act in office.acts("staff.invited")] == [str(person.id)]


def test_sessions_are_shown_and_ended_one_by_one_or_all(office_on_each_database: Office) -> None:
    office = office_on_each_database
    admin, person = office.world.person(), office.world.add_person(Role.CASHIER)
    tokens = [office.world.log_in(person) for _ in range(3)]
    path = f"/v1/people/{person.id}/sessions"

    shown = office.call("GET", path, key=admin).json()["items"]
    own = office.me(tokens[0]).json()["id"]
    one = office.call("DELETE", f"{path}/{own}", key=admin)
    after_one = [office.me(token).status_code for token in tokens]
    unknown = office.call("DELETE", f"{path}/{own}", key=admin)
    office.call("DELETE", path, key=admin)

    assert {row["id"] for row in shown} >= {own}
    assert "token" not in str(shown)
    assert (one.status_code, after_one) == (204, [401, 200, 200])
    assert code_of(unknown) == (404, "session.unknown")
    assert [office.me(token).status_code for token in tokens] == [401] * 3


def test_a_role_of_ones_own_is_composed_used_changed_and_withdrawn(office_on_each_database: Office) -> None:
    office = office_on_each_database
    admin = office.world.person()
    body = {"names": {"en": "Barista"}, "permissions": ["members:read"], "limits_as": "cashier"}

    made = office.call("POST", "/v1/roles", {"id": "barista", **body}, key=admin).json()
    person = office.world.add_person("barista")
    token = office.world.log_in(person)
    before = office.me(token).json()["permissions"]
    wider = body | {"permissions": ["members:read", "audit:read"]}
    changed = office.call("PUT", "/v1/roles/barista", wider, key=admin).json()
    held = office.call("DELETE", "/v1/roles/barista", key=admin)
    office.change(str(person.id), key=admin, role="cashier")
    withdrawn = office.call("DELETE", "/v1/roles/barista", key=admin)

    assert (made["is_own"], made["permissions"], made["needs_second_factor"]) == (True, ["members:read", "self"], False)
    assert before == ["members:read", "self"]
    assert (changed["permissions"], changed["needs_second_factor"]) == (["audit:read", "members:read", "self"], True)
    assert code_of(held) == (409, "role.in_use")
    assert held.json()["data"] == {"people": 1}
    assert withdrawn.status_code == 204
    assert [len(office.acts(f"role.{what}")) for what in ("made", "changed", "withdrawn")] == [1, 1, 1]


@pytest.mark.parametrize("name", ["cashier", "barista"])
def test_there_is_one_role_of_a_name(office: Office, name: str) -> None:
    body = {"names": {"en": "B"}, "permissions": ["members:read"]}
    office.call("POST", "/v1/roles", {"id": "barista", **body})

    assert code_of(office.call("POST", "/v1/roles", {"id": name, **body})) == (409, "role.known")


def test_nobody_composes_a_role_of_more_than_they_may_do(office: Office) -> None:
    narrow = office.key(Permission.STAFF_WRITE, Permission.MEMBERS_READ)
    body = {"id": "barista", "names": {"en": "B"}}

    allowed = office.call("POST", "/v1/roles", {**body, "permissions": ["members:read"]}, key=narrow)
    wider = office.call("PUT", "/v1/roles/barista", {"names": {"en": "B"}, "permissions": ["audit:read"]}, key=narrow)

    assert allowed.status_code == 201
    assert code_of(wider) == (403, "permission.denied")


def test_built_in_roles_are_shown_first_with_their_permissions(office: Office) -> None:
    shown = office.call("GET", "/v1/roles").json()["items"]

    assert [role["id"] for role in shown] == [role.value for role in Role]
    assert set(shown[-1]["permissions"]) == {permission.value for permission in Permission}


def test_a_role_that_is_not_there_is_told_so(office: Office) -> None:
    assert code_of(office.call("DELETE", "/v1/roles/nobodys")) == (404, "role.unknown")
    assert code_of(office.call("DELETE", "/v1/roles/cashier")) == (404, "role.unknown")
