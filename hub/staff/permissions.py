"""The one table of permissions. What is not in it is refused; a route without an entry fails the tests."""

from enum import StrEnum


class Permission(StrEnum):
    """What a key may be allowed to do."""

    AUDIT_READ = "audit:read"
    CATALOGUE_WRITE = "catalogue:write"
    FLEET_READ = "fleet:read"
    FLEET_WRITE = "fleet:write"
    KEYS_WRITE = "keys:write"
    LEDGER_READ = "ledger:read"
    MEMBERS_READ = "members:read"
    MEMBERS_WRITE = "members:write"
    PROGRAMME_WRITE = "programme:write"
    PURCHASES_WRITE = "purchases:write"
    TOP_UPS_WRITE = "top_ups:write"
    VOUCHERS_WRITE = "vouchers:write"


PUBLIC = None
"""A route that needs no key: it shows nothing about anybody."""

ROUTES: dict[tuple[str, str], Permission | None] = {
    ("GET", "/health"): PUBLIC,
    ("GET", "/openapi.json"): PUBLIC,
    ("GET", "/pictures/{sha256}"): PUBLIC,
    ("GET", "/v1/audit"): Permission.AUDIT_READ,
    ("POST", "/v1/keys"): Permission.KEYS_WRITE,
    ("DELETE", "/v1/keys/{key}"): Permission.KEYS_WRITE,
    ("GET", "/v1/stores"): Permission.FLEET_READ,
    ("GET", "/v1/kiosks"): Permission.FLEET_READ,
    ("POST", "/v1/kiosks/{kiosk}/epochs/{epoch}/accept"): Permission.FLEET_WRITE,
    ("POST", "/v1/kiosks/{kiosk}/revoke"): Permission.FLEET_WRITE,
    ("POST", "/v1/members"): Permission.MEMBERS_WRITE,
    ("POST", "/v1/members/find"): Permission.MEMBERS_READ,
    ("GET", "/v1/members/{member}"): Permission.MEMBERS_READ,
    ("GET", "/v1/members/{member}/balance"): Permission.MEMBERS_READ,
    ("GET", "/v1/members/{member}/movements"): Permission.LEDGER_READ,
    ("PUT", "/v1/members/{member}/tier"): Permission.PROGRAMME_WRITE,
    ("POST", "/v1/members/{member}/cards"): Permission.MEMBERS_WRITE,
    ("POST", "/v1/cards/{card}/block"): Permission.MEMBERS_WRITE,
    ("POST", "/v1/purchases"): Permission.PURCHASES_WRITE,
    ("POST", "/v1/top-ups"): Permission.TOP_UPS_WRITE,
    ("GET", "/v1/programme"): Permission.MEMBERS_READ,
    ("PUT", "/v1/programme/earning"): Permission.PROGRAMME_WRITE,
    ("GET", "/v1/rewards"): Permission.MEMBERS_READ,
    ("PATCH", "/v1/rewards/{reward}"): Permission.CATALOGUE_WRITE,
    ("GET", "/v1/vouchers/{code}"): Permission.VOUCHERS_WRITE,
    ("POST", "/v1/vouchers/{code}/hand-out"): Permission.VOUCHERS_WRITE,
    ("GET", "/v1/ledger/proof"): Permission.LEDGER_READ,
}

BATCHED = frozenset({("GET", "/v1/members/{member}/balance"), ("POST", "/v1/purchases"), ("POST", "/v1/top-ups")})
"""Routes whose keys are looked up and judged inside the batch that serves them."""

OF_ANY_STORE = frozenset(
    {
        ("POST", "/v1/keys"),
        ("GET", "/v1/stores"),
        ("POST", "/v1/members"),
        ("POST", "/v1/members/find"),
        ("GET", "/v1/members/{member}"),
        ("GET", "/v1/members/{member}/balance"),
        ("POST", "/v1/members/{member}/cards"),
        ("POST", "/v1/cards/{card}/block"),
        ("POST", "/v1/purchases"),
        ("POST", "/v1/top-ups"),
        ("GET", "/v1/programme"),
        ("GET", "/v1/rewards"),
        ("GET", "/v1/vouchers/{code}"),
        ("POST", "/v1/vouchers/{code}/hand-out"),
    }
)
"""Routes for keys that hold for some stores only. Members are the chain's, and every store's counter serves them; where
a store is named, the route checks it. All other routes are the chain's own, and want a key that holds everywhere."""

KINDS: dict[str, Permission] = {
    "purchase.recorded": Permission.PURCHASES_WRITE,
    "top_up.recorded": Permission.TOP_UPS_WRITE,
}
"""What a key needs for each kind that it may have booked."""

KIOSK_KINDS = frozenset(
    {
        "card.present",
        "card.seen",
        "event.unreadable",
        "journal.repaired",
        "lease.accepted",
        "lease.ask",
        "lease.closed",
        "lease.spent",
        "purchase.recorded",
    }
)
"""What a kiosk may have booked."""
