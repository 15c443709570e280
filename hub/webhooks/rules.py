"""Pure rules of webhooks: the events, when a delivery is tried again, and which addresses may be reached."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit


class Event(StrEnum):
    """What can be subscribed to. Codes are for ever, like those of errors."""

    CARD_BLOCKED = "card.blocked"
    CARD_BOUND = "card.bound"
    HOLD_CAPTURED = "hold.captured"
    HOLD_PLACED = "hold.placed"
    HOLD_RELEASED = "hold.released"
    IMPORT_FINISHED = "import.finished"
    KIOSK_REVOKED = "kiosk.revoked"
    MEMBER_CHANGED = "member.changed"
    MEMBER_ERASED = "member.erased"
    MEMBER_JOINED = "member.joined"
    MEMBER_MERGED = "member.merged"
    MEMBER_UNMERGED = "member.unmerged"
    PACKAGE_REFUNDED = "package.refunded"
    PACKAGE_SOLD = "package.sold"
    PACKAGE_USE_REFUNDED = "package.use_refunded"
    PACKAGE_USED = "package.used"
    PAYMENT_RECORDED = "payment.recorded"
    PAYMENT_REFUNDED = "payment.refunded"
    POINTS_ADJUSTED = "points.adjusted"
    POINTS_CHANGED = "points.changed"
    POINTS_TRANSFERRED = "points.transferred"
    PURCHASE_RECORDED = "purchase.recorded"
    PURCHASE_RETURNED = "purchase.returned"
    TIER_CHANGED = "tier.changed"
    TOP_UP_RECORDED = "top_up.recorded"
    TOP_UP_REFUNDED = "top_up.refunded"
    VOUCHER_HANDED_OUT = "voucher.handed_out"
    VOUCHER_ISSUED = "voucher.issued"
    WALLET_CLOSED = "wallet.closed"


EVENTS = frozenset(event.value for event in Event)

TEST = "webhook.test"
"""Told to one endpoint when somebody asks for it; nobody needs to subscribe."""

RETRY_AFTER = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""How long after each attempt the next one is made (Standard Webhooks, deliverability and reliability)."""

DISABLED_AFTER = timedelta(days=5)
"""An endpoint that has failed for so long, and never succeeded in between, is told nothing any more."""

GONE = 410
"""The status by which a receiver says that it never wants to hear from us again."""

HTTPS, HTTP = "https", "http"
HTTPS_PORT, HTTP_PORT = 443, 80

EMBEDDING = tuple(
    map(IPv6Network, ("::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16"))
)
"""IPv6 addresses that lead to an IPv4 address: compatible, mapped, NAT64, Teredo, 6to4."""


def wants(events: Collection[str], event: str) -> bool:
    """Tell whether an endpoint with these subscriptions is told of an event."""
    return not events or event in events


def next_attempt(attempts: int, now: datetime) -> datetime | None:
    """When a delivery is tried again after so many failures; None where it is not."""
    return now + RETRY_AFTER[attempts - 1] if attempts <= len(RETRY_AFTER) else None


def is_hopeless(failing_since: datetime, now: datetime, status: int | None) -> bool:
    """Tell whether an endpoint that has failed since then is given up."""
    return status == GONE or now - failing_since >= DISABLED_AFTER


@dataclass(frozen=True, slots=True)
class Guard:
    """Which addresses the hub may be sent to by whoever sets up a webhook.

    `inside` names those in the hub's own network that may be reached all the same, as `host:port`. Over HTTP only
    those on the hub's own machine are reached, where no network lies between.
    """

    inside: frozenset[str] = frozenset()

    def admits(self, url: str) -> bool:
        """Tell whether an address may stand in an endpoint, as far as its text tells."""
        parts = _split(url)
        if parts is None or parts.username is not None or parts.password is not None or parts.fragment:
            return False
        if self.is_inside(parts):
            return True
        if parts.scheme != HTTPS or not parts.hostname:
            return False
        literal = _literal(parts.hostname)
        return literal is None or is_public(literal)

    def is_inside(self, parts: SplitResult) -> bool:
        """Tell whether an address is one of those that were allowed by name."""
        return f"{parts.hostname}:{port_of(parts)}" in self.inside

    def refuses(self, parts: SplitResult, addresses: Collection[str]) -> bool:
        """Tell whether a name must not be followed, by all the addresses that it has."""
        known = [ip_address(one) for one in addresses]
        if parts.scheme == HTTP and not all(one.is_loopback for one in known):
            return True
        return not known or not (self.is_inside(parts) or all(is_public(one) for one in known))


NOBODY_INSIDE = Guard()


def port_of(parts: SplitResult) -> int:
    """The port of an address, said or not."""
    return parts.port or (HTTPS_PORT if parts.scheme == HTTPS else HTTP_PORT)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Tell whether an address is the public internet's own, and of one machine."""
    if isinstance(address, IPv6Address) and any(address in network for network in EMBEDDING):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        return None
    return parts if parts.scheme in {HTTPS, HTTP} and has_port else None


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
