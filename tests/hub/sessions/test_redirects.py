"""What a browser sees of a log-in through another service, and what others try to make of it."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from fluent.syntax import FluentParser
from fluent.syntax.ast import Message

import hub
from hub.access import COOKIE
from hub.sessions.outside import Client
from hub.sessions.redirects import HANDLE
from hub.staff.permissions import Role
from tests.hub.api import code_of
from tests.hub.sessions.browser import (
    BACK,
    START,
    Begun,
    begin,
    cookies_of,
    door_of,
    finish,
    get,
    log_in,
    token_of,
    visit,
)
from tests.hub.sessions.door import Door
from tests.hub.world import World

PAGES = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
ELSEWHERE = [
    "//evil.example",
    "https://evil.example/console",
    "/\\evil.example",
    "/console/../v1/session",
    "/console//evil.example",
    "/console?next=//evil.example",
    "/console\nset-cookie: a=b",
    "/consoles",
    "console",
    "javascript:alert(1)",
    "/v1/session",
    "/console" + "/a" * 9,
    "",
]


class Links(HTMLParser):
    """Where a page leads."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.leads_to: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "a":
            self.leads_to.append(said["href"] or "")
        if said.get("http-equiv") == "refresh":
            self.leads_to.append((said["content"] or "").removeprefix("0;url="))


def test_a_browser_comes_back_to_the_page_that_its_person_wanted_with_a_session(hq: Door) -> None:
    hq.world.add_person(Role.FINANCE, email="wang@hq.example")
    begun = begin(hq, "/console/members")

    arrived = finish(hq, begun, visit(begun.address, "wang"), **PAGES)

    assert (arrived.status_code, arrived.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert Links(arrived.text).leads_to == ["/console/members", "/console/members"]
    kept = cookies_of(arrived)
    assert all(said in kept[COOKIE] for said in ("HttpOnly", "Path=/", "SameSite=strict", "Secure"))
    assert "Max-Age=0" in kept[HANDLE]
    assert hq.session(token_of(arrived)).status_code == 200


def test_the_token_stands_in_no_page_and_no_address(hq: Door) -> None:
    hq.world.add_person(Role.FINANCE, email="wang@hq.example")

    arrived = log_in(hq, "wang")

    assert token_of(arrived) not in arrived.text
    assert "location" not in arrived.headers


def test_what_a_browser_keeps_meanwhile_is_for_this_host_and_no_script(hq: Door) -> None:
    kept = cookies_of(get(hq, START))[HANDLE]

    assert all(said in kept for said in ("HttpOnly", "Max-Age=600", "Path=/", "SameSite=lax", "Secure"))


@pytest.mark.parametrize("to", ELSEWHERE)
def test_a_log_in_leads_to_the_console_and_nowhere_else(hq: Door, to: str) -> None:
    refused = get(hq, f"{START}?{urlencode({'to': to})}")

    assert code_of(refused) == (422, "request.invalid")
    assert HANDLE not in cookies_of(refused)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_sites_page_cannot_begin_a_log_in(hq: Door, site: str) -> None:
    assert code_of(get(hq, START, **{"sec-fetch-site": site})) == (403, "request.foreign")


@pytest.mark.parametrize("site", ["none", "same-origin"])
def test_a_person_can_begin_one_from_our_pages_or_by_typing(hq: Door, site: str) -> None:
    assert get(hq, START, **{"sec-fetch-site": site}).status_code == 303


def test_nobody_is_logged_in_as_somebody_else_by_the_address_that_one_came_back_with(hq: Door) -> None:
    hq.world.add_person(Role.ADMIN, email="mallory@hq.example", login="mallory")
    attackers = begin(hq)
    back = visit(attackers.address, "mallory")

    without_a_log_in = get(hq, f"{BACK}?{urlencode(back)}")
    amid_their_own = finish(hq, begin(hq), back)

    assert code_of(without_a_log_in) == code_of(amid_their_own) == (401, "outside.failed")
    assert not {*cookies_of(without_a_log_in), *cookies_of(amid_their_own)} & {COOKIE}
    assert finish(hq, attackers, back).status_code == 200


def test_a_state_counts_once_whatever_the_code(hq: Door) -> None:
    hq.world.add_person(Role.ADMIN, email="wang@hq.example")
    begun = begin(hq)
    back = visit(begun.address, "wang")
    finish(hq, begun, back | {"code": "wrong"})

    assert code_of(finish(hq, begun, back)) == (401, "outside.failed")


@pytest.mark.parametrize("issuer", ["https://evil.example", "", None])
def test_an_answer_that_does_not_name_our_provider_is_refused(hq: Door, issuer: str | None) -> None:
    hq.world.add_person(Role.ADMIN, email="wang@hq.example")
    begun = begin(hq)
    back = visit(begun.address, "wang")
    assert back.pop("iss") == hq.world.hub.outside.client.issuer  # type: ignore[union-attr]

    refused = finish(hq, begun, back if issuer is None else back | {"iss": issuer})

    assert code_of(refused) == (401, "outside.failed")


@pytest.mark.parametrize(
    ("language", "told", "again"),
    [
        ("en", "The other service did not confirm who you are.", "Log in again"),
        ("zh-CN,zh;q=0.9", "外部服务未能确认您的身份", "重新登录"),
    ],
)
def test_whoever_is_not_let_in_reads_why_and_can_begin_again(
    small_world: World, language: str, told: str, again: str
) -> None:
    door = door_of(small_world, Client("http://127.0.0.1:9", "hub", "x", "https://hub.example/back"))

    with door.client:
        refused = finish(door, Begun("", "!"), {"state": "<b>"}, **{"accept-language": language}, **PAGES)

    assert (refused.status_code, refused.headers["content-language"]) == (401, language[:2])
    assert told in refused.text
    assert again in refused.text
    assert "<b>" not in refused.text
    assert Links(refused.text).leads_to == [START]


def test_the_pages_say_the_same_in_each_language() -> None:
    def said(language: str) -> set[str]:
        text = (Path(hub.__file__).parent / "locale" / language / "sessions.ftl").read_text("utf-8")
        body: list[Any] = FluentParser().parse(text).body
        return {entry.id.name for entry in body if isinstance(entry, Message)}

    assert said("en") == said("zh") == {"outside-title", "outside-onwards", "outside-console", "outside-again"}
