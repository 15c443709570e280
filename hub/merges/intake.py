"""Booking of merges: everything of one member moves to another, comes back, or follows later."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from hub.audit.service import Act, audit
from hub.cards.models import Card
from hub.day_end.findings import SINKS
from hub.db.bulk import insert_rows, update_rows
from hub.db.session import RaceLostError
from hub.fleet import queries as fleet_queries
from hub.fleet.service import Fleet
from hub.intake import Entry, Outcome, Work, applied, lacking, rejected
from hub.ledger.rules import Books, Context
from hub.members.models import Consent, Member
from hub.members.vault import Renewed, Vault, VaultKeys
from hub.merges import contacts, queries
from hub.merges.contacts import Contacts
from hub.merges.models import Merge
from hub.merges.queries import Thing
from hub.merges.rules import FOLLOWED, MERGED, UNMERGED, Moved, Pair, Undoing, move_all
from hub.merges.service import MERGED_STATE, MembersMerged, MergeUndone, ValueFollowed
from hub.points.service import points_account, qualifying_account, recover
from hub.rewards.models import Voucher
from hub.tiers.rules import level_after
from hub.tiers.service import MemberState, Promotion, Standings
from hub.wallet.service import BONUS, PRINCIPAL
from protocol.errors import ErrorCode
from protocol.ids import derived_id

THINGS: dict[str, Thing] = {"cards": Card, "consents": Consent, "vouchers": Voucher}
"""What is not value and belongs to one member: it moves by its row."""

MERGEABLE = frozenset({"active", "blocked", "inactive"})
"""States of a member that can be merged into another."""


@dataclass(slots=True)
class MergeState:
    """A merge as a booking sees it."""

    id: UUID
    kept: UUID
    merged: UUID
    before: dict[str, Any]
    moved: dict[str, Any]
    is_undone: bool
    is_changed: bool = False

    @property
    def pair(self) -> Pair:
        """Whom it is about."""
        return Pair(self.kept, self.merged)

    @property
    def moves(self) -> list[Moved]:
        """What it has moved."""
        return [msgspec.convert(document, Moved) for document in self.moved.values()]

    def note(self, moved: Sequence[Moved]) -> None:
        """Note what was moved, so that it can be moved back."""
        self.moved = self.moved | {str(move.transfer): msgspec.to_builtins(move) for move in moved}
        self.is_changed = True


@dataclass(frozen=True, slots=True)
class Change:
    """A change that an entry makes to merge and members, to be written after the books."""

    entry: Entry
    merge: MergeState
    reason: str
    phone: str = "kept"
    email: str = "kept"


@dataclass(slots=True)
class Merges:
    """Part of a booking's working set: merges it names, versions of members as they were read, and what is new."""

    known: dict[UUID, MergeState] = field(default_factory=dict)
    versions: dict[UUID, int] = field(default_factory=dict)
    things: dict[tuple[UUID, str], list[UUID]] = field(default_factory=dict)
    expired: dict[UUID, int] = field(default_factory=dict)
    kiosks: dict[UUID, list[str]] = field(default_factory=dict)
    merged: list[Change] = field(default_factory=list)
    undone: list[Change] = field(default_factory=list)

    def insist(self, books: Books, pair: Pair) -> None:
        """Insist that neither member changed between the reading of what it has and the lock on its accounts.

        Raises:
            RaceLostError: if one did, so that everything is read again.
        """
        for member in (pair.kept, pair.merged):
            account = books.accounts[points_account(member)]
            if account.version - account.is_changed != self.versions.get(account.id):
                raise RaceLostError


class MergeIntake:
    """Handles `member.merged`, `member.unmerged` and `value.followed`."""

    def __init__(self, keys: VaultKeys, renewed: Renewed) -> None:
        self._keys, self._renewed = keys, renewed

    def load(self, session: Session, entries: Sequence[Entry], work: Work) -> None:
        """Find what both members have, and want all of it."""
        part, bodies = work.part(Merges), [entry.item.body for entry in entries]
        named = {body.merge for body in bodies if isinstance(body, MergeUndone | ValueFollowed)}
        for row in queries.merges(session, named):
            merge = MergeState(row.id, row.kept, row.merged, row.before, row.moved, row.undone_at is not None)
            part.known[merge.id] = merge
        pairs = [(body.kept, body.merged) for body in bodies if isinstance(body, MembersMerged)]
        pairs += [(merge.kept, merge.merged) for merge in part.known.values()]
        members = {member for pair in pairs for member in pair}
        contacts.load(session, Vault(self._keys, work.random_bytes, self._renewed), members, work.part(Contacts))
        _load_members(session, pairs, work)
        lots = {lot for merge in part.known.values() for lot in _undoing(merge, {}).lots}
        # A lot that was used up may be filled again before it is given back.
        for lot in lots.union(queries.origins_of(session, lots)):
            work.part(Books).want_lot(lot)
        part.expired = queries.expired_of(session, lots, {sink.account for sink in SINKS.values()})
        for merge in part.known.values():
            if merge.before.get("recovered"):
                work.part(Books).want_original(_undoing(merge, {}).recovery)

    def decide(self, entry: Entry, work: Work) -> Outcome:
        """Merge, take back, or have value follow."""
        match entry.item.body:
            case MembersMerged() as body:
                return _merge(entry, body, work)
            case MergeUndone() as body:
                return _undo(entry, body, work)
            case ValueFollowed() as body:
                return _follow(entry, body, work)
            case body:
                raise AssertionError(f"no merge is {type(body).__name__}")

    def write(self, session: Session, work: Work, now: datetime) -> None:
        """Write merges, the members' states, and whose cards, vouchers and contacts they are now."""
        part, vault = work.part(Merges), Vault(self._keys, work.random_bytes, self._renewed)
        _write_merges(session, part, now)
        for change in (*part.merged, *part.undone):
            merge, is_new = change.merge, not change.merge.is_undone
            _give_things(session, merge, merge.kept if is_new else merge.merged)
            contacts.swap(session, vault, merge.pair, merge.before["contacts"], contacts=work.part(Contacts))
            audit(session, _act(change, MERGED if is_new else UNMERGED), now, work.random_bytes)


def _load_members(session: Session, pairs: Sequence[tuple[UUID, UUID]], work: Work) -> None:
    part, books = work.part(Merges), work.part(Books)
    members = {member for pair in pairs for member in pair}
    if not members:
        return
    work.part(Standings).wanted.update(members)
    for name, model in THINGS.items():
        for row in queries.lock_things(session, model, members):
            part.things.setdefault((row.member, name), []).append(row.id)
    for kiosk, member in sorted(fleet_queries.copies_of(session, members)):
        part.kiosks.setdefault(member, []).append(kiosk)
    others: dict[UUID, list[UUID]] = {}
    for kept, merged in pairs:
        others.setdefault(kept, []).append(merged)
        others.setdefault(merged, []).append(kept)
    for row in queries.accounts_of(session, members):
        part.versions[row.id] = row.version
        books.want(row.id, lots=row.has_lots)
        name = row.book if row.id == derived_id(row.owner, row.book) else row.unit
        for other in others[row.owner]:
            books.want(derived_id(other, name), lots=row.has_lots)


def _merge(entry: Entry, body: MembersMerged, work: Work) -> Outcome:
    part, books, standings = work.part(Merges), work.part(Books), work.part(Standings)
    refusal = _members_refused(body, standings)
    if refusal is not None:
        return rejected(refusal)
    pair = Pair(body.kept, body.merged)
    part.insist(books, pair)
    refused = pair.refusal(books, (PRINCIPAL, BONUS))
    if refused is not None:
        code, member = refused
        if code is ErrorCode.MERGE_LEASED:
            return lacking(member, code, member=str(member))
        return rejected(code, member=str(member))
    kept, merged = standings.members[body.kept], standings.members[body.merged]
    before = _before(body, kept, merged, part)
    merge = MergeState(entry.item.id, body.kept, body.merged, before, {}, is_undone=False)
    context, cause = _context(entry, body.reason), {"merge": str(merge.id)}
    merge.note(move_all(books, context, pair, kind=MERGED, cause=cause))
    before["recovered"] = recover(books, context, pair.kept, cause)
    _judge(entry, kept, [kept.tier, merged.tier], work)
    merged.state = MERGED_STATE
    _touch_both(books, pair)
    _tell(part, pair, work)
    part.known[merge.id] = merge
    part.merged.append(Change(entry, merge, body.reason))
    return applied(
        merge=str(merge.id),
        kept=str(body.kept),
        merged=str(body.merged),
        moved=_sums(merge.moves),
        tier=kept.tier,
        points=books.held(points_account(body.kept)),
    )


def _members_refused(body: MembersMerged, standings: Standings) -> ErrorCode | None:
    kept, merged = standings.members.get(body.kept), standings.members.get(body.merged)
    if kept is None or merged is None:
        return ErrorCode.MEMBER_UNKNOWN
    if body.kept == body.merged:
        return ErrorCode.MERGE_SELF
    if MERGED_STATE in {kept.state, merged.state}:
        return ErrorCode.MEMBER_MERGED
    if merged.state not in MERGEABLE:
        return ErrorCode.MEMBER_UNKNOWN
    return None if kept.is_active else ErrorCode.MEMBER_BLOCKED


def _before(body: MembersMerged, kept: MemberState, merged: MemberState, part: Merges) -> dict[str, Any]:
    """What is put back when the merge is undone."""
    return {
        "tier": kept.tier,
        "state": merged.state,
        "things": {name: [str(id_) for id_ in part.things.get((body.merged, name), ())] for name in THINGS},
        "contacts": [name for name, choice in (("phone", body.phone), ("email", body.email)) if choice == "merged"],
    }


def _judge(entry: Entry, kept: MemberState, tiers: Sequence[str], work: Work) -> None:
    """Give the kept member the highest of some tiers, or the one that its qualifying points earn if that is higher."""
    books, standings = work.part(Books), work.part(Standings)
    qualifying = books.held(qualifying_account(kept.member))
    level = level_after(standings.levels, max(tiers, key=standings.rank), qualifying)
    if level.tier != kept.tier:
        evidence = {"qualifying": qualifying, "threshold": level.threshold, "merge": str(entry.item.id)}
        change = (entry.item.id, kept.member, kept.tier, level.tier, entry.caller.actor, evidence)
        standings.promotions.append(Promotion(*change, entry.moment.effective_at))
        kept.tier = level.tier


def _touch_both(books: Books, pair: Pair) -> None:
    for member in (pair.kept, pair.merged):
        books.touch(points_account(member))


def _tell(part: Merges, pair: Pair, work: Work) -> None:
    """Have every kiosk that knows one of the two know both: cards of the one are cards of the other from now on."""
    fleet = work.part(Fleet)
    for known, other in ((pair.kept, pair.merged), (pair.merged, pair.kept)):
        for kiosk in part.kiosks.get(known, ()):
            fleet.learn(kiosk, other)


def _undo(entry: Entry, body: MergeUndone, work: Work) -> Outcome:
    part, books, standings = work.part(Merges), work.part(Books), work.part(Standings)
    merge = part.known.get(body.merge)
    if merge is None:
        return rejected(ErrorCode.MERGE_UNKNOWN)
    if merge.is_undone:
        return rejected(ErrorCode.MERGE_UNDONE)
    kept, merged = standings.members[merge.kept], standings.members[merge.merged]
    if not kept.is_active:
        return rejected(ErrorCode.MEMBER_MERGED if kept.state == MERGED_STATE else ErrorCode.MEMBER_BLOCKED)
    undoing, context = _undoing(merge, part.expired), _context(entry, body.reason)
    missing = undoing.missing(books, context)
    if missing is not None:
        return rejected(ErrorCode.MERGE_SPENT, book=missing[0], missing=missing[1])
    undoing.put_back(books, context, {"merge": str(merge.id)})
    merge.is_undone = merge.is_changed = True
    merged.state = merge.before["state"]
    _judge(entry, kept, [merge.before["tier"]], work)
    _touch_both(books, merge.pair)
    part.undone.append(Change(entry, merge, body.reason))
    return applied(
        merge=str(merge.id),
        kept=str(merge.kept),
        merged=str(merge.merged),
        tier=kept.tier,
        points=books.held(points_account(merge.kept)),
    )


def _follow(entry: Entry, body: ValueFollowed, work: Work) -> Outcome:
    part, books = work.part(Merges), work.part(Books)
    merge = part.known[body.merge]
    if merge.is_undone:
        return rejected(ErrorCode.MERGE_UNDONE)
    part.insist(books, merge.pair)
    context, cause = _context(entry, ""), {"merge": str(merge.id)}
    moved = move_all(books, context, merge.pair, kind=FOLLOWED, cause=cause)
    recover(books, context, merge.kept, cause)
    merge.note(moved)
    _touch_both(books, merge.pair)
    return applied(merge=str(merge.id), moved=_sums(moved))


def _undoing(merge: MergeState, expired: dict[UUID, int]) -> Undoing:
    return Undoing(merge.id, merge.pair, merge.moves, merge.before.get("recovered", 0), expired)


def _sums(moved: Sequence[Moved]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for move in moved:
        sums[move.book] = sums.get(move.book, 0) + move.amount
    return sums


def _context(entry: Entry, reason: str) -> Context:
    return Context(entry.item.id, entry.caller.actor, entry.moment.effective_at, reason)


def _write_merges(session: Session, part: Merges, now: datetime) -> None:
    new = {change.merge.id for change in part.merged}
    insert_rows(
        session,
        Merge,
        ("id", "kept", "merged", "before", "moved", "actor", "reason", "at"),
        [
            (m.id, m.kept, m.merged, m.before, m.moved, change.entry.caller.actor, change.reason, now)
            for change in part.merged
            for m in (change.merge,)
        ],
    )
    changed = [merge for merge in part.known.values() if merge.is_changed and merge.id not in new]
    update_rows(session, Merge, ("id",), ("moved",), rows=[(merge.id, merge.moved) for merge in changed])
    undone = [(change.merge.id, change.entry.caller.actor, now) for change in part.undone]
    update_rows(session, Merge, ("id",), ("undone_by", "undone_at"), rows=undone)
    states = [(change.merge.merged, MERGED_STATE) for change in part.merged]
    states += [(change.merge.merged, change.merge.before["state"]) for change in part.undone]
    update_rows(session, Member, ("id",), ("state",), rows=states)


def _give_things(session: Session, merge: MergeState, owner: UUID) -> None:
    """Give what came with the merge to one of the two, where the other still has it."""
    other = merge.merged if owner == merge.kept else merge.kept
    for name, ids in merge.before["things"].items():
        queries.give(session, THINGS[name], [UUID(id_) for id_ in ids], (other, owner))


def _act(change: Change, action: str) -> Act:
    told = {"merge": str(change.merge.id), "merged": str(change.merge.merged)}
    return Act(change.entry.caller.actor, action, str(change.merge.kept), {}, told, reason=change.reason)
