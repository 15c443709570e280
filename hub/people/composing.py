"""Roles as the API shows them, and how one of one's own is composed."""

from collections.abc import Collection
from typing import Any

from hub.sessions.rules import needs_second_factor
from hub.staff.models import OwnRole
from hub.staff.permissions import ROLES, Permission, Role


def compose(role: OwnRole, permissions: Collection[Permission], limits_as: Role | None) -> None:
    """Give a role its permissions; everybody may look after their own session."""
    role.permissions = sorted({*(permission.value for permission in permissions), Permission.SELF.value})
    role.limits_as = limits_as.value if limits_as else ""


def shown(role: OwnRole) -> dict[str, Any]:
    """A role of one's own."""
    return _shown(role.id, role.permissions, role.limits_as) | {"is_own": True, "names": role.names}


def shown_built_in(role: Role) -> dict[str, Any]:
    """A built-in role."""
    permissions = sorted(permission.value for permission in ROLES[role])
    return _shown(role.value, permissions, role.value) | {"is_own": False, "names": {}}


def _shown(name: str, permissions: list[str], limits_as: str) -> dict[str, Any]:
    return {
        "id": name,
        "permissions": permissions,
        "limits_as": limits_as,
        "needs_second_factor": needs_second_factor(permissions),
    }
