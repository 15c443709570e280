"""What becomes of some rows: who joins, who is updated, who is left alone, and what is wrong. Once per piece.

A check asks the same questions and writes nothing; what a run has written by then, a check has only heard of.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from hub.imports import queries
from hub.imports.columns import CUSTOM, FIELDS, HOME_STORE, LANGUAGE, POINTS, SOURCE
from hub.imports.drafts import CellFault, Draft, column_of, drafted
from hub.imports.files import Row
from hub.imports.opening import open_books
from hub.imports.service import Plan
from hub.intake import RandomBytes
from hub.members import fields, profile, service
from hub.members.definitions import FieldDefinition
from hub.members.definitions import judged as judged_fields
from hub.members.models import Member
from hub.members.profile import Given, Judged
from hub.members.rules import INDEXED, NAME, PHONE, Fault, normal
from hub.members.service import Profile
from hub.members.vault import Vault
from hub.programme.service import Terms
from hub.stores import service as stores
from protocol.errors import ErrorCode


@dataclass(frozen=True, slots=True)
class Bench:
    """What every row of a piece is worked on with."""

    vault: Vault
    terms: Terms
    plan: Plan
    import_id: UUID
    now: datetime
    random: RandomBytes
    is_erased: Callable[[str, str], bool]

    def fault(self, draft: Draft, name: str, code: ErrorCode) -> CellFault:
        """Something that is wrong in the cell of a field."""
        named = name if name in FIELDS else f"{CUSTOM}{name}"
        return CellFault(draft.line, column_of(self.plan.columns, named), named, code)

    @property
    def definitions(self) -> Mapping[str, FieldDefinition]:
        """The fields that the chain has defined."""
        return fields.definitions(self.terms)


@dataclass(slots=True)
class Counts:
    """What became of rows."""

    joined: int = 0
    updated: int = 0
    skipped: int = 0
    faulty: int = 0
    faults: list[CellFault] = field(default_factory=list)

    def refuse(self, faults: Sequence[CellFault]) -> None:
        """Count a row of which nothing is taken."""
        self.faulty += 1
        self.faults += faults


@dataclass(frozen=True, slots=True)
class Ready:
    """A row that can be carried out: its judged values, and who has its phone number already."""

    draft: Draft
    values: Mapping[str, str | None]
    custom: Mapping[str, str | None]
    owner: UUID | None
    is_known: bool


def work_off(session: Session, bench: Bench, rows: Sequence[Row]) -> Counts:
    """Bring the members of some rows in."""
    counts = Counts()
    drafts = _drafts(session, bench, rows, counts)
    while drafts:
        ready, drafts = _judge(session, bench, drafts, counts, seen=frozenset())
        _join(session, bench, [one for one in ready if not one.is_known], counts)
        _meet(session, bench, [one for one in ready if one.is_known], counts)
    return counts


def look_at(session: Session, bench: Bench, rows: Sequence[Row], seen: set[str]) -> Counts:
    """What would become of some rows. `seen` are the phone numbers of the file so far, and is added to."""
    counts = Counts()
    drafts = _drafts(session, bench, rows, counts)
    while drafts:
        ready, drafts = _judge(session, bench, drafts, counts, seen=frozenset(seen))
        known = [one for one in ready if one.is_known]
        counts.joined += len(ready) - len(known)
        _count_met(bench, known, counts)
        seen.update(phone for one in ready if (phone := one.values.get(PHONE)))
    return counts


def _drafts(session: Session, bench: Bench, rows: Sequence[Row], counts: Counts) -> list[Draft]:
    known, drafts = queries.stores(session), []
    for row in rows:
        draft, faults = drafted(row, bench.plan.columns, known)
        if faults:
            # Everything that is wrong with a row is told at once, so that it is put right at once.
            more = normal(draft.personal, bench.now.date()).faults
            counts.refuse([*faults, *(bench.fault(draft, fault.field, fault.code) for fault in more)])
        else:
            drafts.append(draft)
    return drafts


def _judge(
    session: Session, bench: Bench, drafts: Sequence[Draft], counts: Counts, *, seen: frozenset[str]
) -> tuple[list[Ready], list[Draft]]:
    """Rows that can be carried out now; and those whose phone number one of these has too.

    The latter come in another round, and by then as known as if the first had come in an earlier piece.
    """
    ready: list[Ready] = []
    later: list[Draft] = []
    definitions = bench.definitions
    given = [Given(draft.personal) for draft in drafts]
    for draft, one in zip(drafts, profile.judge(session, bench.vault, given, bench.now.date()), strict=True):
        is_known = one.owner is not None or one.values.get(PHONE) in seen
        if not is_known and any(fault.code is ErrorCode.MEMBER_PHONE_TAKEN for fault in one.faults):
            later.append(draft)
            continue
        custom = judged_fields(definitions, draft.custom, joins=not is_known)
        gone = [] if is_known else _gone(bench, one)
        faults = _faults(bench, draft, [*_wrong(one), *custom.faults, *gone], is_known=is_known)
        if faults:
            counts.refuse(faults)
        else:
            ready.append(Ready(draft, one.values, custom.values, one.owner, is_known))
    return ready, later


def _wrong(one: Judged) -> list[Fault]:
    """What is wrong with a row's personal values; what becomes of a number that is known is for the plan to say."""
    return [fault for fault in one.faults if fault.code is not ErrorCode.MEMBER_PHONE_TAKEN]


def _gone(bench: Bench, one: Judged) -> list[Fault]:
    """Who was erased comes back by joining, not by a file that was written before."""
    had = {field: value for field in INDEXED if (value := one.values.get(field))}
    return [Fault(field, ErrorCode.MEMBER_ERASED) for field, value in had.items() if bench.is_erased(field, value)]


def _faults(bench: Bench, draft: Draft, found: Sequence[Fault], *, is_known: bool) -> list[CellFault]:
    faults = [bench.fault(draft, fault.field, fault.code) for fault in found]
    if is_known and bench.plan.duplicates == "fail":
        faults.append(bench.fault(draft, PHONE, ErrorCode.MEMBER_PHONE_TAKEN))
    if is_known and bench.plan.duplicates == "update" and draft.has_points:
        # An opening balance is for who is new; who is here has points that came otherwise.
        faults.append(bench.fault(draft, POINTS, ErrorCode.CELL_INVALID))
    return faults


def _join(session: Session, bench: Bench, ready: Sequence[Ready], counts: Counts) -> None:
    if not ready:
        return
    profiles = [_profile(one, bench.plan.defaults.plain()) for one in ready]
    members = service.join_many(session, bench.vault, profiles, now=bench.now, random=bench.random)
    balances = {member: (one.draft.line, one.draft.points) for member, one in zip(members, ready, strict=True)}
    open_books(session, bench.terms, stores.zone(session), balances, import_id=bench.import_id, now=bench.now)
    _write_custom(session, bench, dict(zip(members, ready, strict=True)))
    counts.joined += len(ready)


def _profile(one: Ready, defaults: Mapping[str, str]) -> Profile:
    plain, values = {**defaults, **one.draft.plain}, one.values
    birthday = values.get("birthday")
    more = {name: value for name, value in values.items() if name not in {NAME, PHONE, "birthday"}}
    return Profile(
        name=values[NAME] or "",
        phone=values.get(PHONE),
        birthday=date.fromisoformat(birthday) if birthday else None,
        home_store=plain[HOME_STORE],
        language=plain[LANGUAGE],
        source=plain[SOURCE],
        more=more,
    )


def _meet(session: Session, bench: Bench, ready: Sequence[Ready], counts: Counts) -> None:
    """Do with members who are there already what the plan says."""
    _count_met(bench, ready, counts)
    if bench.plan.duplicates != "update" or not ready:
        return
    by_owner = {one.owner: one for one in ready if one.owner is not None}
    profile.write(session, bench.vault, {owner: one.values for owner, one in by_owner.items()})
    _write_custom(session, bench, by_owner)
    for owner, one in by_owner.items():
        if one.draft.plain:
            session.execute(update(Member).where(Member.id == owner).values(**one.draft.plain))


def _count_met(bench: Bench, ready: Sequence[Ready], counts: Counts) -> None:
    if bench.plan.duplicates == "update":
        counts.updated += len(ready)
    else:
        counts.skipped += len(ready)


def _write_custom(session: Session, bench: Bench, by_member: Mapping[UUID, Ready]) -> None:
    values = {member: one.custom for member, one in by_member.items() if one.custom}
    if values:
        fields.write(session, bench.vault, bench.definitions, values)
