"""What this kiosk did for members and the hub has not booked yet, whatever its kind, and what it could not take.

An act stands here from the put that journaled its event until a snapshot of its member says it by itself, so that a
figure on the screen never jumps back. What the hub rejects becomes a notice, which stays until the member has seen it.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Struct
from tinydb.table import Document

from kiosk.store.events import EventChain, Refused, Stamp
from kiosk.store.owners import owners
from kiosk.store.tables import JournalDB
from protocol import codec
from protocol.envelope import Event
from protocol.events import NoticeSeen, ReceiptScanned
from protocol.limits import NOTICES_MAX
from protocol.state import MemberSnapshot, Notice, OpenVoucher

REDEEMED = "redeemed"
SCANNED = "scanned"
NOTICE_SEEN = "notice_seen"

ACTS_TABLE = "provisional"
NOTICES_TABLE = "notices"


class Act(Struct, frozen=True, kw_only=True):
    """One act: `points` are what it moves in the last snapshot, `data` what its kind needs to be shown.

    `settled` is the hub's time of the receipt that took it; snapshots from then on say it by themselves.
    """

    kind: str
    member: UUID
    points: int
    at: datetime
    data: dict[str, Any] = {}
    settled: datetime | None = None


class Register:
    """Acts by their event's place in the journal, and notices by that of the event they are about.

    Memory holds whose they are, never what they are.
    """

    def __init__(self, db: JournalDB, chain: EventChain) -> None:
        self._db = db
        self._chain = chain
        self._acts = db.table(ACTS_TABLE)
        self._notices = db.table(NOTICES_TABLE)
        self._by_member: dict[bytes, list[int]] = {}
        self._told: dict[bytes, list[int]] = {}
        self._open: deque[int] = deque()
        self._parked: set[int] = set()
        for seq, owned in owners(db, ACTS_TABLE):
            self._by_member.setdefault(owned.member.bytes, []).append(seq)
            if owned.settled is None:
                self._open.append(seq)
        for seq, owned in owners(db, NOTICES_TABLE):
            self._told.setdefault(owned.member.bytes, []).append(seq)

    def write(self, seq: int, act: Act) -> None:
        """Put an act into the change that journals its event; `written` follows once that is durable."""
        self._acts.insert(Document(msgspec.to_builtins(act), seq))

    def written(self, seq: int, act: Act) -> None:
        """Know an act whose event is journaled."""
        self._by_member.setdefault(act.member.bytes, []).append(seq)
        self._open.append(seq)

    def scan(self, body: ReceiptScanned, told: dict[str, Any], stamp: Stamp, random_bytes: Sequence[bytes]) -> None:
        """Journal that a member has scanned a receipt; `told` is what of it can be shown. Takes one random value."""
        act = Act(kind=SCANNED, member=body.member, points=0, at=stamp.now, data=told)
        seq = self._chain.head.seq + 1
        self._chain.append([body], stamp, random_bytes, also=lambda: self.write(seq, act))
        self.written(seq, act)

    def of_member(self, member: UUID) -> list[tuple[int, Act]]:
        """What was done for a member and no snapshot says yet, in order."""
        return list(self._read(self._by_member.get(member.bytes, ())))

    def notices(self, member: UUID) -> list[Notice]:
        """What this kiosk itself has to tell the member."""
        found = (self._notices.get(doc_id=seq) for seq in self._told.get(member.bytes, ()))
        return [msgspec.convert(document["notice"], Notice) for document in found if document is not None]

    def settle(self, at: datetime, known_as_of: Callable[[UUID], datetime | None]) -> None:
        """Take the hub's verdicts on what it has booked by now, at its time `at`; what it parked waits on.

        `known_as_of` tells how new the snapshot of a member is that this kiosk holds; None where it holds none.
        """
        booked = self._booked()
        verdicts = {seq: self._chain.verdict_on(seq) for seq in (*self._parked, *booked)}
        parked = {seq for seq, verdict in verdicts.items() if verdict is not None and not verdict.is_final}
        acts = list(self._read(seq for seq in verdicts if seq not in parked))
        if acts:
            with self._db.together(making_room=True):
                gone = [
                    (seq, act)
                    for seq, act in acts
                    if self._end(seq, act, verdicts[seq], at=at, known=known_as_of(act.member))
                ]
            self._forget(gone)
        self._parked = parked
        for _ in booked:
            self._open.popleft()

    def learned(self, member: UUID, as_of: datetime) -> None:
        """Take away what a member's snapshot of that time says by itself."""
        gone = [(seq, act) for seq, act in self.of_member(member) if act.settled is not None and act.settled <= as_of]
        if gone:
            with self._db.together(making_room=True):
                self._acts.remove(doc_ids=[seq for seq, _act in gone])
            self._forget(gone)

    def see(self, member: UUID, notice: UUID, stamp: Stamp, random_bytes: Sequence[bytes]) -> None:
        """Journal that the member has seen a notice, and let go of it. Takes one random value."""
        act = Act(kind=NOTICE_SEEN, member=member, points=0, at=stamp.now, data={"notice": str(notice)})
        seq = self._chain.head.seq + 1
        told = self._told.get(member.bytes, [])
        found = [place for place in told if self._notice_at(place) == str(notice)]

        def change() -> None:
            self.write(seq, act)
            self._notices.remove(doc_ids=found)

        self._chain.append([NoticeSeen(notice, member)], stamp, random_bytes, also=change)
        self.written(seq, act)
        for place in found:
            told.remove(place)

    def _notice_at(self, seq: int) -> str:
        document = self._notices.get(doc_id=seq)
        return "" if document is None else str(document["notice"]["id"])

    def _booked(self) -> list[int]:
        booked: list[int] = []
        for seq in self._open:
            if seq > self._chain.confirmed.seq:
                break
            booked.append(seq)
        return booked

    def _read(self, places: Iterable[int]) -> Iterator[tuple[int, Act]]:
        for seq in places:
            document = self._acts.get(doc_id=seq)
            if document is not None:
                yield seq, msgspec.convert(dict(document), Act)

    def _end(self, seq: int, act: Act, verdict: Refused | None, *, at: datetime, known: datetime | None) -> bool:
        """Settle one act, inside a put; tells whether nothing has to lie over the snapshot any more."""
        if verdict is not None:
            self._tell(seq, act, verdict.code)
        elif known is not None and known < at:
            self._acts.update({"settled": msgspec.to_builtins(at)}, doc_ids=[seq])
            return False
        self._acts.remove(doc_ids=[seq])
        return True

    def _tell(self, seq: int, act: Act, code: str) -> None:
        if act.kind == NOTICE_SEEN:
            return
        told = self._told.setdefault(act.member.bytes, [])
        self._notices.remove(doc_ids=[old for old in told[: -NOTICES_MAX + 1] if self._notices.contains(doc_id=old)])
        event = codec.decode(next(self._chain.read(seq, 1)), Event)
        notice = Notice(event.id, code, act.at, {"kind": act.kind, **act.data})
        document = {"member": str(act.member), "notice": msgspec.to_builtins(notice)}
        self._notices.upsert(Document(document, seq))
        told.append(seq)

    def _forget(self, gone: Sequence[tuple[int, Act]]) -> None:
        for seq, act in gone:
            places = self._by_member[act.member.bytes]
            places.remove(seq)
            if not places:
                del self._by_member[act.member.bytes]


def laid_over(
    snapshot: MemberSnapshot, acts: Sequence[tuple[int, Act]], notices: Sequence[Notice]
) -> tuple[MemberSnapshot, int, dict[UUID, int]]:
    """The snapshot as the member should see it; what points of it are not booked yet, and places of spends so."""
    redeemed = {UUID(act.data["spend"]): (seq, act) for seq, act in acts if act.kind == REDEEMED}
    known = {voucher.spend for voucher in snapshot.vouchers}
    added = [
        OpenVoucher(spend, UUID(act.data["reward"]), act.at)
        for spend, (_seq, act) in redeemed.items()
        if spend not in known
    ]
    seen = {act.data["notice"] for _seq, act in acts if act.kind == NOTICE_SEEN}
    told = {notice.id: notice for notice in (*(snapshot.notices or ()), *notices) if str(notice.id) not in seen}
    shown = msgspec.structs.replace(
        snapshot,
        points=max(snapshot.points + sum(act.points for _seq, act in acts), 0),
        vouchers=[*snapshot.vouchers, *added],
        notices=list(told.values()) or UNSET,
    )
    unsettled = [(seq, act) for seq, act in acts if act.settled is None]
    spends = {spend: seq for spend, (seq, act) in redeemed.items() if act.settled is None}
    return shown, sum(act.points for _seq, act in unsettled), spends


def scanned(acts: Sequence[tuple[int, Act]]) -> dict[str, int]:
    """Receipts among these acts by their numbers, each with the points that it may earn."""
    return {act.data["receipt"]: act.data["expected"] for _seq, act in acts if act.kind == SCANNED}
