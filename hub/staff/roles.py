"""What a role stands for: the built-in ones, and those that the chain composed itself."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from hub.staff.models import OwnRole
from hub.staff.permissions import ROLES, Role


@dataclass(frozen=True, slots=True)
class Rights:
    """What somebody of a role may do, and the built-in role whose limits hold for it; empty where none do."""

    permissions: frozenset[str]
    limits_as: str


def rights_of(session: Session, role: str) -> Rights | None:
    """What a role stands for; None where there is no such role."""
    if role in ROLES:
        return Rights(frozenset(ROLES[Role(role)]), role)
    own = session.get(OwnRole, role)
    return None if own is None else Rights(frozenset(own.permissions), own.limits_as)
