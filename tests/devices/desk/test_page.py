import json
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from starlette.testclient import TestClient

from devices.desk.desk import Desk, Laid
from devices.desk.errors import Problem
from devices.desk.page import READER_SILENT_S, create_app
from devices.stand_ins.field import Field

HOST = "127.0.0.1:54380"


class Reader:
    idle_s: float | None = None

    def __call__(self) -> float | None:
        return self.idle_s


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture
def client(desk: Desk, reader: Reader) -> Iterator[TestClient]:
    with TestClient(create_app(desk, reader_idle_s=reader), base_url=f"http://{HOST}") as client:
        yield client


def web(name: str) -> str:
    return files("devices.desk").joinpath("web", name).read_text()


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/desk.css", "text/css; charset=utf-8"),
        ("/desk.js", "text/javascript; charset=utf-8"),
        ("/texts.json", "application/json"),
        ("/icon.svg", "image/svg+xml"),
    ],
)
def test_the_page_and_what_it_needs_are_served(client: TestClient, path: str, media_type: str) -> None:
    response = client.get(path)

    assert response.status_code == 200
    assert response.headers["content-type"] == media_type


@pytest.mark.parametrize("path", ["/", "/api/cards", "/api/state", "/nothing-here"])
def test_every_answer_keeps_the_page_to_itself(client: TestClient, path: str) -> None:
    headers = client.get(path).headers

    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"


def test_the_page_has_nothing_that_its_own_policy_forbids() -> None:
    page = web("index.html")

    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*src=)|https?://", page)
    assert "http" not in web("desk.js").replace("http://www.w3.org/2000/svg", "")
    assert "url(" not in web("desk.css")


def test_every_sentence_of_the_page_exists_in_both_languages() -> None:
    texts = json.loads(web("texts.json"))
    used = set(re.findall(r'data-text="(\w+)"', web("index.html"))) | set(re.findall(r'say\("(\w+)"\)', web("desk.js")))

    assert set(texts) == {"zh", "en"}
    assert set(texts["zh"]) == set(texts["en"])
    assert used | set(Problem) | {"failed"} <= set(texts["zh"])
    assert all(text for words in texts.values() for text in words.values())


def test_every_kind_of_card_has_a_word_and_a_face(client: TestClient) -> None:
    faces = client.get("/api/cards").json()
    words, styles = json.loads(web("texts.json"))["en"], web("desk.css")

    assert {face["technology"] for face in faces} <= set(words)
    assert all(f".{face['design'] or face['technology']} {{" in styles for face in faces)


def test_the_cards_show_no_secret(client: TestClient, desk: Desk) -> None:
    lin = desk.entries["lin"]

    shown = client.get("/api/cards").text + client.get("/api/state").text

    for secret in (lin.meta_key, lin.file_key, lin.url, lin.uid):  # type: ignore[union-attr]
        assert secret not in shown


def test_cards_of_members_and_odd_ones_are_told_apart(client: TestClient) -> None:
    faces = client.get("/api/cards").json()

    assert [face["name"] for face in faces if not face["odd"]] == ["lin", "wang"]
    assert faces[0] | {"label": None} == {
        "name": "lin",
        "technology": "ntag424",
        "label": None,
        "note": {},
        "design": "gold",
        "number": "04A1 ···· E5F6",
        "odd": False,
    }


def test_a_tapped_card_comes_and_goes(client: TestClient, desk: Desk, field: Field) -> None:
    seen: list[Laid | None] = []
    field.watch(lambda: seen.append(desk.on_antenna))

    response = client.post("/api/tap", json={"name": "lin"})

    assert seen == [Laid(response.json()["laid"], "lin")]
    assert desk.on_antenna is None


def test_a_held_card_lies_there_until_it_is_removed(client: TestClient) -> None:
    laid = client.post("/api/hold", json={"name": "wang"}).json()["laid"]
    during = client.get("/api/state").json()
    client.post("/api/remove", json={"laid": laid})
    after = client.get("/api/state").json()

    assert (during["on_antenna"], during["laid"]) == ("wang", laid)
    assert (after["on_antenna"], after["laid"]) == (None, None)


def test_removing_an_earlier_laying_leaves_the_card_that_came_after(client: TestClient) -> None:
    first = client.post("/api/hold", json={"name": "lin"}).json()["laid"]
    client.post("/api/hold", json={"name": "wang"})

    client.post("/api/remove", json={"laid": first})

    assert client.get("/api/state").json()["on_antenna"] == "wang"
    client.post("/api/remove", json={})
    assert client.get("/api/state").json()["on_antenna"] is None


def test_a_copy_waits_until_there_is_something_to_copy(client: TestClient) -> None:
    refused = client.post("/api/hold", json={"name": "copied"})

    assert client.get("/api/state").json()["waiting"] == ["copied"]
    assert (refused.status_code, refused.json()["problem"]) == (409, "nothing_to_copy")


def test_a_name_that_is_not_there_is_refused(client: TestClient) -> None:
    refused = client.post("/api/tap", json={"name": "nobody"})

    assert (refused.status_code, refused.json()["problem"]) == (404, "name_unknown")


@pytest.mark.parametrize(
    "body", [{}, {"name": ""}, {"name": "x" * 65}, {"name": 1}, {"name": "lin", "more": 1}, [], None]
)
def test_a_request_of_another_form_is_refused(client: TestClient, body: Any) -> None:
    assert client.post("/api/hold", json=body).status_code == 422


@pytest.mark.parametrize(
    ("idle_s", "there"), [(None, False), (0.0, True), (READER_SILENT_S - 0.1, True), (READER_SILENT_S, False)]
)
def test_a_reader_is_there_as_long_as_it_is_heard(
    client: TestClient, reader: Reader, idle_s: float | None, there: object
) -> None:
    reader.idle_s = idle_s

    assert client.get("/api/state").json()["reader"] is there


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:54380", "127.0.0.1", "127.0.0.1:80", "127.0.0.1.evil.example:54380", ""]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_name_that_was_made_to_lead_here_is_turned_away(client: TestClient, host: str, method: str) -> None:
    path = "/api/state" if method == "GET" else "/api/remove"

    assert client.request(method, path, headers={"Host": host}).status_code == 403


def test_this_machine_by_its_name_is_welcome(client: TestClient) -> None:
    assert client.get("/", headers={"Host": "localhost:54380"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:80"},
        {"Origin": "http://localhost:54380"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_page_cannot_lay_a_card(client: TestClient, desk: Desk, headers: dict[str, str]) -> None:
    response = client.post("/api/hold", json={"name": "lin"}, headers=headers)

    assert response.status_code == 403
    assert desk.on_antenna is None


def test_the_page_itself_can_lay_a_card(client: TestClient, desk: Desk) -> None:
    headers = {"Origin": f"http://{HOST}", "Sec-Fetch-Site": "same-origin"}

    assert client.post("/api/hold", json={"name": "lin"}, headers=headers).status_code == 200
    assert desk.on_antenna is not None


def test_a_form_of_another_page_is_not_read(client: TestClient, desk: Desk) -> None:
    response = client.post("/api/hold", content='{"name": "lin"}', headers={"Content-Type": "text/plain"})

    assert response.status_code == 422
    assert desk.on_antenna is None


def test_the_desk_explains_itself_to_nobody_else(client: TestClient) -> None:
    assert [client.get(path).status_code for path in ("/docs", "/redoc", "/openapi.json")] == [404, 404, 404]
