"""Erasing a member: the key and all that it opens are destroyed at once, and every kiosk is told to forget.

What the books say stays, under an id that leads to nobody any more. It is done when each kiosk has said so.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.audit.service import Act, audit, audit_all
from hub.db.session import Database, wake
from hub.fleet import service as fleet_service
from hub.fleet.service import Fleet
from hub.intake import Item, Outcome, RandomBytes
from hub.leases import recalls
from hub.members import profile
from hub.members.models import Member
from hub.members.profile import COLUMNS
from hub.members.rules import INDEXED
from hub.members.vault import Vault
from hub.privacy import queries
from hub.privacy.models import ErasedCopy, Erasure
from hub.privacy.tombstones import Tombstone, Tombstones
from hub.webhooks import service as webhooks
from hub.webhooks.rules import Event
from hub.webhooks.service import News
from protocol.duties import ForgetMember
from protocol.errors import ErrorCode
from protocol.ids import derived_id

ERASED = "member.erased"
PIECE_MAX_MEMBERS = 100


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants a member erased, who approved it, and why. The reason holds nothing personal."""

    request: UUID
    asked_by: str
    approved_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Eraser:
    """Erases members; with what it needs from outside the database."""

    tombstones: Tombstones
    vault: Vault
    random: RandomBytes

    def erase(self, session: Session, member: UUID, wish: Wish, now: datetime) -> ErrorCode | None:
        """Erase a member, with all that were merged into it; or why that must not be. Erased again, nothing changes."""
        members = queries.with_merged(session, member)
        kiosks = queries.knowing(session, members)
        fleet = _locked(session, {kiosk for kiosk, _member in kiosks})
        queries.lock_accounts(session, members)
        refusal = refusal_of(session, member, members)
        if refusal is None:
            self._destroy(session, queries.not_erased(session, members), wish, now)
            give(session, fleet, kiosks, now)
        return refusal

    def repeat(self, session: Session, now: datetime) -> int:
        """Erase again whom the list names and the database still knows, as after a restore; returns how many.

        Money does not stand in the way here: it did not when the member was erased, and the books keep it.
        """
        listed = {stone.member for stone in self.tombstones.all()}
        left = queries.not_erased(session, listed)[:PIECE_MAX_MEMBERS]
        if left:
            kiosks = queries.knowing(session, left)
            fleet = _locked(session, {kiosk for kiosk, _member in kiosks})
            wish = Wish(UUID(int=0), "job:erasures", "", "listed as erased before this database was restored")
            self._destroy(session, left, wish, now, is_listed=True)
            give(session, fleet, kiosks, now)
        return len(left)

    def _destroy(
        self, session: Session, members: Sequence[UUID], wish: Wish, now: datetime, *, is_listed: bool = False
    ) -> None:
        known = profile.read(session, self.vault, members, INDEXED)
        queries.destroy(session, members, COLUMNS)
        for member in members:
            session.add(
                Erasure(
                    member=member,
                    request=wish.request,
                    asked_by=wish.asked_by,
                    approved_by=wish.approved_by,
                    reason=wish.reason,
                    began_at=now,
                    done_at=None,
                )
            )
            change = {"approved_by": wish.approved_by}
            act = Act(wish.asked_by, ERASED, str(member), {}, change, reason=wish.reason)
            audit(session, act, now, self.random)
            news = News(derived_id(member, "news.erased"), Event.MEMBER_ERASED, now, {"member": str(member)})
            webhooks.tell_one(session, news)
        session.flush()
        # Last, so that whoever is listed was found to be erasable. What then fails is done at the next start.
        for member in () if is_listed else members:
            hashes = {field: known_by(self.vault, field, value) for field, value in known[member].items()}
            self.tombstones.add(Tombstone(member, now, **hashes))


def known_by(vault: Vault, field: str, value: str) -> str:
    """By what a phone number (E.164) or e-mail address is known to the list of erased members."""
    return vault.digest_of(f"erased.{field}", value).hex()


def refusal_of(session: Session, member: UUID, members: Collection[UUID]) -> ErrorCode | None:
    """Why a member cannot be erased now, with all that were merged into it; None where it can."""
    found = session.get(Member, member)
    if found is None:
        return ErrorCode.MEMBER_UNKNOWN
    if found.state == "merged":
        # Whoever it was merged into has its data and its money; erasing that one erases both.
        return ErrorCode.MEMBER_MERGED
    if queries.holds_money(session, members):
        return ErrorCode.ERASURE_MONEY_HELD
    return ErrorCode.ERASURE_VALUE_OUT if queries.has_value_out(session, members) else None


def call_back(database: Database, book: Callable[[Sequence[Item]], list[Outcome]], member: UUID, now: datetime) -> bool:
    """Have kiosks give back what is lent to them ahead; whether all of it comes at once."""
    with database.read() as session:
        items, is_coming = recalls.of_members(session, queries.with_merged(session, member), now)
    if items:
        book(items)
    return is_coming


def give(session: Session, fleet: Fleet, kiosks: Sequence[tuple[str, UUID]], now: datetime) -> None:
    """Have kiosks forget members; a revoked one is only written down."""
    for kiosk, member in kiosks:
        state = fleet.kiosks[kiosk]
        if state.is_active:
            fleet.give(kiosk, ForgetMember(member))
        copy = ErasedCopy(member=member, kiosk=kiosk, duty=state.last_duty if state.is_active else 0, forgotten_at=None)
        session.merge(copy)
    fleet_service.write(session, fleet, {}, now)
    if kiosks:
        wake(session)


def finish(session: Session, now: datetime, random: RandomBytes) -> int:
    """Take down what kiosks have reported; returns how many erasures are complete by it."""
    late = queries.learned_late(session)
    if late:
        give(session, _locked(session, {kiosk for kiosk, _member in late}), late, now)
        queries.forget_copies(session, late)
        queries.take_up_again(session, {member for _kiosk, member in late})
    queries.note_forgotten(session)
    complete = queries.forgotten_everywhere(session, PIECE_MAX_MEMBERS)
    acts = []
    for erasure in complete:
        erasure.done_at = now
        session.get_one(Member, erasure.member).state = "erased"
        kiosks = [each["kiosk"] for each in certificate(session, erasure)["kiosks"]]
        acts.append(Act("job:erasures", "member.erasure_done", str(erasure.member), {}, {"kiosks": kiosks}))
    audit_all(session, acts, now, random)
    return len(complete)


def is_any_open(session: Session) -> bool:
    """Tell whether an erasure is not complete yet, or must be taken up again."""
    return queries.has_open(session) or bool(queries.learned_late(session))


def certificate(session: Session, erasure: Erasure) -> dict[str, Any]:
    """What became of an erasure: who asked and approved, and which kiosk has forgotten when."""
    kiosks = [
        {
            "kiosk": copy.kiosk,
            "state": "forgotten" if copy.forgotten_at else "revoked" if copy.state == "revoked" else "waiting",
            "forgotten_at": copy.forgotten_at,
        }
        for copy in queries.copies(session, erasure.member)
    ]
    return {
        "member": erasure.member,
        "state": "erased" if erasure.done_at else "erasing",
        "asked_by": erasure.asked_by,
        "approved_by": erasure.approved_by,
        "reason": erasure.reason,
        "began_at": erasure.began_at,
        "done_at": erasure.done_at,
        "kiosks": kiosks,
    }


def _locked(session: Session, kiosks: set[str]) -> Fleet:
    fleet = Fleet(wanted=kiosks)
    fleet_service.ask(session, fleet).answer()
    return fleet
