"""Indexing members anew under the index key in use: every keyed hash by which they are found is compared, and replaced.

What is right already is left alone, so this can be cut off anywhere and begun again.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.db.bulk import update_rows
from hub.db.reading import among
from hub.members import fields, profile, tokens
from hub.members.models import Member, MemberField, MemberKey, MemberToken
from hub.members.rules import INDEXED, NAME
from hub.members.vault import Vault


def after(session: Session, member: UUID | None, limit: int) -> Sequence[UUID]:
    """Members that have something to be found by, in the order of their ids, beyond one of them."""
    query = select(MemberKey.member).order_by(MemberKey.member).limit(limit)
    return session.execute(query if member is None else query.where(MemberKey.member > member)).scalars().all()


def renew(session: Session, vault: Vault, members: Collection[UUID]) -> int:
    """Index some members anew; returns how many were not indexed under the key in use."""
    query = select(Member.id).where(among(session, Member.id, members)).order_by(Member.id)
    session.execute(query.with_for_update(key_share=True)).all()
    values = profile.read(session, vault, members, (NAME, *INDEXED))
    stale = _renew_columns(session, vault, values)
    stale |= _renew_names(session, vault, {member: one[NAME] for member, one in values.items() if NAME in one})
    return len(stale | _renew_fields(session, vault, members))


def _renew_columns(session: Session, vault: Vault, values: dict[UUID, dict[str, str]]) -> set[UUID]:
    stale: set[UUID] = set()
    for field in INDEXED:
        column = getattr(Member, f"{field}_index")
        right = {member: vault.index_of(field, one[field]) for member, one in values.items() if field in one}
        known = select(Member.id, column).where(among(session, Member.id, list(right)))
        wrong = [(row.id, right[row.id]) for row in session.execute(known) if row[1] != right[row.id]] if right else []
        update_rows(session, Member, ("id",), (column.key,), rows=wrong)
        stale.update(member for member, _index in wrong)
    return stale


def _renew_names(session: Session, vault: Vault, names: dict[UUID, str]) -> set[UUID]:
    known: dict[UUID, set[bytes]] = {member: set() for member in names}
    query = select(MemberToken.member, MemberToken.token).where(among(session, MemberToken.member, list(names)))
    for row in session.execute(query) if names else ():
        known[row.member].add(row.token)
    wrong = {member: name for member, name in names.items() if known[member] != tokens.tokens(vault, name)}
    if wrong:
        tokens.index(session, vault, wrong)
    return wrong.keys() | set()


def _renew_fields(session: Session, vault: Vault, members: Collection[UUID]) -> set[UUID]:
    query = select(MemberField.member, MemberField.field, MemberField.search_index).where(
        among(session, MemberField.member, members), MemberField.search_index.is_not(None)
    )
    rows = session.execute(query).all()
    values = fields.read(session, vault, {row.member for row in rows}, {row.field for row in rows}) if rows else {}
    wrong = [
        (row.member, row.field, right)
        for row in rows
        if (value := values[row.member].get(row.field)) is not None
        and (right := vault.index_of(fields.space_of(row.field), value)) != row.search_index
    ]
    update_rows(session, MemberField, ("member", "field"), ("search_index",), rows=wrong)
    return {member for member, _field, _right in wrong}
