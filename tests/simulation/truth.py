"""What people saw with their own eyes: the measure of everything that hub and kiosks say afterwards."""

from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

from kiosk.views import Frame, VoucherView
from kiosk.visit.states import Showing, Standing
from protocol.ids import voucher_code
from tests.simulation.kiosk import SimKiosk


@dataclass(frozen=True, slots=True)
class Seen:
    """A voucher that a kiosk has shown for a redemption of that moment: from then on the reward is handed out."""

    kiosk: str
    epoch: UUID
    member: UUID
    reward: UUID
    points: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """A purchase that a kiosk has taken and will tell of."""

    kiosk: str
    epoch: UUID
    number: str
    member: UUID


@dataclass(frozen=True, slots=True)
class Told:
    """What the hub's API told somebody at a moment: what members gained and paid by it, in points."""

    fact: UUID
    moved: dict[UUID, tuple[int, int]]
    at_s: float


@dataclass(slots=True)
class Truth:
    """All that was promised to people.

    `forgotten` is what the API told and a backup that was put back does not know. `written_off` are leases that a
    person has decided on; `bounds` what lay in open leases of a kiosk when its disk was copied,
    and `copied` the highest lease it had been given then; `lost` are epochs whose journal ended
    with a disk, so that what the hub had not got of them is gone.
    """

    seen: dict[UUID, Seen] = field(default_factory=dict)
    confirmed: set[UUID] = field(default_factory=set)
    receipts: list[Receipt] = field(default_factory=list)
    told_by_api: list[Told] = field(default_factory=list)
    forgotten: list[Told] = field(default_factory=list)
    written_off: set[tuple[str, int]] = field(default_factory=set)
    bounds: Counter[str] = field(default_factory=Counter)
    copied: dict[str, int] = field(default_factory=dict)
    lost: set[UUID] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    sales: int = 0

    def told(self, fact: UUID, moved: dict[UUID, tuple[int, int]], at_s: float) -> None:
        """The API told somebody what became of something."""
        self.told_by_api.append(Told(fact, moved, at_s))

    def restore(self, backup_at_s: float) -> None:
        """The hub forgets everything that it was told, or told, after a moment."""
        self.forgotten += [told for told in self.told_by_api if told.at_s > backup_at_s]
        self.told_by_api = [told for told in self.told_by_api if told.at_s <= backup_at_s]

    def gained(self, member: UUID) -> int:
        """Points that tills gave to a member, in truth."""
        return sum(told.moved.get(member, (0, 0))[0] for told in [*self.told_by_api, *self.forgotten])

    def paid(self, member: UUID) -> int:
        """Points that a member gave away at tills, as far as the hub has not forgotten it."""
        return sum(told.moved.get(member, (0, 0))[1] for told in self.told_by_api)

    def look(self, kiosk: SimKiosk, frame: Frame) -> None:
        """See what a kiosk shows."""
        state = kiosk.conductor.state
        if not isinstance(frame.body, VoucherView) or not isinstance(state, Showing):
            return
        spend, member = state.voucher.spend, state.guest.snapshot.member
        assert frame.body.code == voucher_code(spend), "the code on the screen is the spend's"
        if frame.body.fresh and spend not in self.seen:
            self.seen[spend] = Seen(kiosk.id, kiosk.store.chain.epoch, member, state.voucher.reward, state.points)
        if state.standing is Standing.CONFIRMED and state.seq is not None:
            self.confirmed.add(spend)
