"""A receiver of webhooks: a real server that notes what it is sent and answers what it is told to."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from hub.app import create_app
from hub.composition import Hub, compose
from hub.webhooks.delivery import Courier
from hub.webhooks.rules import Guard
from hub.webhooks.sending import Sender
from tests.hub.api import Api
from tests.hub.world import SECRETS, World


@dataclass
class Receiver:
    """What came, and what is answered."""

    port: int = 0
    status: int = 204
    location: str = ""
    came: list[tuple[str, dict[str, str], str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?from=hub"

    def server(self) -> ThreadingHTTPServer:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                receiver.came.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(receiver.status)
                if receiver.location:
                    self.send_header("Location", receiver.location)
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = server.server_port
        return server


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    server = receiver.server()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield receiver
    server.shutdown()
    thread.join()
    server.server_close()


class Post(Api):
    """The API of a hub that may reach one receiver beside it, and its courier."""

    def __init__(self, world: World, receiver: Receiver) -> None:
        guard = Guard(frozenset({f"127.0.0.1:{receiver.port}"}))
        self.hub: Hub = compose(
            world.hub.database, SECRETS, clock=world.clock, random_bytes=world.random.randbytes, guard=guard
        )
        super().__init__(world)
        self.client = type(self.client)(create_app(self.hub), raise_server_exceptions=False)
        self.courier = Courier(self.hub.database, self.hub.vault, Sender(guard), self.hub.random_bytes)
        self.receiver = receiver

    def add(self, *events: str, url: str = "") -> dict[str, Any]:
        body = {"url": url or self.receiver.url, "description": "a till", "events": list(events)}
        made = self.call("POST", "/v1/webhooks", body)
        assert made.status_code == 201, made.text
        answer: dict[str, Any] = made.json()
        return answer

    def deliver(self) -> int:
        return self.courier.deliver(self.world.clock)

    def deliveries(self, webhook: str, query: str = "") -> list[dict[str, Any]]:
        answer = self.call("GET", f"/v1/webhooks/{webhook}/deliveries{query}")
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items


@pytest.fixture
def post(small_world: World, receiver: Receiver) -> Iterator[Post]:
    opened = Post(small_world, receiver)
    with opened.client:
        yield opened


@pytest.fixture
def post_on_each_database(world: World, receiver: Receiver) -> Iterator[Post]:
    opened = Post(world, receiver)
    with opened.client:
        yield opened
