"""Tickets that the hub gives out and later knows again as its own, without having written anything down.

Whoever is not logged in yet can make the hub give out as many as they like, so there is no row for each. Only a ticket
that must not be used twice is written down, when it was used.
"""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Protocol

from sqlalchemy import delete
from sqlalchemy.orm import Session

from hub.intake import RandomBytes
from hub.staff.models import SpentTicket

MAC_BYTES = 16
END_BYTES = 8
NONCE_BYTES = 16


class Safe(Protocol):
    """What keeps the hub's secrets, as logging in needs it."""

    def wrap_secret(self, secret: bytes, where: str) -> bytes:
        """Protect a secret that stands at one place."""

    def unwrap_secret(self, wrapped: bytes, where: str) -> bytes:
        """Open it again."""

    def digest_of(self, purpose: str, value: str) -> bytes:
        """Keyed hash of 16 bytes, apart for every purpose."""


def issue(safe: Safe, purpose: str, content: bytes, *, ends_at: datetime, random: RandomBytes) -> bytes:
    """A ticket for one purpose. What it holds can be read by whoever has it, but not changed."""
    body = int(ends_at.timestamp()).to_bytes(END_BYTES, "big") + random(NONCE_BYTES) + content
    return _mac(safe, purpose, body) + body


def read(safe: Safe, purpose: str, ticket: bytes, now: datetime) -> bytes | None:
    """What a ticket holds; None where it is not ours, for something else, or too old."""
    mac, body = ticket[:MAC_BYTES], ticket[MAC_BYTES:]
    if len(body) < END_BYTES + NONCE_BYTES or not hmac.compare_digest(mac, _mac(safe, purpose, body)):
        return None
    return body[END_BYTES + NONCE_BYTES :] if now < _ends_at(ticket) else None


def spend(session: Session, ticket: bytes) -> bool:
    """Use a ticket up; False where it was used before."""
    digest = hashlib.sha256(ticket).digest()
    if session.get(SpentTicket, digest) is not None:
        return False
    session.add(SpentTicket(digest=digest, ends_at=_ends_at(ticket)))
    session.flush()
    return True


def forget(session: Session, now: datetime) -> None:
    """Remove used tickets that would be too old by now anyway."""
    session.execute(delete(SpentTicket).where(SpentTicket.ends_at < now - timedelta(hours=1)))


def text_of(ticket: bytes) -> str:
    """A ticket, or another secret, as it is sent."""
    return base64.urlsafe_b64encode(ticket).decode().rstrip("=")


def bytes_of(text: str) -> bytes:
    """What was sent; empty where it is no ticket at all."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return b""


def _ends_at(ticket: bytes) -> datetime:
    return datetime.fromtimestamp(int.from_bytes(ticket[MAC_BYTES : MAC_BYTES + END_BYTES], "big"), UTC)


def _mac(safe: Safe, purpose: str, body: bytes) -> bytes:
    return safe.digest_of(f"ticket.{purpose}", body.hex())
