"""All SQL of the fleet."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, case, delete, func, select, tuple_, update
from sqlalchemy.orm import Session

from hub.db.bulk import insert_rows, update_rows
from hub.db.reading import Asked, Prepared, Rows, among
from hub.fleet.models import Duty, HubState, Kiosk, MemberCopy, Publication, Stream, StreamGap
from protocol.duties import Holding
from protocol.limits import NEIGHBOURS_MAX


def lock_kiosks(session: Session, ids: Collection[str]) -> Asked[Rows]:
    """Lock and load kiosks, in the order of their ids."""
    return _KIOSKS.ask(session, ids=ids)


_KIOSKS = Prepared(
    lambda among: (
        select(Kiosk.id, Kiosk.store, Kiosk.state, Kiosk.last_duty, Kiosk.last_lease)
        .where(among(Kiosk.id, "ids"))
        .order_by(Kiosk.id)
        .with_for_update()
    )
)


def ask_streams(session: Session, kiosks: Collection[str]) -> Asked[Rows]:
    """Every epoch of these kiosks' journals."""
    return _STREAMS.ask(session, kiosks=kiosks)


_STREAMS = Prepared(
    lambda among: select(
        *(Stream.kiosk, Stream.epoch, Stream.state, Stream.upto, Stream.hash, Stream.effective_at),
        select(func.coalesce(func.max(StreamGap.last), 0))
        .where(StreamGap.kiosk == Stream.kiosk, StreamGap.epoch == Stream.epoch)
        .correlate(Stream)
        .scalar_subquery(),
    ).where(among(Stream.kiosk, "kiosks"))
)


def public_keys(session: Session, kiosks: Collection[str]) -> dict[str, bytes]:
    """Public keys (DER) of active kiosks."""
    return {row.id: row.public_key for row in _PUBLIC_KEYS.rows(session, kiosks=kiosks)}


_PUBLIC_KEYS = Prepared(
    lambda among: select(Kiosk.id, Kiosk.public_key).where(among(Kiosk.id, "kiosks"), Kiosk.state == "active")
)


def device_keys(session: Session, kiosks: Collection[str]) -> dict[str, bytes]:
    """Public keys (DER) of kiosks, revoked ones among them: what they signed before stands."""
    query = select(Kiosk.id, Kiosk.public_key).where(among(session, Kiosk.id, kiosks))
    return {row.id: row.public_key for row in session.execute(query)}


def copies_of(session: Session, members: Collection[UUID]) -> set[tuple[str, UUID]]:
    """Which kiosks know which of these members."""
    query = select(MemberCopy.kiosk, MemberCopy.member).where(among(session, MemberCopy.member, members))
    return {(row.kiosk, row.member) for row in session.execute(query)}


STALE_COPIES_MAX = 1_000
"""Most stale copies read at a time: after a restore every copy is one."""


def stale_copies(
    session: Session, kiosks: Collection[str], after: tuple[str, UUID] | None = None
) -> list[tuple[str, UUID, int]]:
    """Copies that these kiosks hold and that are older than they should be: the first, or those after one of them."""
    if after is None:
        return list(_STALE_COPIES.rows(session, kiosks=kiosks))
    follows = tuple_(MemberCopy.kiosk, MemberCopy.member) > after
    query = _stale().where(among(session, MemberCopy.kiosk, sorted(kiosks)), follows)
    return [(row.kiosk, row.member, row.wanted) for row in session.execute(query)]


def _stale() -> Select[str, UUID, int]:
    columns = (MemberCopy.kiosk, MemberCopy.member)
    found = select(*columns, MemberCopy.wanted).where(MemberCopy.wanted > MemberCopy.held)
    return found.order_by(*columns).limit(STALE_COPIES_MAX)


_STALE_COPIES = Prepared(lambda among: _stale().where(among(MemberCopy.kiosk, "kiosks")))


def note_held(session: Session, kiosk: str, versions: Mapping[UUID, int]) -> set[UUID]:
    """Note which snapshot versions a kiosk holds; 0 says that it has forgotten the member.

    Returns whom it holds without the hub's knowledge.
    """
    held = [(kiosk, member, version) for member, version in sorted(versions.items()) if version > 0]
    changed = update_rows(session, MemberCopy, ("kiosk", "member"), ("held",), rows=held)
    forgotten = [member for member, version in versions.items() if version == 0]
    if forgotten:
        gone = delete(MemberCopy).where(MemberCopy.kiosk == kiosk, among(session, MemberCopy.member, forgotten))
        session.execute(gone)
    if changed == len(held):
        return set()
    members = [member for _kiosk, member, _version in held]
    return set(members) - {member for one, member in copies_of(session, members) if one == kiosk}


def note_found(session: Session, kiosk: str, members: Collection[UUID]) -> None:
    """Have a kiosk sent the newest snapshots of members whom it holds and the hub did not know to be there."""
    insert_rows(session, MemberCopy, ("kiosk", "member", "wanted", "held"), [(kiosk, one, 1, 0) for one in members])


def holding_of(session: Session, kiosk: str) -> Holding:
    """What a kiosk holds in all, by what it has reported."""
    figures = select(func.count(), func.coalesce(func.sum(MemberCopy.held), 0))
    members, versions = session.execute(figures.where(MemberCopy.kiosk == kiosk, MemberCopy.held > 0)).one()
    return Holding.of(members, int(versions))


def send_all_again(session: Session, kiosk: str) -> None:
    """Take no snapshot that a kiosk has reported for held any more."""
    wanted = case((MemberCopy.wanted < MemberCopy.held, MemberCopy.held), else_=MemberCopy.wanted)
    held = update(MemberCopy).where(MemberCopy.kiosk == kiosk, MemberCopy.held > 0)
    session.execute(held.values(wanted=wanted, held=0))


def open_duties(session: Session, kiosks: Collection[str]) -> Rows:
    """Duties of these kiosks that are not done, in order."""
    return _OPEN_DUTIES.rows(session, kiosks=kiosks)


_OPEN_DUTIES = Prepared(
    lambda among: (
        select(Duty.kiosk, Duty.number, Duty.kind, Duty.body)
        .where(Duty.done_at.is_(None), among(Duty.kiosk, "kiosks"))
        .order_by(Duty.kiosk, Duty.number)
    )
)


def close_duties(session: Session, kiosk: str, upto: int, now: datetime) -> None:
    """Note that a kiosk has done its duties up to a number."""
    done = update(Duty).where(Duty.kiosk == kiosk, Duty.number <= upto, Duty.done_at.is_(None))
    session.execute(done.values(done_at=now))


def duties_given_since(session: Session, kiosk: str, since: datetime, *, upto: int) -> list[int]:
    """Numbers of a kiosk's open duties, up to a number, that were given since a moment; in order."""
    query = select(Duty.number).where(
        Duty.kiosk == kiosk, Duty.number <= upto, Duty.done_at.is_(None), Duty.given_at >= since
    )
    return list(session.execute(query.order_by(Duty.number)).scalars())


def move_duty(session: Session, kiosk: str, number: int, to: int) -> None:
    """Give a duty another number."""
    session.execute(update(Duty).where(Duty.kiosk == kiosk, Duty.number == number).values(number=to))


def gaps(session: Session, kiosks: Collection[str] | None = None) -> list[StreamGap]:
    """Gaps in journals, the newest first; of these kiosks, or of all."""
    query = select(StreamGap)
    if kiosks is not None:
        query = query.where(among(session, StreamGap.kiosk, kiosks))
    return list(session.execute(query.order_by(StreamGap.found_at.desc(), StreamGap.kiosk, StreamGap.first)).scalars())


def publications(session: Session) -> dict[str, int]:
    """Current version of every document."""
    return {row.name: row.version for row in _PUBLICATIONS.rows(session)}


_PUBLICATIONS = Prepared(lambda _among: select(Publication.name, Publication.version))


def configurations(session: Session, kiosks: Collection[str]) -> Rows:
    """Current version of each of these kiosks' configuration."""
    return _CONFIGURATIONS.rows(session, kiosks=kiosks)


_CONFIGURATIONS = Prepared(
    lambda among: select(Kiosk.id, Kiosk.configuration).where(among(Kiosk.id, "kiosks")).order_by(Kiosk.id)
)


def raise_version(session: Session, name: str) -> None:
    """Give a document its next version."""
    session.execute(update(Publication).where(Publication.name == name).values(version=Publication.version + 1))


def neighbours(session: Session, kiosk: str, store: str) -> dict[str, str]:
    """Addresses of the other kiosks of a store that are active and have one, the first by their ids."""
    query = select(Kiosk.id, Kiosk.address).where(
        Kiosk.store == store, Kiosk.id != kiosk, Kiosk.state == "active", Kiosk.address.is_not(None)
    )
    found = session.execute(query.order_by(Kiosk.id).limit(NEIGHBOURS_MAX))
    return {row.id: row.address for row in found}


def raise_configuration(session: Session, store: str) -> None:
    """Have every kiosk of a store fetch its configuration anew; they are locked in the order of their ids."""
    session.execute(select(Kiosk.id).where(Kiosk.store == store).order_by(Kiosk.id).with_for_update())
    session.execute(update(Kiosk).where(Kiosk.store == store).values(configuration=Kiosk.configuration + 1))


def hub_epoch(session: Session) -> UUID:
    """What identifies this database since its last restore."""
    epoch: UUID
    [(epoch,)] = _HUB_EPOCH.rows(session)
    return epoch


_HUB_EPOCH = Prepared(lambda _among: select(HubState.epoch))
