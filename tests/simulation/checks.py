"""What must be true when a game has come to rest, whatever happened in it. Each check says what is wrong, in words."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from msgspec import UNSET
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.booking.models import Fact
from hub.fleet.models import MemberCopy, Stream
from hub.leases.models import Lease, StockLease
from hub.leases.rules import OPEN
from hub.ledger import service as ledger
from hub.ledger.models import Transfer
from hub.messaging.snapshots import snapshots
from hub.purchases.models import Purchase
from hub.rewards.models import Voucher
from kiosk.outbox import Trust
from protocol import codec
from protocol.envelope import Event
from protocol.errors import ErrorCode
from protocol.events import LeaseSpent, PurchaseRecorded
from protocol.limits import PASSED_LEASES_FROM
from tests.simulation.arena import REWARDS
from tests.simulation.kiosk import SimKiosk
from tests.simulation.truth import Receipt, Seen

if TYPE_CHECKING:
    from tests.simulation.game import Game


Body = TypeVar("Body", LeaseSpent, PurchaseRecorded)


@dataclass(slots=True)
class Findings:
    """What is wrong; of that, how much was lost, came twice, or was overdrawn. `passed` counts notes, which are not."""

    wrong: list[str] = field(default_factory=list)
    lost: int = 0
    doubled: int = 0
    overdrafts: int = 0
    passed: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """What journals told the hub of one thing, and what became of it."""

    kiosk: str
    lease: int
    verdict: str
    code: str | None


def check(game: "Game") -> Findings:
    """Look at everything."""
    found = Findings()
    with game.chain.world.hub.database.read() as session:
        found.wrong += ledger.prove(session).faults
        for kiosk in game.kiosks:
            found.wrong += _converged(session, kiosk)
            found.wrong += _same_snapshots(session, game, kiosk)
        found.wrong += _leases(session, game)
        found.wrong += _refused(game)
        told = _told(session)
        _vouchers(session, game, told, found)
        _receipts(session, game, found)
        _overdrafts(session, game, found)
        _pieces(session, game, found)
        _cheaters(session, game, found)
        notes = select(func.count()).where(Lease.number >= PASSED_LEASES_FROM)
        found.passed = session.execute(notes).scalar_one()
    return found


def _converged(session: Session, kiosk: SimKiosk) -> Iterator[str]:
    chain = kiosk.store.chain
    stream = session.get(Stream, (kiosk.id, chain.epoch))
    if kiosk.sync.outbox.trust is not Trust.GOOD or not kiosk.sync.may_spend:
        yield f"{kiosk.id} is {kiosk.sync.outbox.trust}, writable: {kiosk.store.is_writable}"
    if chain.confirmed != chain.head:
        yield f"{kiosk.id} has {chain.unconfirmed} events that nobody confirms"
    if stream is None or (stream.state, stream.upto, stream.hash) != ("accepted", chain.head.seq, chain.head.hash):
        yield f"{kiosk.id} stands at {chain.head.seq}, the hub at {stream and (stream.state, stream.upto)}"
    asked = select(Fact.raw).where(Fact.kiosk == kiosk.id, Fact.epoch == chain.epoch, Fact.seq > chain.oldest.seq)
    booked = list(session.execute(asked.order_by(Fact.seq)).scalars())
    if booked != list(chain.read(chain.oldest.seq + 1, chain.head.seq)):
        yield f"{kiosk.id} has other events than the hub"


def _same_snapshots(session: Session, game: "Game", kiosk: SimKiosk) -> Iterator[str]:
    """Kiosks show what the hub thinks: at the moment that they say, because a lot may have ended since."""
    vault = game.chain.world.hub.vault
    for copy in session.execute(select(MemberCopy).where(MemberCopy.kiosk == kiosk.id)).scalars().all():
        shown = kiosk.store.snapshots.of_member(copy.member)
        if shown is None:
            continue
        wanted = snapshots(session, vault, [copy.member], shown.as_of)[copy.member]
        figures = [(one.version, one.points, one.tier, one.debt, one.vouchers) for one in (shown, wanted)]
        if figures[0] != figures[1]:
            yield f"{kiosk.id} shows {figures[0]} of {copy.member}, the hub {figures[1]}"


def _leases(session: Session, game: "Game") -> Iterator[str]:
    """What the hub thinks is lent is what kiosks hold; what was asked for is spent or back.

    A kiosk may still hold what a person has written off; a hub that was restored since may not know of it.
    """
    thought: dict[tuple[str, int], tuple[int, int]] = {}
    for lease in session.execute(select(Lease).where(Lease.state.in_(OPEN))).scalars():
        thought[lease.kiosk, lease.number] = (lease.points, lease.spent)
        if lease.reward is not None or lease.state != "accepted":
            yield f"lease {lease.kiosk}/{lease.number} over {lease.points} is {lease.state} still"
    for stock in session.execute(select(StockLease).where(StockLease.state.in_(OPEN))).scalars():
        thought[stock.kiosk, stock.number] = (stock.pieces, stock.spent)
    held = {
        (kiosk.id, number): (lease.amount, lease.spent)
        for kiosk in game.kiosks
        for number, lease in kiosk.lent.items()
        if (kiosk.id, number) in thought or (kiosk.id, number) not in game.truth.written_off
    }
    if held != thought:
        more, less = sorted(held.items() - thought.items()), sorted(thought.items() - held.items())
        yield f"kiosks hold {more}, the hub thinks {less}"


def _refused(game: "Game") -> Iterator[str]:
    """Whatever breaks, kiosks say nothing that the hub cannot read; only a copied disk speaks for somebody else."""
    for line in game.chain.refused:
        if line.get("kiosk") not in game.truth.bounds:
            yield f"the hub did not take a message: {dict(line)}"


def _told(session: Session) -> dict[UUID, list[Told]]:
    told: dict[UUID, list[Told]] = {}
    for fact in session.execute(select(Fact).where(Fact.kind == "lease.spent")).scalars():
        body = _body(fact, LeaseSpent)
        told.setdefault(body.spend, []).append(Told(str(fact.kiosk), body.lease, fact.verdict, fact.code))
    return told


def _vouchers(session: Session, game: "Game", told: dict[UUID, list[Told]], found: Findings) -> None:
    vouchers = {voucher.id: voucher for voucher in session.execute(select(Voucher)).scalars()}
    for spend, seen in game.truth.seen.items():
        voucher = vouchers.get(spend)
        if voucher is None:
            if not _is_excused(game, seen, told.get(spend, [])):
                found.lost += 1
                found.wrong.append(f"voucher {spend} over {seen.points} was shown by {seen.kiosk} and is not booked")
        elif (voucher.member, voucher.reward, voucher.points) != (seen.member, seen.reward, seen.points):
            found.wrong.append(f"voucher {spend} is another than was shown")
    spent = session.execute(select(Transfer.amount).where(Transfer.kind == "lease.spent")).scalars().all()
    if sorted(spent) != sorted(voucher.points for voucher in vouchers.values()):
        found.doubled += 1
        found.wrong.append(f"{len(vouchers)} vouchers were paid for {len(spent)} times")


def _is_excused(game: "Game", seen: Seen, told: list[Told]) -> bool:
    """Only a journal that is gone, a copied disk or a person's decision can cost what a screen has promised."""
    truth = game.truth
    if seen.epoch in truth.lost or seen.kiosk in truth.bounds:
        return True
    return any(
        (fact.kiosk, fact.lease) in truth.written_off and fact.code == ErrorCode.LEASE_WRITTEN_OFF for fact in told
    )


def _receipts(session: Session, game: "Game", found: Findings) -> None:
    purchases: Counter[tuple[str, str]] = Counter()
    for row in session.execute(select(Purchase.store, Purchase.receipt)):
        purchases[row.store, row.receipt] += 1
    told: dict[str, str | None] = {}
    for fact in session.execute(select(Fact).where(Fact.kind == "purchase.recorded", Fact.seq.is_not(None))).scalars():
        told[_body(fact, PurchaseRecorded).receipt] = fact.code
    for receipt in game.truth.receipts:
        count = purchases[game.arena.founded.stores[receipt.kiosk], receipt.number]
        if count > 1:
            found.doubled += 1
            found.wrong.append(f"receipt {receipt.number} counts {count} times")
        if count == 0 and not _may_be_missing(game, receipt, told):
            found.lost += 1
            found.wrong.append(f"receipt {receipt.number} of {receipt.kiosk} is not booked")


def _may_be_missing(game: "Game", receipt: Receipt, told: dict[str, str | None]) -> bool:
    is_refused = told.get(receipt.number) == ErrorCode.PURCHASE_NOT_HERE
    return is_refused or receipt.epoch in game.truth.lost or receipt.kiosk in game.truth.bounds


def _overdrafts(session: Session, game: "Game", found: Findings) -> None:
    """What was handed out to a member is at most what the member ever had."""
    truth = game.truth
    vouchers = set(session.execute(select(Voucher.id)).scalars())
    gained: Counter[UUID] = Counter()
    numbers = {receipt.number for receipt in truth.receipts}
    for row in session.execute(select(Purchase.receipt, Purchase.member, Purchase.points)):
        if row.receipt in numbers:
            gained[row.member] += row.points
    for member in game.members:
        handed_out = sum(seen.points for seen in truth.seen.values() if seen.member == member)
        unbooked = sum(
            seen.points for spend, seen in truth.seen.items() if seen.member == member and spend not in vouchers
        )
        had = truth.gained(member) + gained[member] - truth.paid(member)
        if handed_out - unbooked > had:
            found.overdrafts += 1
            found.wrong.append(f"{member} had {had} and was handed out {handed_out}, {unbooked} of it not booked")


def _pieces(session: Session, game: "Game", found: Findings) -> None:
    """Of a limited reward no more pieces were given than there were, and what was lent ahead pays for none without one.

    A hub that was restored has forgotten what it lent: it knows how many pieces it misses, and not what it was asked.
    """
    limited = {game.arena.founded.rewards[name][0]: stock for name, (_, stock) in REWARDS.items() if stock is not None}
    given = Counter(session.execute(select(Voucher.reward)).scalars())
    for lease in session.execute(select(StockLease)).scalars():
        given[lease.reward] -= lease.missing
    for reward, stock in limited.items():
        if given[reward] > stock:
            found.overdrafts += 1
            found.wrong.append(f"of {stock} pieces of {reward} {given[reward]} were given")
    if game.truth.counts["restore_backup"]:
        return
    asked = select(Lease.kiosk, Lease.number).where(Lease.reward.is_(None))
    ahead = {(row.kiosk, row.number) for row in session.execute(asked)}
    for fact in session.execute(select(Fact).where(Fact.kind == "lease.spent", Fact.verdict == "applied")).scalars():
        body = _body(fact, LeaseSpent)
        if body.reward in limited and body.stock is UNSET and (fact.kiosk, body.lease) in ahead:
            found.wrong.append(f"{fact.kiosk} gave {body.reward} and took no piece")


def _cheaters(session: Session, game: "Game", found: Findings) -> None:
    """A copied disk beside the first gains no more than what was open on it, or was lent to its name since."""
    truth = game.truth
    vouchers = set(session.execute(select(Voucher.id)).scalars())
    for kiosk, open_then in truth.bounds.items():
        since = select(Lease.points).where(Lease.kiosk == kiosk, Lease.number > truth.copied[kiosk])
        bound = open_then + sum(session.execute(since).scalars())
        gained = sum(seen.points for spend, seen in truth.seen.items() if seen.kiosk == kiosk and spend not in vouchers)
        if gained > bound:
            found.overdrafts += 1
            found.wrong.append(f"{kiosk} was copied with {open_then} open, {bound} in all, and gained {gained}")


def _body(fact: Fact, kind: type[Body]) -> Body:
    assert fact.raw is not None, "an event's bytes are kept"
    return codec.decode(codec.decode(fact.raw, Event).body, kind)
