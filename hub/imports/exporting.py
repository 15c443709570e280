"""Files of members on their way out: put together in pieces, kept sealed for a day, given to whoever asked.

Personal values are masked unless a second person agreed. Killed at any moment, an export goes on behind its last piece.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from msgspec import UNSET, Struct, UnsetType
from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.db.reading import among
from hub.db.session import Database
from hub.imports.models import ExportPiece, MemberExport
from hub.ledger.models import Account
from hub.members import consent, profile
from hub.members.models import Member
from hub.members.vault import Vault
from hub.points.service import POINTS
from hub.tiers.models import Standing

EXPORTED = "members.exported"
PIECE_MEMBERS = 1_000
KEPT_H = 24
"""How long a file waits to be fetched."""

PERSONAL = ("name", "phone", "email", "birthday", "gender", "address")
HEADER = ("number", *PERSONAL, "home_store", "language", "source", "state", "joined_at", "points")

Cells = tuple[str, ...]


class Wanted(Struct, frozen=True):
    """What a file is to hold: members that all of this is true of; all members where nothing is named.

    Who joined from the moment `joined_from` on, before `joined_to`; whose last word on the purpose `consent` is yes.
    """

    format: str
    is_open: bool
    store: str | None = None
    state: str | None = None
    source: str | None = None
    # Not there where nobody named them, so that a request of an earlier release is still known as the same.
    tier: str | UnsetType = UNSET
    consent: str | UnsetType = UNSET
    joined_from: str | UnsetType = UNSET
    joined_to: str | UnsetType = UNSET

    @property
    def filters(self) -> dict[str, str]:
        """What members are chosen by, by name."""
        chosen = {"home_store": self.store, "state": self.state, "source": self.source}
        chosen |= {name: getattr(self, name) or None for name in ("tier", "consent", "joined_from", "joined_to")}
        return {name: value for name, value in chosen.items() if value is not None}


def begin(session: Session, id_: UUID, wanted: Wanted, *, actor: str, now: datetime) -> MemberExport:
    """Have a file put together."""
    count = select(func.count()).select_from(Member).where(*_chosen(wanted.filters))
    one = MemberExport(
        id=id_,
        state="running",
        format=wanted.format,
        is_open=wanted.is_open,
        filters=wanted.filters,
        last=None,
        pieces=0,
        members=session.execute(count).scalar_one(),
        members_done=0,
        actor=actor,
        made_at=now,
        until=now + timedelta(hours=KEPT_H),
    )
    session.add(one)
    session.flush()
    return one


def _chosen(filters: dict[str, str]) -> list[ColumnElement[bool]]:
    # Who is erased has nothing to tell.
    living = Member.state.not_in(("erasing", "erased"))
    return [living, *(_condition(name, value) for name, value in sorted(filters.items()))]


def _condition(name: str, value: str) -> ColumnElement[bool]:
    match name:
        case "tier":
            return Member.id.in_(select(Standing.member).where(Standing.tier == value))
        case "consent":
            return Member.id.in_(consent.agreeing(value))
        case "joined_from":
            return Member.joined_at >= datetime.fromisoformat(value)
        case "joined_to":
            return Member.joined_at < datetime.fromisoformat(value)
        case _:
            column: ColumnElement[bool] = getattr(Member, name) == value
            return column


class Exporter:
    """Puts files of members together."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    def run(self) -> None:
        """Put together whatever waits now, and destroy what nobody fetched in time."""
        self._database.run(lambda session: destroy_old(session, self._clock()))
        while self._database.run(self._step):
            pass

    def _step(self, session: Session) -> bool:
        query = select(MemberExport).where(MemberExport.state == "running").order_by(MemberExport.made_at)
        one = session.execute(query.limit(1).with_for_update()).scalar_one_or_none()
        if one is None:
            return False
        members = _next(session, one)
        if members:
            sealed = self._vault.wrap_secret(
                msgspec.msgpack.encode(self._rows(session, one, members)), place_of(one.id)
            )
            session.add(ExportPiece(of=one.id, number=one.pieces, sealed=sealed))
            one.last, one.pieces, one.members_done = members[-1].id, one.pieces + 1, one.members_done + len(members)
        if len(members) < PIECE_MEMBERS:
            one.state = "done"
        return True

    def _rows(self, session: Session, one: MemberExport, members: Sequence[Member]) -> list[Cells]:
        ids = [member.id for member in members]
        read = profile.read if one.is_open else profile.read_masked
        personal, points = read(session, self._vault, ids, PERSONAL), _points(session, ids)
        return [
            (
                member.number,
                *(personal[member.id].get(field, "") for field in PERSONAL),
                *(member.home_store, member.language, member.source, member.state, member.joined_at.isoformat()),
                str(points.get(member.id, 0)),
            )
            for member in members
        ]


def _next(session: Session, one: MemberExport) -> Sequence[Member]:
    query = select(Member).where(*_chosen(one.filters))
    if one.last is not None:
        query = query.where(Member.id > one.last)
    return session.execute(query.order_by(Member.id).limit(PIECE_MEMBERS)).scalars().all()


def _points(session: Session, members: Sequence[UUID]) -> dict[UUID, int]:
    query = select(Account.owner, Account.balance).where(among(session, Account.owner, members), Account.book == POINTS)
    return {row.owner: row.balance for row in session.execute(query)}


def rows_of(database: Database, vault: Vault, one: MemberExport) -> Iterator[list[Cells]]:
    """The rows of a file, piece by piece, its header first; each is read by itself, because fetching may be slow."""
    yield [HEADER]
    for number in range(one.pieces):
        with database.read() as session:
            sealed = session.get_one(ExportPiece, (one.id, number)).sealed
        yield msgspec.msgpack.decode(vault.unwrap_secret(sealed, place_of(one.id)), type=list[Cells])


def destroy_old(session: Session, now: datetime) -> None:
    """Destroy files whose time is over."""
    query = select(MemberExport).where(MemberExport.state != "gone", MemberExport.until <= now)
    for one in session.execute(query.order_by(MemberExport.id).with_for_update()).scalars():
        session.execute(delete(ExportPiece).where(ExportPiece.of == one.id))
        one.state = "gone"


def place_of(export: UUID) -> str:
    """Place of the pieces of an export, as the vault names it."""
    return f"member_exports|{export}"
