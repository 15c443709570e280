"""Booking what passes between the kiosks of a store: once, on the word of whichever of the two is heard first.

The giver tells of its fence, the taker of the note. Either makes the taker's lease, out of the giver's; the other finds
it there. Where the giver's lease has ended meanwhile nothing moves, and what the taker spends is refused.
"""

from dataclasses import dataclass
from uuid import UUID

from msgspec import Struct

from hub.fleet.service import Fleet
from hub.intake import Outcome, applied, rejected
from hub.leases import service, windows
from hub.leases.lending import Lender
from hub.leases.reports import Told, take_up
from hub.leases.rules import LeaseState
from hub.leases.seals import Lent, Sealer
from hub.ledger.rules import Books
from protocol import passes
from protocol.errors import ErrorCode
from protocol.events import LeasePassed, LeaseTaken
from protocol.ids import derived_id
from protocol.limits import PASSED_LEASES_FROM
from protocol.passes import PassNote
from protocol.signed import Signed
from provisioning import keys


def note_of(body: Struct) -> PassNote | None:
    """What the note says that a taker tells of; None for any other body, and for a note that cannot be read."""
    read = passes.read(body.note) if isinstance(body, LeaseTaken) else None
    return None if read is None else read.body


def other_side(body: Struct) -> tuple[str, int] | None:
    """Kiosk and number of the other lease, where something passes between two."""
    if isinstance(body, LeasePassed):
        return body.to, passes.lease_of(body.note)
    note = note_of(body)
    return None if note is None else (note.kiosk, note.lease)


@dataclass(frozen=True, slots=True)
class Pass:
    """So many points that pass out of a lease under a note, to one epoch of another kiosk."""

    giver: LeaseState
    note: UUID
    to: str
    to_epoch: UUID
    points: int

    @property
    def refusal(self) -> ErrorCode | None:
        """Why this can never have passed; None where it can."""
        is_ahead = self.giver.reward is None and self.giver.number < PASSED_LEASES_FROM
        if not is_ahead or self.to == self.giver.kiosk:
            return ErrorCode.LEASE_DIFFERENT
        return ErrorCode.LEASE_OVERSPENT if self.points > self.giver.points else None

    @property
    def is_covered(self) -> bool:
        """Tell whether what passes is still there."""
        return not self.giver.is_ended and self.points <= self.giver.rest

    @property
    def spend(self) -> UUID:
        """What names the taker's account: by it is known out of which lease its points came."""
        return derived_id(self.note, f"{self.giver.kiosk}.{self.giver.number}")

    def is_same(self, lease: LeaseState) -> bool:
        """Tell whether a lease of the taker's is what passes."""
        return lease.epoch == self.to_epoch and lease.is_for(self.giver.member, self.points)

    def taken(self, state: str) -> LeaseState:
        """The lease that it becomes."""
        return LeaseState(
            kiosk=self.to,
            number=passes.lease_of(self.note),
            epoch=self.to_epoch,
            member=self.giver.member,
            reward=None,
            spend=self.spend,
            points=self.points,
            spent=0,
            state=state if self.is_covered else "written_off",
            deadline=self.giver.deadline,
            recalled_at=None,
            is_new=True,
        )


def give(told: Told, body: LeasePassed, lender: Lender) -> Outcome:
    """A giver tells of its fence. A taker that was not heard of yet is lent the same as an ordinary lease."""
    giver = told.lease(body.lease)
    if giver is None:
        return rejected(ErrorCode.LEASE_UNKNOWN)
    passed = Pass(giver, body.note, body.to, body.to_epoch, body.points)
    if passed.refusal is not None:
        return rejected(passed.refusal)
    known = told.leases.by_number.get((body.to, passes.lease_of(body.note)))
    if known is not None:
        return _heard_before(told, passed, known)
    if body.to not in told.work.part(Fleet).kiosks:
        return rejected(ErrorCode.KIOSK_UNKNOWN)
    outcome, lease = _pass_on(told, passed, "granted")
    if not lease.is_ended:
        _lend_again(told, lease, lender)
    return outcome


def take(told: Told, body: LeaseTaken, sealer: Sealer) -> Outcome:
    """A taker tells of a note; a giver's lease that this hub has forgotten is taken up again by its seal."""
    read, known = passes.read(body.note), told.lease(body.lease)
    if read is None or not _is_genuine(told, body, read):
        return rejected(ErrorCode.LEASE_NOTE_FORGED)
    note = read.body
    is_ours = (note.to, note.to_epoch) == (told.kiosk, told.epoch)
    if not is_ours or (known is None and told.is_known(body.lease)):
        return rejected(ErrorCode.LEASE_DIFFERENT)
    if known is not None:
        is_same = known.is_for(note.member, note.points)
        refusal = known.accept() if is_same else ErrorCode.LEASE_DIFFERENT
        return applied() if refusal is None else rejected(refusal)
    giver = _giver(told, note, sealer)
    if isinstance(giver, ErrorCode):
        return rejected(giver)
    return _pass_on(told, Pass(giver, note.id, note.to, note.to_epoch, note.points), "accepted")[0]


def _is_genuine(told: Told, body: LeaseTaken, read: Signed[PassNote]) -> bool:
    key = told.leases.device_keys.get(read.body.kiosk)
    if key is None or body.lease != passes.lease_of(read.body.id):
        return False
    return keys.is_signed(keys.load_public(key), read.payload, read.signature)


def _giver(told: Told, note: PassNote, sealer: Sealer) -> LeaseState | ErrorCode:
    known = told.leases.named(note.kiosk, note.lease)
    lent = Lent(note.kiosk, note.epoch, note.lease, "points", note.member, note.lent)
    is_sealed = sealer.is_mine(note.seal, lent)
    if note.points > note.lent:
        return ErrorCode.LEASE_OVERSPENT
    if known is None:
        is_ahead = note.lease < PASSED_LEASES_FROM and note.kiosk != note.to
        # That the giver has accepted it, its own journal will tell.
        return take_up(told, lent, note.deadline) if is_sealed and is_ahead else ErrorCode.LEASE_UNKNOWN
    if not isinstance(known, LeaseState) or known.epoch != note.epoch or not is_sealed:
        return ErrorCode.LEASE_DIFFERENT
    passed = Pass(known, note.id, note.to, note.to_epoch, note.points)
    return (passed.refusal or known) if known.is_for(note.member, note.lent) else ErrorCode.LEASE_DIFFERENT


def _pass_on(told: Told, passed: Pass, state: str) -> tuple[Outcome, LeaseState]:
    lease = passed.taken(state)
    told.leases.add(lease)
    if lease.is_ended:
        return applied(), lease
    service.pass_on(passed.giver, lease, told.context, told.work.part(Books))
    passed.giver.take(passed.points)
    return applied(passed=passed.points), lease


def _heard_before(told: Told, passed: Pass, known: LeaseState) -> Outcome:
    if not passed.is_same(known):
        return rejected(ErrorCode.LEASE_DIFFERENT)
    if known.spend != passed.spend and passed.is_covered:
        # The taker has these points from elsewhere: from another neighbour that it asked under the same note, or, since
        # a restore, by the seal of what it was lent again. A note counts once, so these go back to the member.
        service.give_back(passed.giver, "lease.closed", told.context, told.work.part(Books), points=passed.points)
        passed.giver.take(passed.points)
    return applied()


def _lend_again(told: Told, lease: LeaseState, lender: Lender) -> None:
    """The note may never have reached the taker; to be lent what it has already changes nothing there."""
    fleet = told.work.part(Fleet)
    stream = fleet.kiosks[lease.kiosk].current_stream()
    if fleet.kiosks[lease.kiosk].is_active and stream is not None and stream.epoch == lease.epoch:
        cards = windows.verifiers(lender.keys, lease.kiosk, lease.member, told.work)
        fleet.learn(lease.kiosk, lease.member)
        fleet.give(lease.kiosk, lender.points_duty(lease, cards))
