from pathlib import Path

import hub
from hub.sessions.rules import needs_second_factor
from hub.staff.permissions import ROLES, Permission, Role

STAFF = Path(hub.__file__).parents[1] / "docs" / "staff.md"


def table() -> str:
    """Which role may do what, as the document shows it."""
    lines = ["| role | second factor | may do |", "|---|---|---|"]
    for role in Role:
        permissions = ROLES[role]
        told = "everything" if permissions == set(Permission) else ", ".join(sorted(permissions))
        lines.append(f"| `{role.value}` | {'yes' if needs_second_factor(permissions) else 'no'} | {told} |")
    return "\n".join(lines)


def test_the_document_shows_the_table_of_roles_as_it_is() -> None:
    assert table() in STAFF.read_text(encoding="utf-8"), f"put this into {STAFF.name}:\n{table()}"
