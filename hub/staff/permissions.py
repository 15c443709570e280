"""The one table of permissions. What is not in it is refused; a route without an entry fails the tests."""

from enum import StrEnum


class Permission(StrEnum):
    """What a key may be allowed to do."""

    ADJUSTMENTS_WRITE = "adjustments:write"
    ALERTS_WRITE = "alerts:write"
    APPROVALS_WRITE = "approvals:write"
    AUDIT_READ = "audit:read"
    CATALOGUE_WRITE = "catalogue:write"
    FINANCE_READ = "finance:read"
    FINANCE_WRITE = "finance:write"
    FLEET_READ = "fleet:read"
    FLEET_WRITE = "fleet:write"
    HOLDS_WRITE = "holds:write"
    KEYS_WRITE = "keys:write"
    LEASES_READ = "leases:read"
    LEASES_WRITE = "leases:write"
    LEDGER_READ = "ledger:read"
    MEMBERS_EXPORT = "members:export"
    MEMBERS_IMPORT = "members:import"
    MEMBERS_MERGE = "members:merge"
    MEMBERS_READ = "members:read"
    MEMBERS_REVEAL = "members:reveal"
    MEMBERS_WRITE = "members:write"
    PAY_OUTS_WRITE = "pay_outs:write"
    PAYMENTS_WRITE = "payments:write"
    PRIVACY_READ = "privacy:read"
    PRIVACY_WRITE = "privacy:write"
    PROGRAMME_READ = "programme:read"
    PROGRAMME_WRITE = "programme:write"
    PURCHASES_READ = "purchases:read"
    PURCHASES_WRITE = "purchases:write"
    RETURNS_WRITE = "returns:write"
    SELF = "self"
    STAFF_READ = "staff:read"
    STAFF_WRITE = "staff:write"
    TOP_UPS_WRITE = "top_ups:write"
    TRANSFERS_WRITE = "transfers:write"
    VOUCHERS_WRITE = "vouchers:write"


class Role(StrEnum):
    """What somebody is to the chain. Limits go by it; what is allowed at all stands in the permissions."""

    CASHIER = "cashier"
    STORE_MANAGER = "store_manager"
    MARKETING = "marketing"
    CUSTOMER_SERVICE = "customer_service"
    FINANCE = "finance"
    DEVICE_ADMIN = "device_admin"
    EXECUTIVE = "executive"
    AUDITOR = "auditor"
    ADMIN = "admin"


_COUNTER = frozenset(
    {
        Permission.SELF,
        Permission.MEMBERS_READ,
        Permission.MEMBERS_WRITE,
        Permission.PURCHASES_READ,
        Permission.PURCHASES_WRITE,
        Permission.RETURNS_WRITE,
        Permission.TOP_UPS_WRITE,
        Permission.PAYMENTS_WRITE,
        Permission.HOLDS_WRITE,
        Permission.VOUCHERS_WRITE,
        Permission.ADJUSTMENTS_WRITE,
    }
)

ROLES: dict[Role, frozenset[Permission]] = {
    Role.CASHIER: _COUNTER,
    Role.STORE_MANAGER: _COUNTER
    | {
        Permission.APPROVALS_WRITE,
        Permission.FLEET_READ,
        Permission.LEASES_WRITE,
        Permission.MEMBERS_REVEAL,
        Permission.PAY_OUTS_WRITE,
        Permission.STAFF_READ,
        Permission.STAFF_WRITE,
        Permission.TRANSFERS_WRITE,
    },
    Role.MARKETING: frozenset(
        {
            Permission.SELF,
            Permission.CATALOGUE_WRITE,
            Permission.FLEET_READ,
            Permission.MEMBERS_EXPORT,
            Permission.MEMBERS_READ,
            Permission.PROGRAMME_READ,
            Permission.PROGRAMME_WRITE,
        }
    ),
    Role.CUSTOMER_SERVICE: frozenset(
        {
            Permission.SELF,
            Permission.ADJUSTMENTS_WRITE,
            Permission.HOLDS_WRITE,
            Permission.LEDGER_READ,
            Permission.MEMBERS_EXPORT,
            Permission.MEMBERS_IMPORT,
            Permission.MEMBERS_MERGE,
            Permission.MEMBERS_READ,
            Permission.MEMBERS_REVEAL,
            Permission.MEMBERS_WRITE,
            Permission.PRIVACY_READ,
            Permission.PRIVACY_WRITE,
            Permission.PURCHASES_READ,
            Permission.TRANSFERS_WRITE,
            Permission.VOUCHERS_WRITE,
        }
    ),
    Role.FINANCE: frozenset(
        {
            Permission.SELF,
            Permission.APPROVALS_WRITE,
            Permission.FINANCE_READ,
            Permission.FINANCE_WRITE,
            Permission.LEASES_READ,
            Permission.LEASES_WRITE,
            Permission.LEDGER_READ,
            Permission.MEMBERS_READ,
            Permission.PAY_OUTS_WRITE,
            Permission.PROGRAMME_READ,
            Permission.PURCHASES_READ,
        }
    ),
    Role.DEVICE_ADMIN: frozenset(
        {Permission.SELF, Permission.FLEET_READ, Permission.FLEET_WRITE, Permission.LEASES_READ}
    ),
    Role.EXECUTIVE: frozenset(
        {Permission.SELF, Permission.FINANCE_READ, Permission.FLEET_READ, Permission.PROGRAMME_READ}
    ),
    Role.AUDITOR: frozenset(
        {
            Permission.SELF,
            Permission.ALERTS_WRITE,
            Permission.AUDIT_READ,
            Permission.FINANCE_READ,
            Permission.FLEET_READ,
            Permission.LEASES_READ,
            Permission.LEDGER_READ,
            Permission.MEMBERS_READ,
            Permission.PRIVACY_READ,
            Permission.PROGRAMME_READ,
            Permission.PURCHASES_READ,
            Permission.STAFF_READ,
        }
    ),
    Role.ADMIN: frozenset(Permission),
}
"""What people of each built-in role may do. An admin may do everything, because nobody gives what they do not have."""

WITHOUT_SECOND_FACTOR = _COUNTER
"""Whoever may do nothing but this logs in with a password alone; everybody else needs a second factor, or a passkey.
It is what a counter does within limits. A permission that is added needs a second factor until it stands here."""

PUBLIC = None
"""A route that needs no key: it shows nothing about anybody."""

ROUTES: dict[tuple[str, str], Permission | None] = {
    ("GET", "/health"): PUBLIC,
    ("GET", "/openapi.json"): PUBLIC,
    ("GET", "/pictures/{sha256}"): PUBLIC,
    ("POST", "/v1/sessions"): PUBLIC,
    ("POST", "/v1/sessions/second-factor"): PUBLIC,
    ("POST", "/v1/sessions/passkey"): PUBLIC,
    ("POST", "/v1/sessions/outside"): PUBLIC,
    ("POST", "/v1/sessions/outside/finish"): PUBLIC,
    ("POST", "/v1/passkey-challenges"): PUBLIC,
    ("GET", "/v1/session"): Permission.SELF,
    ("DELETE", "/v1/session"): Permission.SELF,
    ("POST", "/v1/session/confirm"): Permission.SELF,
    ("PUT", "/v1/session/password"): Permission.SELF,
    ("POST", "/v1/session/passkey-challenges"): Permission.SELF,
    ("POST", "/v1/session/passkeys"): Permission.SELF,
    ("DELETE", "/v1/session/passkeys/{passkey}"): Permission.SELF,
    ("POST", "/v1/session/recovery-codes"): Permission.SELF,
    ("POST", "/v1/invitations/open"): PUBLIC,
    ("POST", "/v1/invitations/accept"): PUBLIC,
    ("GET", "/v1/people"): Permission.STAFF_READ,
    ("POST", "/v1/people"): Permission.STAFF_WRITE,
    ("GET", "/v1/people/{person}"): Permission.STAFF_READ,
    ("PATCH", "/v1/people/{person}"): Permission.STAFF_WRITE,
    ("POST", "/v1/people/{person}/disable"): Permission.STAFF_WRITE,
    ("POST", "/v1/people/{person}/enable"): Permission.STAFF_WRITE,
    ("POST", "/v1/people/{person}/invite"): Permission.STAFF_WRITE,
    ("GET", "/v1/people/{person}/sessions"): Permission.STAFF_READ,
    ("DELETE", "/v1/people/{person}/sessions"): Permission.STAFF_WRITE,
    ("DELETE", "/v1/people/{person}/sessions/{one}"): Permission.STAFF_WRITE,
    ("GET", "/v1/roles"): Permission.STAFF_READ,
    ("POST", "/v1/roles"): Permission.STAFF_WRITE,
    ("PUT", "/v1/roles/{role}"): Permission.STAFF_WRITE,
    ("DELETE", "/v1/roles/{role}"): Permission.STAFF_WRITE,
    ("GET", "/v1/alerts"): Permission.AUDIT_READ,
    ("POST", "/v1/alerts/{alert}/see"): Permission.ALERTS_WRITE,
    ("POST", "/v1/alerts/{alert}/close"): Permission.ALERTS_WRITE,
    ("GET", "/v1/audit"): Permission.AUDIT_READ,
    ("GET", "/v1/audit/export"): Permission.AUDIT_READ,
    ("POST", "/v1/keys"): Permission.KEYS_WRITE,
    ("DELETE", "/v1/keys/{key}"): Permission.KEYS_WRITE,
    ("GET", "/v1/approvals"): Permission.APPROVALS_WRITE,
    ("GET", "/v1/approvals/{request}"): Permission.APPROVALS_WRITE,
    ("POST", "/v1/approvals/{request}/approve"): Permission.APPROVALS_WRITE,
    ("POST", "/v1/approvals/{request}/refuse"): Permission.APPROVALS_WRITE,
    ("GET", "/v1/stores"): Permission.FLEET_READ,
    ("GET", "/v1/kiosks"): Permission.FLEET_READ,
    ("POST", "/v1/kiosks/{kiosk}/epochs/{epoch}/accept"): Permission.FLEET_WRITE,
    ("POST", "/v1/kiosks/{kiosk}/revoke"): Permission.FLEET_WRITE,
    ("POST", "/v1/members"): Permission.MEMBERS_WRITE,
    ("POST", "/v1/members/find"): Permission.MEMBERS_READ,
    ("GET", "/v1/imports"): Permission.MEMBERS_IMPORT,
    ("POST", "/v1/imports"): Permission.MEMBERS_IMPORT,
    ("GET", "/v1/imports/{import_id}"): Permission.MEMBERS_IMPORT,
    ("POST", "/v1/imports/{import_id}/check"): Permission.MEMBERS_IMPORT,
    ("POST", "/v1/imports/{import_id}/run"): Permission.MEMBERS_IMPORT,
    ("POST", "/v1/imports/{import_id}/cancel"): Permission.MEMBERS_IMPORT,
    ("GET", "/v1/imports/{import_id}/faults"): Permission.MEMBERS_IMPORT,
    ("GET", "/v1/imports/{import_id}/faults.csv"): Permission.MEMBERS_IMPORT,
    ("POST", "/v1/member-merges"): Permission.MEMBERS_MERGE,
    ("POST", "/v1/member-merges/{merge}/undo"): Permission.MEMBERS_MERGE,
    ("GET", "/v1/member-merges"): Permission.MEMBERS_MERGE,
    ("GET", "/v1/members/{member}"): Permission.MEMBERS_READ,
    ("GET", "/v1/members/{member}/balance"): Permission.MEMBERS_READ,
    ("GET", "/v1/members/{member}/profile"): Permission.MEMBERS_READ,
    ("PUT", "/v1/members/{member}/fields"): Permission.MEMBERS_WRITE,
    ("POST", "/v1/members/{member}/reveal"): Permission.MEMBERS_REVEAL,
    ("GET", "/v1/members/{member}/consents"): Permission.MEMBERS_READ,
    ("POST", "/v1/members/{member}/consents"): Permission.MEMBERS_WRITE,
    ("POST", "/v1/members/{member}/erasure"): Permission.PRIVACY_WRITE,
    ("GET", "/v1/members/{member}/erasure"): Permission.PRIVACY_READ,
    ("POST", "/v1/members/{member}/export"): Permission.PRIVACY_WRITE,
    ("POST", "/v1/personal-exports/{request}/fetch"): Permission.PRIVACY_WRITE,
    ("GET", "/v1/destructions"): Permission.PRIVACY_READ,
    ("PUT", "/v1/members/{member}/tier"): Permission.PROGRAMME_WRITE,
    ("POST", "/v1/members/{member}/adjustments"): Permission.ADJUSTMENTS_WRITE,
    ("POST", "/v1/points-transfers"): Permission.TRANSFERS_WRITE,
    ("POST", "/v1/holds"): Permission.HOLDS_WRITE,
    ("POST", "/v1/holds/{hold}/capture"): Permission.HOLDS_WRITE,
    ("POST", "/v1/holds/{hold}/release"): Permission.HOLDS_WRITE,
    ("GET", "/v1/holds/{hold}"): Permission.HOLDS_WRITE,
    ("GET", "/v1/members/{member}/holds"): Permission.MEMBERS_READ,
    ("POST", "/v1/members/{member}/cards"): Permission.MEMBERS_WRITE,
    ("POST", "/v1/cards/{card}/block"): Permission.MEMBERS_WRITE,
    ("POST", "/v1/purchases"): Permission.PURCHASES_WRITE,
    ("POST", "/v1/purchases/preview"): Permission.PURCHASES_WRITE,
    ("GET", "/v1/purchases/{purchase}"): Permission.PURCHASES_READ,
    ("GET", "/v1/stores/{store}/purchases/{receipt}"): Permission.PURCHASES_READ,
    ("POST", "/v1/returns"): Permission.RETURNS_WRITE,
    ("GET", "/v1/leases"): Permission.LEASES_READ,
    ("POST", "/v1/kiosks/{kiosk}/leases/{number}/write-off"): Permission.LEASES_WRITE,
    ("POST", "/v1/top-ups"): Permission.TOP_UPS_WRITE,
    ("POST", "/v1/top-ups/{top_up}/refund"): Permission.PAY_OUTS_WRITE,
    ("POST", "/v1/payments"): Permission.PAYMENTS_WRITE,
    ("POST", "/v1/payments/{payment}/refunds"): Permission.PAYMENTS_WRITE,
    ("POST", "/v1/packages/{package}/sales"): Permission.TOP_UPS_WRITE,
    ("POST", "/v1/package-sales/{sale}/refund"): Permission.PAY_OUTS_WRITE,
    ("POST", "/v1/package-uses"): Permission.PAYMENTS_WRITE,
    ("POST", "/v1/package-uses/{use}/refunds"): Permission.PAYMENTS_WRITE,
    ("PUT", "/v1/members/{member}/identified"): Permission.MEMBERS_WRITE,
    ("GET", "/v1/members/{member}/wallet"): Permission.MEMBERS_READ,
    ("GET", "/v1/members/{member}/wallet/statement"): Permission.LEDGER_READ,
    ("POST", "/v1/members/{member}/wallet/close"): Permission.PAY_OUTS_WRITE,
    ("GET", "/v1/programme"): Permission.MEMBERS_READ,
    ("GET", "/v1/programme/terms"): Permission.PROGRAMME_READ,
    ("GET", "/v1/programme/terms/{name}"): Permission.PROGRAMME_READ,
    ("PUT", "/v1/programme/terms/{name}"): Permission.PROGRAMME_WRITE,
    ("DELETE", "/v1/programme/terms/{name}"): Permission.PROGRAMME_WRITE,
    ("GET", "/v1/rewards"): Permission.MEMBERS_READ,
    ("PATCH", "/v1/rewards/{reward}"): Permission.CATALOGUE_WRITE,
    ("GET", "/v1/vouchers/{code}"): Permission.VOUCHERS_WRITE,
    ("POST", "/v1/vouchers/{code}/hand-out"): Permission.VOUCHERS_WRITE,
    ("GET", "/v1/ledger/proof"): Permission.LEDGER_READ,
    ("GET", "/v1/members/{member}/statement"): Permission.LEDGER_READ,
    ("GET", "/v1/members/{member}/statement.svg"): Permission.LEDGER_READ,
    ("GET", "/v1/members/{member}/balance-at"): Permission.LEDGER_READ,
    ("GET", "/v1/expiry-notices"): Permission.LEDGER_READ,
    ("GET", "/v1/finance/liability"): Permission.FINANCE_READ,
    ("GET", "/v1/finance/periods"): Permission.FINANCE_READ,
    ("POST", "/v1/finance/periods/{month}/close"): Permission.FINANCE_WRITE,
}

BATCHED = frozenset(
    {
        ("POST", "/v1/member-merges"),
        ("POST", "/v1/member-merges/{merge}/undo"),
        ("GET", "/v1/members/{member}/balance"),
        ("POST", "/v1/members/{member}/adjustments"),
        ("POST", "/v1/points-transfers"),
        ("POST", "/v1/holds"),
        ("POST", "/v1/holds/{hold}/capture"),
        ("POST", "/v1/holds/{hold}/release"),
        ("POST", "/v1/purchases"),
        ("POST", "/v1/returns"),
        ("POST", "/v1/kiosks/{kiosk}/leases/{number}/write-off"),
        ("POST", "/v1/members/{member}/wallet/close"),
        ("POST", "/v1/package-sales/{sale}/refund"),
        ("POST", "/v1/package-uses"),
        ("POST", "/v1/package-uses/{use}/refunds"),
        ("POST", "/v1/packages/{package}/sales"),
        ("POST", "/v1/payments"),
        ("POST", "/v1/payments/{payment}/refunds"),
        ("POST", "/v1/top-ups"),
        ("POST", "/v1/top-ups/{top_up}/refund"),
    }
)
"""Routes whose keys are looked up and judged inside the batch that serves them."""

UNREPEATED = frozenset(
    {
        ("POST", "/v1/invitations/open"),
        ("POST", "/v1/invitations/accept"),
        ("POST", "/v1/sessions"),
        ("POST", "/v1/sessions/second-factor"),
        ("POST", "/v1/sessions/passkey"),
        ("POST", "/v1/sessions/outside"),
        ("POST", "/v1/sessions/outside/finish"),
        ("POST", "/v1/passkey-challenges"),
        ("POST", "/v1/session/confirm"),
        ("POST", "/v1/session/passkey-challenges"),
        ("POST", "/v1/session/passkeys"),
        ("POST", "/v1/session/recovery-codes"),
        ("POST", "/v1/personal-exports/{request}/fetch"),
    }
)
"""Routes that take no Idempotency-Key. What they are sent is good once or for minutes anyhow, and what they answer is a
secret, which is not kept to be answered again."""

SENSITIVE = frozenset(
    {
        ("PUT", "/v1/session/password"),
        ("POST", "/v1/session/passkeys"),
        ("DELETE", "/v1/session/passkeys/{passkey}"),
        ("POST", "/v1/session/recovery-codes"),
        ("POST", "/v1/people"),
        ("PATCH", "/v1/people/{person}"),
        ("POST", "/v1/people/{person}/enable"),
        ("POST", "/v1/people/{person}/invite"),
        ("POST", "/v1/roles"),
        ("PUT", "/v1/roles/{role}"),
        ("DELETE", "/v1/roles/{role}"),
        ("POST", "/v1/keys"),
        ("DELETE", "/v1/keys/{key}"),
        ("POST", "/v1/finance/periods/{month}/close"),
        ("PUT", "/v1/programme/terms/{name}"),
        ("DELETE", "/v1/programme/terms/{name}"),
        ("POST", "/v1/members/{member}/erasure"),
        ("POST", "/v1/members/{member}/export"),
        ("POST", "/v1/personal-exports/{request}/fetch"),
    }
)
"""Routes on which people must have proved a short while ago that they are there. What ends somebody's rights in an
emergency is not among them, and nothing that is served in batches."""

OF_ANY_STORE = frozenset(
    {
        ("GET", "/v1/people"),
        ("POST", "/v1/people"),
        ("GET", "/v1/people/{person}"),
        ("PATCH", "/v1/people/{person}"),
        ("POST", "/v1/people/{person}/disable"),
        ("POST", "/v1/people/{person}/enable"),
        ("POST", "/v1/people/{person}/invite"),
        ("GET", "/v1/people/{person}/sessions"),
        ("DELETE", "/v1/people/{person}/sessions"),
        ("DELETE", "/v1/people/{person}/sessions/{one}"),
        ("GET", "/v1/roles"),
        ("GET", "/v1/session"),
        ("DELETE", "/v1/session"),
        ("POST", "/v1/session/confirm"),
        ("PUT", "/v1/session/password"),
        ("POST", "/v1/session/passkey-challenges"),
        ("POST", "/v1/session/passkeys"),
        ("DELETE", "/v1/session/passkeys/{passkey}"),
        ("POST", "/v1/session/recovery-codes"),
        ("POST", "/v1/keys"),
        ("GET", "/v1/approvals"),
        ("GET", "/v1/approvals/{request}"),
        ("POST", "/v1/approvals/{request}/approve"),
        ("POST", "/v1/approvals/{request}/refuse"),
        ("GET", "/v1/stores"),
        ("POST", "/v1/members"),
        ("POST", "/v1/members/find"),
        ("GET", "/v1/members/{member}"),
        ("GET", "/v1/members/{member}/profile"),
        ("PUT", "/v1/members/{member}/fields"),
        ("POST", "/v1/members/{member}/reveal"),
        ("GET", "/v1/members/{member}/consents"),
        ("POST", "/v1/members/{member}/consents"),
        ("GET", "/v1/members/{member}/balance"),
        ("POST", "/v1/members/{member}/cards"),
        ("POST", "/v1/cards/{card}/block"),
        ("POST", "/v1/purchases"),
        ("POST", "/v1/purchases/preview"),
        ("GET", "/v1/purchases/{purchase}"),
        ("GET", "/v1/stores/{store}/purchases/{receipt}"),
        ("POST", "/v1/returns"),
        ("POST", "/v1/kiosks/{kiosk}/leases/{number}/write-off"),
        ("POST", "/v1/top-ups"),
        ("POST", "/v1/top-ups/{top_up}/refund"),
        ("POST", "/v1/members/{member}/wallet/close"),
        ("POST", "/v1/package-sales/{sale}/refund"),
        ("POST", "/v1/package-uses"),
        ("POST", "/v1/package-uses/{use}/refunds"),
        ("POST", "/v1/packages/{package}/sales"),
        ("POST", "/v1/payments"),
        ("POST", "/v1/payments/{payment}/refunds"),
        ("PUT", "/v1/members/{member}/identified"),
        ("GET", "/v1/members/{member}/wallet"),
        ("GET", "/v1/members/{member}/wallet/statement"),
        ("POST", "/v1/members/{member}/adjustments"),
        ("POST", "/v1/points-transfers"),
        ("POST", "/v1/holds"),
        ("POST", "/v1/holds/{hold}/capture"),
        ("POST", "/v1/holds/{hold}/release"),
        ("GET", "/v1/holds/{hold}"),
        ("GET", "/v1/members/{member}/holds"),
        ("GET", "/v1/programme"),
        ("GET", "/v1/rewards"),
        ("GET", "/v1/vouchers/{code}"),
        ("POST", "/v1/vouchers/{code}/hand-out"),
    }
)
"""Routes for keys that hold for some stores only. Members are the chain's, and every store's counter serves them; where
a store is named, the route checks it. All other routes are the chain's own, and want a key that holds everywhere."""

KINDS: dict[str, Permission] = {
    "hold.placed": Permission.HOLDS_WRITE,
    "hold.captured": Permission.HOLDS_WRITE,
    "hold.released": Permission.HOLDS_WRITE,
    "member.merged": Permission.MEMBERS_MERGE,
    "member.unmerged": Permission.MEMBERS_MERGE,
    "points.adjusted": Permission.ADJUSTMENTS_WRITE,
    "points.transferred": Permission.TRANSFERS_WRITE,
    "lease.written_off": Permission.LEASES_WRITE,
    "purchase.recorded": Permission.PURCHASES_WRITE,
    "purchase.returned": Permission.RETURNS_WRITE,
    "top_up.recorded": Permission.TOP_UPS_WRITE,
    "top_up.refunded": Permission.PAY_OUTS_WRITE,
    "wallet.closed": Permission.PAY_OUTS_WRITE,
    "payment.recorded": Permission.PAYMENTS_WRITE,
    "payment.refunded": Permission.PAYMENTS_WRITE,
    "package.sold": Permission.TOP_UPS_WRITE,
    "package.used": Permission.PAYMENTS_WRITE,
    "package.use_refunded": Permission.PAYMENTS_WRITE,
    "package.refunded": Permission.PAY_OUTS_WRITE,
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

JOB_KINDS = frozenset({"hold.expired", "lapse.reversed", "points.lapsed", "value.expired", "value.followed"})
"""What only the hub itself has booked, when it is time."""
