"""Members as the rest of the hub uses them: joining, finding, and the name that a stranger may see."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.db.bulk import insert_rows
from hub.db.reading import among
from hub.intake import RandomBytes
from hub.members import tokens
from hub.members.models import Member, MemberKey
from hub.members.profile import COLUMNS, sealed_columns
from hub.members.rules import NAME, PHONE, masked_name
from hub.members.vault import Vault, VaultError, WrappedKey, place_of
from protocol.ids import event_id


@dataclass(frozen=True, slots=True)
class Profile:
    """What somebody gives when joining. `phone` is in E.164 form; `more` are further personal fields, judged."""

    name: str
    phone: str | None
    birthday: date | None
    home_store: str
    language: str
    source: str
    more: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def personal(self) -> dict[str, str | None]:
        """Every personal field."""
        birthday = self.birthday.isoformat() if self.birthday else None
        return {**self.more, "name": self.name, "phone": self.phone, "birthday": birthday}


def join(session: Session, vault: Vault, profile: Profile, *, now: datetime, random: RandomBytes) -> Member:
    """Add a member with personal fields under a key of its own."""
    [member] = join_many(session, vault, [profile], now=now, random=random)
    return session.get_one(Member, member)


def join_many(
    session: Session, vault: Vault, profiles: Sequence[Profile], *, now: datetime, random: RandomBytes
) -> list[UUID]:
    """Add members, each with a key of its own; returns their ids, in order."""
    ids = [event_id(int(now.timestamp() * 1000), random(10)) for _ in profiles]
    first = _next_number(session) if profiles else 0
    members, keys, names = [], [], {}
    for number, (member, profile) in enumerate(zip(ids, profiles, strict=True), first):
        key, wrapped = vault.new_key()
        sealed = sealed_columns(vault, key, member, profile.personal)
        plain = (f"M{number:09d}", "active", profile.home_store, profile.language, profile.source, now, None)
        members.append((member, *plain, *(sealed.get(column) for column in COLUMNS)))
        keys.append((member, wrapped.wrapped_by, wrapped.wrapped))
        names[member] = profile.name
    columns = ("id", "number", "state", "home_store", "language", "source", "joined_at", "identified_at", *COLUMNS)
    insert_rows(session, Member, columns, members)
    insert_rows(session, MemberKey, ("member", "wrapped_by", "wrapped"), keys)
    tokens.index(session, vault, names, is_new=True)
    return ids


def _next_number(session: Session) -> int:
    # Two who join at the same moment draw the same number; the second one's transaction is then tried again.
    last = session.execute(select(func.max(Member.number))).scalar_one()
    return int(last[1:]) + 1 if last else 1


def by_phone(session: Session, vault: Vault, phone: str) -> Member | None:
    """The member with this phone number (E.164)."""
    indexes = vault.indexes_of(PHONE, phone)
    return session.execute(select(Member).where(Member.phone_index.in_(indexes))).scalar_one_or_none()


def display_names(session: Session, vault: Vault, members: Collection[UUID]) -> dict[UUID, str]:
    """Masked names. A member whose key has been destroyed has none."""
    query = (
        select(Member.id, Member.name, MemberKey.wrapped_by, MemberKey.wrapped)
        .outerjoin(MemberKey, MemberKey.member == Member.id)
        .where(among(session, Member.id, members))
    )
    names = {}
    for row in session.execute(query):
        try:
            key = vault.unwrap(WrappedKey(row.wrapped_by or "", row.wrapped or b""))
            names[row.id] = masked_name(vault.open(key, row.name, place_of(row.id, NAME)))
        except VaultError:
            names[row.id] = ""
    return names
