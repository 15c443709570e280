"""Answers that change seldom are sent once: who asks again with the answer's ETag is told that nothing has changed.

RFC 9110, sections 8.8.3 and 13.1.2. The tag is a digest of the answer, so it saves its way, not its making.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

TAGGED = ("/openapi.json", "/v1/programme", "/v1/rewards", "/v1/stores")
"""Addresses, and those below, whose answers tills keep: what the chain is and offers. Nothing of it is personal."""

KEPT = (b"cache-control", b"private, no-cache")
"""Whoever asked may keep it, and asks again each time."""

TAG_BYTES = 16
OK, NOT_MODIFIED = 200, 304


class Tagging:
    """Gives answers tags, and leaves out those that the caller has."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(TAGGED):
            await self._app(scope, receive, send)
            return
        answer = _Answer()
        await self._app(scope, receive, answer.hear)
        known = b",".join(value for name, value in scope["headers"] if name == b"if-none-match")
        for message in answer.tagged(known):
            await send(message)


@dataclass(slots=True)
class _Answer:
    """An answer that is held back until it is whole."""

    start: Message = field(default_factory=dict)
    body: bytes = b""

    async def hear(self, message: Message) -> None:
        """Take a part of it."""
        if message["type"] == "http.response.start":
            self.start = message
        else:
            self.body += message.get("body", b"")

    def tagged(self, known: bytes) -> tuple[Message, Message]:
        """What is sent to somebody who has the answers with these tags."""
        if self.start["status"] != OK:
            return self._start(), _body(self.body)
        tag = b'"%s"' % hashlib.sha256(self.body).hexdigest()[: 2 * TAG_BYTES].encode()
        headers = [*self.start["headers"], (b"etag", tag), KEPT]
        has_it = any(each.strip().removeprefix(b"W/") in {tag, b"*"} for each in known.split(b","))
        if not has_it:
            return self._start(headers=headers), _body(self.body)
        left = [header for header in headers if header[0] not in {b"content-length", b"content-type"}]
        return self._start(status=NOT_MODIFIED, headers=left), _body(b"")

    def _start(self, **changes: Any) -> Message:
        return {**self.start, **changes}


def _body(content: bytes) -> Message:
    return {"type": "http.response.body", "body": content}
