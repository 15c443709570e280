import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from hub.app import create_app
from hub.sessions.breached import Breached, BreachedError
from tests.hub.api import code_of
from tests.hub.sessions.door import PASSWORD, Door

LEAKED = "correct horse stapler"


def line_of(password: str, digits: int = 40, more: str = ":17") -> str:
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()[:digits] + more


def made(path: Path, passwords: list[str], *, digits: int = 40, more: str = ":17", end: str = "\n") -> Breached:
    path.write_text(end.join(sorted(line_of(password, digits, more) for password in passwords)) + end, newline="")
    return Breached(path)


@given(known=st.sets(st.text(max_size=8), min_size=1, max_size=60), others=st.sets(st.text(max_size=8), max_size=20))
def test_exactly_what_stands_in_the_file_is_found(
    tmp_path_factory: pytest.TempPathFactory, known: set[str], others: set[str]
) -> None:
    breached = made(tmp_path_factory.mktemp("list") / "breached", sorted(known))

    assert all(breached.has(password) for password in known)
    assert not any(breached.has(password) for password in others - known)


@pytest.mark.parametrize(
    ("digits", "more", "end"), [(40, "", "\n"), (20, "", "\n"), (40, ":3", "\r\n"), (16, "", "\n")]
)
def test_lists_may_be_shortened_and_have_counts_or_not(tmp_path: Path, digits: int, more: str, end: str) -> None:
    known = [f"password {number}" for number in range(1_000)]

    breached = made(tmp_path / "breached", known, digits=digits, more=more, end=end)

    assert all(breached.has(password) for password in known)
    assert not any(breached.has(f"another {number}") for number in range(1_000))


@pytest.mark.parametrize("text", ["", "password\n", "abc:1\n", "abcdef0123456789abcdef0123456789abcdef01:1\n"])
def test_what_is_no_such_list_is_refused_at_the_start(tmp_path: Path, text: str) -> None:
    path = tmp_path / "breached"
    path.write_text(text)

    with pytest.raises(BreachedError, match="breached"):
        Breached(path)


def test_a_list_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(BreachedError, match="not there"):
        Breached(tmp_path / "nowhere")


def test_a_password_from_a_leak_is_refused_with_a_sentence(door: Door, tmp_path: Path) -> None:
    hub = replace(door.world.hub, breached=made(tmp_path / "breached", [LEAKED]))
    token = door.world.log_in(door.person())
    headers = {"Authorization": f"Bearer {token}"}

    with TestClient(create_app(hub)) as client:
        refused = client.put("/v1/session/password", json={"current": PASSWORD, "password": LEAKED}, headers=headers)
        taken = client.put(
            "/v1/session/password", json={"current": PASSWORD, "password": f"{LEAKED}!"}, headers=headers
        )

    assert code_of(refused) == (422, "password.breached")
    assert taken.status_code == 204
