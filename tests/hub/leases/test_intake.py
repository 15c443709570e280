from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hub.cards.models import Card
from hub.fleet.models import Duty, MemberCopy, Publication
from hub.intake import Outcome, Verdict
from hub.leases.models import Lease
from hub.ledger.models import Counter, Lot
from hub.members.models import Member
from hub.rewards.models import Reward, Voucher
from protocol import codec
from protocol.duties import GrantLease
from protocol.errors import ErrorCode
from protocol.events import LeaseAccepted, LeaseClosed, LeaseSpent
from protocol.ids import derived_id, voucher_code
from protocol.requests import AskLease, PresentCard
from tests.hub.world import World

LATTE, TOTE = derived_id(UUID(int=7), "latte"), derived_id(UUID(int=7), "tote")


class Scene:
    """A member with points in front of a kiosk."""

    def __init__(self, world: World, points: int = 1_000, technology: str = "ntag424") -> None:
        self.world = world
        self.kiosk = world.add_kiosk()
        self.member = world.add_member()
        self.card = world.add_card(self.member, technology=technology)
        world.earn(self.member, points)
        self.visit = self.tap()

    def tap(self) -> UUID:
        # The first event makes the journal known to the hub, as the kiosk's birth does.
        if self.kiosk.seq == 0:
            self.world.book(self.world.told(self.kiosk, LeaseAccepted(10**6, self.member, 0)))
        outcome = self.world.book(self.world.asked(self.kiosk, PresentCard(self.world.tap(self.card))))[0]
        assert outcome.is_applied, outcome
        return UUID(outcome.result["visit"])

    def ask(self, reward: UUID = LATTE, points: int = 600, spend: UUID | None = None) -> Outcome:
        body = AskLease(spend or self.world.new_id(), self.visit, reward, points)
        return self.world.book(self.world.asked(self.kiosk, body))[0]

    def grants(self) -> list[GrantLease]:
        with self.world.hub.database.read() as session:
            duties = session.execute(select(Duty).order_by(Duty.number)).scalars()
            return [codec.decode(duty.body.encode(), GrantLease) for duty in duties]

    def tell(self, *bodies: object) -> list[Outcome]:
        return self.world.book(*(self.world.told(self.kiosk, body) for body in bodies))  # type: ignore[arg-type]

    def read(self) -> Session:
        return self.world.hub.database.read()  # type: ignore[return-value]


@pytest.fixture
def scene(world: World) -> Scene:
    return Scene(world)


def reports(grant: GrantLease, spent: int) -> list[object]:
    """What a kiosk journals of a grant that it spends whole, or gives back."""
    accepted = LeaseAccepted(grant.lease, grant.member, grant.points)
    closed = LeaseClosed(grant.lease, spent)
    if spent == 0:
        return [accepted, closed]
    return [accepted, LeaseSpent(grant.lease, grant.spend, grant.member, grant.reward, spent), closed]


def test_points_are_set_aside_and_the_kiosk_is_told(scene: Scene) -> None:
    outcome = scene.ask()

    assert outcome.is_applied
    assert scene.world.balance(scene.member) == 400
    grant = scene.grants()[0]
    assert (grant.lease, grant.points, grant.epoch) == (1, 600, scene.kiosk.epoch)
    scene.world.assert_books_are_right()


def test_a_spent_lease_becomes_a_voucher(scene: Scene) -> None:
    scene.ask()
    grant = scene.grants()[0]

    outcomes = scene.tell(*reports(grant, 600))

    assert all(outcome.is_applied for outcome in outcomes)
    assert scene.world.balance(scene.member) == 400
    with scene.read() as session:
        voucher = session.execute(select(Voucher)).scalar_one()
        assert (voucher.id, voucher.code, voucher.state) == (grant.spend, voucher_code(grant.spend), "open")
        assert session.execute(select(Lease)).scalar_one().state == "closed"
    scene.world.assert_books_are_right()


@pytest.mark.parametrize("what", ["spend", "member", "reward", "points"])
def test_a_lease_is_spent_whole_on_what_it_was_given_for(scene: Scene, what: str) -> None:
    scene.ask()
    grant = scene.grants()[0]
    said: dict[str, Any] = {
        "spend": grant.spend,
        "member": grant.member,
        "reward": grant.reward,
        "points": grant.points,
    }
    said[what] = 599 if what == "points" else scene.world.new_id()

    scene.tell(LeaseAccepted(grant.lease, grant.member, grant.points))
    [outcome] = scene.tell(LeaseSpent(grant.lease, **said))

    assert outcome.code is ErrorCode.LEASE_DIFFERENT
    with scene.read() as session:
        assert session.query(Voucher).count() == 0


def test_a_lease_that_a_kiosk_was_not_given_cannot_be_accepted(scene: Scene) -> None:
    scene.ask()
    grant = scene.grants()[0]

    [outcome] = scene.tell(LeaseAccepted(grant.lease, grant.member, 9_999))

    assert outcome.code is ErrorCode.LEASE_DIFFERENT


def test_a_card_that_was_blocked_during_the_visit_redeems_nothing(scene: Scene) -> None:
    with scene.world.hub.database.write() as session:
        session.execute(update(Card).values(state="blocked"))

    assert scene.ask().code is ErrorCode.CARD_BLOCKED


def test_a_grant_that_came_too_late_gives_the_points_back_into_their_lots(scene: Scene) -> None:
    scene.ask()

    scene.tell(*reports(scene.grants()[0], 0))

    assert scene.world.balance(scene.member) == 1_000
    with scene.read() as session:
        assert session.execute(select(Lot.remaining).where(Lot.origin.is_(None))).scalars().all() == [1_000]
        assert session.query(Voucher).count() == 0
    scene.world.assert_books_are_right()


def test_asking_again_for_the_same_spend_lends_nothing_more(scene: Scene) -> None:
    spend = scene.world.new_id()

    outcomes = [scene.ask(spend=spend), scene.ask(spend=spend)]

    assert [outcome.result for outcome in outcomes] == [{"lease": 1}, {"lease": 1}]
    assert scene.world.balance(scene.member) == 400
    assert len(scene.grants()) == 1


def test_what_is_lent_cannot_be_lent_again(scene: Scene) -> None:
    scene.ask()

    outcome = scene.ask()

    assert outcome.code is ErrorCode.POINTS_SHORT
    assert outcome.result == {"short": 200}


def test_two_wishes_in_one_batch_are_judged_one_after_the_other(scene: Scene) -> None:
    bodies = [AskLease(scene.world.new_id(), scene.visit, LATTE, 600) for _ in range(2)]

    outcomes = scene.world.book(*(scene.world.asked(scene.kiosk, body) for body in bodies))

    assert [outcome.verdict for outcome in outcomes] == [Verdict.APPLIED, Verdict.REJECTED]
    scene.world.assert_books_are_right()


def test_the_last_piece_goes_to_one_member_only(world: World) -> None:
    first, second = Scene(world, 3_000), Scene(world, 3_000)

    outcomes = [first.ask(TOTE, 2_400), second.ask(TOTE, 2_400)]

    assert outcomes[0].is_applied
    assert outcomes[1].code is ErrorCode.REWARD_GONE
    assert world.balance(second.member) == 3_000


def test_an_unspent_lease_puts_its_piece_back(world: World) -> None:
    scene = Scene(world, 3_000)
    scene.ask(TOTE, 2_400)

    scene.tell(*reports(scene.grants()[0], 0))

    with scene.read() as session:
        assert session.execute(select(Counter.remaining)).scalar_one() == 1
    assert scene.ask(TOTE, 2_400).is_applied


def test_a_reward_that_runs_out_is_announced(world: World) -> None:
    scene = Scene(world, 3_000)

    scene.ask(TOTE, 2_400)

    with scene.read() as session:
        version = select(Publication.version).where(Publication.name == "catalogue")
        assert session.execute(version).scalar_one() == 2


def test_a_static_card_looks_but_does_not_redeem(world: World) -> None:
    scene = Scene(world, technology="ntag21x")

    assert scene.ask().code is ErrorCode.REDEEM_STATIC_CARD


def test_a_visit_authorises_for_two_minutes(scene: Scene) -> None:
    scene.world.clock.pass_(seconds=120)

    assert scene.ask().code is ErrorCode.VISIT_EXPIRED


def test_a_visit_authorises_at_its_own_kiosk_only(scene: Scene) -> None:
    elsewhere = scene.world.add_kiosk()
    body = AskLease(scene.world.new_id(), scene.visit, LATTE, 600)

    assert scene.world.book(scene.world.asked(elsewhere, body))[0].code is ErrorCode.VISIT_EXPIRED


def test_a_made_up_visit_authorises_nothing(scene: Scene) -> None:
    scene.visit = UUID(int=3 << 64)

    assert scene.ask().code is ErrorCode.VISIT_EXPIRED


def test_a_price_that_changed_is_asked_for_again(scene: Scene) -> None:
    outcome = scene.ask(points=599)

    assert outcome.code is ErrorCode.REWARD_PRICE_CHANGED
    assert outcome.result == {"points": 600}


def test_a_reward_for_a_higher_tier_is_refused(scene: Scene) -> None:
    reward = scene.world.add_reward("earbuds", 100, tier_ids=("gold",))

    assert scene.ask(reward, 100).code is ErrorCode.REWARD_TIER


@pytest.mark.parametrize("reward", [UUID(int=4 << 64), LATTE])
def test_what_is_not_offered_cannot_be_had(scene: Scene, reward: UUID) -> None:
    with scene.world.hub.database.write() as session:
        session.execute(update(Reward).values(offered=False))

    assert scene.ask(reward).code is ErrorCode.REWARD_UNKNOWN


def test_a_member_who_was_blocked_meanwhile_gets_nothing(scene: Scene) -> None:
    with scene.world.hub.database.write() as session:
        session.execute(update(Member).values(state="blocked"))

    assert scene.ask().code is ErrorCode.MEMBER_BLOCKED


def test_a_kiosk_whose_journal_is_unknown_is_lent_nothing(world: World) -> None:
    scene = Scene(world)
    newcomer = world.add_kiosk()
    visit = world.book(world.asked(newcomer, PresentCard(world.tap(scene.card))))[0].result["visit"]

    body = AskLease(world.new_id(), UUID(visit), LATTE, 600)

    assert world.book(world.asked(newcomer, body))[0].code is ErrorCode.EPOCH_UNKNOWN


def test_a_kiosk_whose_new_journal_waits_to_be_accepted_is_lent_nothing(scene: Scene) -> None:
    kiosk = scene.kiosk
    kiosk.epoch, kiosk.seq, kiosk.head = scene.world.new_id(), 0, bytes(32)
    scene.tell(LeaseAccepted(1, scene.member, 0))

    assert scene.ask().code is ErrorCode.EPOCH_UNKNOWN


def test_a_lease_ends_no_later_than_the_first_of_its_points(world: World) -> None:
    scene = Scene(world)
    soon = world.clock.now + timedelta(seconds=100)
    with world.hub.database.write() as session:
        session.execute(update(Lot).values(expires_at=soon))

    scene.ask()

    assert scene.grants()[0].deadline == soon


def test_more_than_was_lent_is_rejected(scene: Scene) -> None:
    scene.ask()
    grant = scene.grants()[0]

    outcomes = scene.tell(*reports(grant, 601))

    assert [outcome.code for outcome in outcomes] == [None, ErrorCode.LEASE_OVERSPENT, ErrorCode.LEASE_OVERSPENT]
    scene.world.assert_books_are_right()


def test_nothing_is_spent_behind_the_fence(scene: Scene) -> None:
    scene.ask()
    grant = scene.grants()[0]
    spent = LeaseSpent(grant.lease, grant.spend, grant.member, grant.reward, 600)

    outcomes = scene.tell(*reports(grant, 0), spent)

    assert outcomes[-1].code is ErrorCode.LEASE_CLOSED
    assert scene.world.balance(scene.member) == 1_000


def test_a_lease_that_was_never_given_is_unknown(scene: Scene) -> None:
    assert scene.tell(LeaseClosed(77, 0))[0].code is ErrorCode.LEASE_UNKNOWN


def test_leases_are_numbered_per_kiosk(world: World) -> None:
    first, second = Scene(world), Scene(world)

    numbers = [scene.ask().result["lease"] for scene in (first, second)]

    assert numbers == [1, 1]


def test_kiosks_that_know_the_member_are_to_be_told(scene: Scene) -> None:
    scene.ask()

    with scene.read() as session:
        copy = session.execute(select(MemberCopy)).scalar_one()
        assert copy.wanted > copy.held
