"""A browser that goes to a provider of log-ins and comes back."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx2

from hub.access import COOKIE
from hub.clock import utc_now
from hub.composition import compose
from hub.sessions.outside import Client
from hub.sessions.redirects import HANDLE
from tests.hub.sessions.door import Door
from tests.hub.world import SECRETS, SITE, World

REDIRECT = "https://hub.example/v1/sessions/outside/back"
START, BACK = "/v1/sessions/outside", "/v1/sessions/outside/back"
FORM = re.compile(r'action="([^"]+)"')


def door_of(world: World, client: Client | None) -> Door:
    """A hub whose clock tells the provider's time, because tokens are dated."""
    world.clock.now = utc_now()
    world.hub = compose(world.hub.database, SECRETS, site=SITE, outside=client, clock=world.clock)
    return Door(world)


@dataclass
class Begun:
    """Where a browser was sent, and the cookie that it keeps meanwhile."""

    address: str
    cookie: str


def get(door: Door, path: str, **headers: str) -> Any:
    return door.client.get(path, headers={"user-agent": "a browser", **headers}, follow_redirects=False)


def cookies_of(answer: Any) -> dict[str, str]:
    """What a browser keeps of an answer: each cookie, with what is said about it."""
    return dict(line.split("=", 1) for line in answer.headers.get_list("set-cookie"))


def begin(door: Door, to: str | None = None, **headers: str) -> Begun:
    answer = get(door, START if to is None else f"{START}?{urlencode({'to': to})}", **headers)
    assert answer.status_code == 303, answer.text
    return Begun(answer.headers["location"], cookies_of(answer)[HANDLE].split(";")[0])


def visit(address: str, login: str) -> dict[str, str]:
    """What a browser comes back with after its person has logged in at the provider and agreed."""
    with httpx2.Client() as browser:
        answer = browser.get(address)
        while True:
            if answer.is_redirect:
                address = urljoin(str(answer.url), answer.headers["location"])
                if address.startswith(REDIRECT):
                    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
                answer = browser.get(address)
                continue
            answer.raise_for_status()
            [form] = FORM.findall(answer.text)
            prompt = "login" if 'name="login"' in answer.text else "consent"
            answer = browser.post(form, data={"prompt": prompt, "login": login, "password": "any"})


def finish(door: Door, begun: Begun, back: dict[str, str], **headers: str) -> Any:
    return get(door, f"{BACK}?{urlencode(back)}", cookie=f"{HANDLE}={begun.cookie}", **headers)


def log_in(door: Door, login: str, **headers: str) -> Any:
    begun = begin(door)
    return finish(door, begun, visit(begun.address, login), **headers)


def token_of(answer: Any) -> str:
    return cookies_of(answer)[COOKIE].split(";")[0]
