"""All SQL of erasures: what stands in their way, which kiosks they concern, and how far they are."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.orm import Session

from hub.cards.models import Card
from hub.db.reading import Rows, among
from hub.duplicates.models import Suspicion
from hub.fleet.models import Duty, Kiosk, MemberCopy
from hub.holds.models import Hold
from hub.leases.models import Lease
from hub.ledger.models import Account
from hub.members.models import Member, MemberField, MemberKey
from hub.members.tokens import forget
from hub.merges import service as merges
from hub.packages.service import COUNTS
from hub.privacy.models import ErasedCopy, Erasure, PersonalExport
from hub.wallet.service import BONUS, PRINCIPAL
from protocol import codec
from protocol.duties import ForgetMember
from protocol.kinds import kind_of

FORGET = kind_of(ForgetMember(UUID(int=0)))
MONEY = (PRINCIPAL, BONUS, COUNTS)
"""Books that hold what the member has paid for."""


def with_merged(session: Session, member: UUID) -> list[UUID]:
    """A member, and all that were merged into it, and into those."""
    return [member, *merges.into(session, member)]


def lock_accounts(session: Session, members: Collection[UUID]) -> None:
    """Have no booking change what these members hold until this transaction has ended."""
    query = select(Account.id).where(among(session, Account.owner, list(members))).order_by(Account.id)
    session.execute(query.with_for_update()).all()


def holds_money(session: Session, members: Collection[UUID]) -> bool:
    """Tell whether one of these members still has something that was paid for."""
    query = select(Account.id).where(
        among(session, Account.owner, list(members)), Account.book.in_(MONEY), Account.balance > 0
    )
    return session.execute(query.limit(1)).first() is not None


def has_value_out(session: Session, members: Collection[UUID]) -> bool:
    """Tell whether something of one of these members is held, or lent to a kiosk."""
    held = select(Hold.id).where(among(session, Hold.member, list(members)), Hold.state == "open")
    lent = select(Lease.number).where(
        among(session, Lease.member, list(members)), Lease.state.in_(("granted", "accepted"))
    )
    return any(session.execute(query.limit(1)).first() is not None for query in (held, lent))


def knowing(session: Session, members: Collection[UUID]) -> list[tuple[str, UUID]]:
    """Which kiosks know which of these members."""
    query = select(MemberCopy.kiosk, MemberCopy.member).where(among(session, MemberCopy.member, list(members)))
    return [(row.kiosk, row.member) for row in session.execute(query.order_by(MemberCopy.kiosk, MemberCopy.member))]


def destroy(session: Session, members: Collection[UUID], columns: Collection[str]) -> None:
    """Destroy the keys of these members and everything that was sealed under them; block their cards."""
    ids = list(members)
    forget(session, ids)
    session.execute(delete(MemberKey).where(among(session, MemberKey.member, ids)))
    session.execute(delete(MemberField).where(among(session, MemberField.member, ids)))
    session.execute(delete(MemberCopy).where(among(session, MemberCopy.member, ids)))
    suspected = or_(among(session, Suspicion.first, ids), among(session, Suspicion.second, ids))
    session.execute(delete(Suspicion).where(suspected))
    nothing = dict.fromkeys(columns) | {"name": b"", "state": "erasing"}
    session.execute(update(Member).where(among(session, Member.id, ids)).values(nothing))
    session.execute(
        update(Card).where(among(session, Card.member, ids), Card.state == "active").values(state="blocked")
    )
    session.execute(update(PersonalExport).where(among(session, PersonalExport.member, ids)).values(sealed=None))


def copies(session: Session, member: UUID) -> Rows:
    """Every kiosk that knew an erased member, and what became of it there."""
    query = select(ErasedCopy.kiosk, ErasedCopy.forgotten_at, Kiosk.state).join(Kiosk, Kiosk.id == ErasedCopy.kiosk)
    return session.execute(query.where(ErasedCopy.member == member).order_by(ErasedCopy.kiosk))


def note_forgotten(session: Session) -> None:
    """Note which kiosks have reported that they have forgotten."""
    # After a restore a duty may get another number, a higher one: it is known by what it asks for.
    query = (
        select(ErasedCopy, Duty.body, Duty.done_at)
        .join(Duty, and_(Duty.kiosk == ErasedCopy.kiosk, Duty.number >= ErasedCopy.duty))
        .where(ErasedCopy.forgotten_at.is_(None), Duty.kind == FORGET, Duty.done_at.is_not(None))
    )
    for copy, body, done_at in session.execute(query):
        if codec.decode(body.encode(), ForgetMember).member == copy.member:
            copy.forgotten_at = done_at


def forgotten_everywhere(session: Session, limit: int) -> list[Erasure]:
    """Erasures that wait for no kiosk any more. A revoked kiosk gets no key, so what it keeps is unreadable already."""
    waiting = (
        select(ErasedCopy.kiosk)
        .join(Kiosk, Kiosk.id == ErasedCopy.kiosk)
        .where(ErasedCopy.member == Erasure.member, ErasedCopy.forgotten_at.is_(None), Kiosk.state == "active")
    )
    query = select(Erasure).where(Erasure.done_at.is_(None), ~waiting.exists()).order_by(Erasure.began_at)
    return list(session.execute(query.limit(limit).with_for_update()).scalars())


def has_open(session: Session) -> bool:
    """Tell whether an erasure is not complete."""
    return session.execute(select(Erasure.member).where(Erasure.done_at.is_(None)).limit(1)).first() is not None


def learned_late(session: Session) -> list[tuple[str, UUID]]:
    """Kiosks that came to know an erased member while the erasure was being booked."""
    query = select(MemberCopy.kiosk, MemberCopy.member).join(Erasure, Erasure.member == MemberCopy.member)
    return [(row.kiosk, row.member) for row in session.execute(query.order_by(MemberCopy.kiosk, MemberCopy.member))]


def forget_copies(session: Session, copies: Collection[tuple[str, UUID]]) -> None:
    """Have these kiosks be told nothing more of these members."""
    for kiosk, member in copies:
        session.execute(delete(MemberCopy).where(MemberCopy.kiosk == kiosk, MemberCopy.member == member))


def take_up_again(session: Session, members: Collection[UUID]) -> None:
    """Have erasures be incomplete again."""
    ids = sorted(members)
    session.execute(update(Erasure).where(among(session, Erasure.member, ids)).values(done_at=None))
    session.execute(update(Member).where(among(session, Member.id, ids)).values(state="erasing"))


def not_erased(session: Session, members: Collection[UUID]) -> list[UUID]:
    """Those of these members who are there and were not erased."""
    query = select(Member.id).where(
        among(session, Member.id, list(members)), Member.state.not_in(("erasing", "erased"))
    )
    return list(session.execute(query.order_by(Member.id)).scalars())
