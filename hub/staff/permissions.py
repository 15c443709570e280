"""What somebody may be allowed to do, and which of it people of each built-in role may."""

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
    LEASES_RECALL = "leases:recall"
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
    RECONCILIATION_READ = "reconciliation:read"
    RECONCILIATION_WRITE = "reconciliation:write"
    RETURNS_WRITE = "returns:write"
    SELF = "self"
    STAFF_READ = "staff:read"
    STAFF_WRITE = "staff:write"
    TOP_UPS_WRITE = "top_ups:write"
    TRANSFERS_WRITE = "transfers:write"
    VOUCHERS_WRITE = "vouchers:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"


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
        Permission.LEASES_RECALL,
        Permission.LEASES_WRITE,
        Permission.MEMBERS_REVEAL,
        Permission.PAY_OUTS_WRITE,
        Permission.RECONCILIATION_READ,
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
            Permission.LEASES_RECALL,
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
            Permission.RECONCILIATION_READ,
            Permission.RECONCILIATION_WRITE,
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
            Permission.LEASES_RECALL,
            Permission.LEASES_WRITE,
            Permission.LEDGER_READ,
            Permission.MEMBERS_READ,
            Permission.PAY_OUTS_WRITE,
            Permission.PROGRAMME_READ,
            Permission.PURCHASES_READ,
            Permission.RECONCILIATION_READ,
            Permission.RECONCILIATION_WRITE,
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
            Permission.RECONCILIATION_READ,
            Permission.STAFF_READ,
        }
    ),
    Role.ADMIN: frozenset(Permission),
}
"""What people of each built-in role may do. An admin may do everything, because nobody gives what they do not have."""

WITHOUT_SECOND_FACTOR = _COUNTER
"""Whoever may do nothing but this logs in with a password alone; everybody else needs a second factor, or a passkey.
It is what a counter does within limits. A permission that is added needs a second factor until it stands here."""
