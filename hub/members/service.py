"""Members as the rest of the hub uses them: joining, finding, and the name that a stranger may see."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.db.reading import among
from hub.intake import RandomBytes
from hub.members.models import Member, MemberKey
from hub.members.rules import masked_name
from hub.members.vault import Vault, VaultError, WrappedKey, place_of
from protocol.ids import event_id

PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Profile:
    """What somebody gives when joining. `phone` is in E.164 form."""

    name: str
    phone: str | None
    birthday: date | None
    home_store: str
    language: str
    source: str


def join(session: Session, vault: Vault, profile: Profile, *, now: datetime, random: RandomBytes) -> Member:
    """Add a member with personal fields under a key of its own."""
    member_id = event_id(int(now.timestamp() * 1000), random(10))
    key, wrapped = vault.new_key()

    def sealed(column: str, text: str) -> bytes:
        return vault.seal(key, text, place_of(member_id, column))

    member = Member(
        id=member_id,
        number=_next_number(session),
        state="active",
        home_store=profile.home_store,
        language=profile.language,
        source=profile.source,
        name=sealed("name", profile.name),
        phone=sealed(PHONE, profile.phone) if profile.phone else None,
        phone_index=vault.index_of(PHONE, profile.phone) if profile.phone else None,
        birthday=sealed("birthday", profile.birthday.isoformat()) if profile.birthday else None,
        joined_at=now,
    )
    session.add(member)
    session.flush()
    session.add(MemberKey(member=member_id, wrapped_by=wrapped.wrapped_by, wrapped=wrapped.wrapped))
    return member


def _next_number(session: Session) -> str:
    # Two who join at the same moment draw the same number; the second one's transaction is then tried again.
    last = session.execute(select(func.max(Member.number))).scalar_one()
    return f"M{int(last[1:]) + 1 if last else 1:09d}"


def by_phone(session: Session, vault: Vault, phone: str) -> Member | None:
    """The member with this phone number (E.164)."""
    index = vault.index_of(PHONE, phone)
    return session.execute(select(Member).where(Member.phone_index == index)).scalar_one_or_none()


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
            names[row.id] = masked_name(vault.open(key, row.name, place_of(row.id, "name")))
        except VaultError:
            names[row.id] = ""
    return names
