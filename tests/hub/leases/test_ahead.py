import base64
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from devices.cards import ntag424
from hub.alerts.models import Alert
from hub.alerts.service import look
from hub.cards.models import Card
from hub.fleet.models import Kiosk, MemberCopy
from hub.intake import Verdict
from hub.leases.orders import CardsRenewed, PointsLent, StockLent
from hub.ledger.models import Lot, Transfer
from hub.members.models import Member
from hub.points.service import EXPIRED
from hub.rewards.models import Voucher
from protocol.duties import LendPoints, RecallLease, RenewCards
from protocol.errors import ErrorCode
from protocol.events import LeaseAccepted, LeaseClosed, NoticeSeen
from protocol.limits import VERIFIERS_MAX
from tests.hub.leases.scene import TOTE, Ahead, accepted, stock_accepted
from tests.hub.world import World


@pytest.fixture
def scene(world: World) -> Ahead:
    return Ahead(world)


def test_points_lent_ahead_are_set_aside_and_the_kiosk_knows_the_member(scene: Ahead) -> None:
    grant = scene.lend(500)

    assert (grant.lease, grant.points, grant.member, grant.epoch) == (1, 500, scene.member, scene.here.epoch)
    assert scene.world.balance(scene.member) == 500
    with scene.world.hub.database.read() as session:
        copy = session.execute(select(MemberCopy)).scalar_one()
    assert (copy.kiosk, copy.member, copy.wanted > copy.held) == (scene.here.id, scene.member, True)
    scene.world.assert_books_are_right()


def test_many_rewards_are_taken_from_one_lease_and_the_rest_comes_back(scene: Ahead) -> None:
    grant = scene.lend(500)
    spends = [scene.spent(grant, 60), scene.spent(grant, 200)]

    outcomes = scene.tell(accepted(grant), *spends, LeaseClosed(grant.lease, 260))

    assert all(outcome.is_applied for outcome in outcomes)
    assert scene.world.balance(scene.member) == 740
    with scene.world.hub.database.read() as session:
        vouchers = session.execute(select(Voucher.id, Voucher.points)).all()
    assert {tuple(row) for row in vouchers} == {(spend.spend, spend.points) for spend in spends}
    scene.world.assert_books_are_right()


def test_a_reward_is_taken_and_a_notice_seen_in_one_envelope(scene: Ahead) -> None:
    grant = scene.lend(500)
    spend = scene.spent(grant, 60)

    outcomes = scene.tell(accepted(grant), spend, NoticeSeen(scene.world.new_id(), scene.member))

    assert all(outcome.is_applied for outcome in outcomes)
    with scene.world.hub.database.read() as session:
        assert session.execute(select(Voucher.id)).scalars().all() == [spend.spend]


def test_no_more_is_spent_than_was_lent_and_nothing_by_another_member(scene: Ahead) -> None:
    grant, other = scene.lend(500), scene.world.add_member("陈思远")
    by_other = scene.spent(grant, 100)
    by_other = type(by_other)(grant.lease, by_other.spend, other, by_other.reward, 100)

    outcomes = scene.tell(accepted(grant), scene.spent(grant, 501), by_other, scene.spent(grant, 0))

    assert [outcome.code for outcome in outcomes[1:]] == [
        ErrorCode.LEASE_OVERSPENT,
        ErrorCode.LEASE_DIFFERENT,
        ErrorCode.LEASE_DIFFERENT,
    ]
    scene.world.assert_books_are_right()


def test_one_spend_counts_once_however_often_it_is_journaled(scene: Ahead) -> None:
    grant = scene.lend(500)
    spend = scene.spent(grant, 60)

    outcomes = [*scene.tell(accepted(grant), spend, spend), *scene.tell(spend)]

    assert [outcome.code for outcome in outcomes[1:]] == [None, ErrorCode.LEASE_DIFFERENT, ErrorCode.LEASE_DIFFERENT]
    assert scene.tell(LeaseClosed(grant.lease, 60))[0].is_applied
    assert scene.world.balance(scene.member) == 940


def test_what_nobody_ever_offered_is_not_spent_on(scene: Ahead) -> None:
    grant = scene.lend(500)

    [_, outcome] = scene.tell(accepted(grant), scene.spent(grant, 60, reward=scene.world.new_id()))

    assert outcome.code is ErrorCode.REWARD_UNKNOWN


def test_a_close_that_leaves_out_a_spend_is_rejected(scene: Ahead) -> None:
    grant = scene.lend(500)

    outcomes = scene.tell(accepted(grant), LeaseClosed(grant.lease, 60), LeaseClosed(grant.lease, 0))

    assert [outcome.code for outcome in outcomes] == [None, ErrorCode.LEASE_OVERSPENT, None]
    assert scene.world.balance(scene.member) == 1_000


def test_the_card_is_recognised_by_its_next_readings(scene: Ahead) -> None:
    scene.tap()

    [cards] = scene.lend(500).cards

    salt, macs = base64.b64decode(cards.salt), base64.b64decode(cards.macs)
    next_tap = scene.world.tap(scene.card).url
    message = ntag424.parse(str(next_tap))
    assert message is not None
    assert (cards.after, len(macs)) == (1, VERIFIERS_MAX * 32)
    assert ntag424.verifier(message.mac, salt) == macs[:32]


def test_a_member_whom_no_kiosk_could_recognise_is_lent_nothing(world: World) -> None:
    scene = Ahead(world, technology="ntag21x")

    outcome = scene.order(PointsLent(scene.here.id, scene.member, 100))

    assert (outcome.verdict, outcome.code) == (Verdict.WAITING, ErrorCode.CARD_UNSUPPORTED)


def test_a_blocked_card_is_not_recognised(scene: Ahead) -> None:
    with scene.world.hub.database.write() as session:
        session.execute(update(Card).values(state="blocked"))

    assert scene.order(PointsLent(scene.here.id, scene.member, 100)).code is ErrorCode.CARD_UNSUPPORTED


@pytest.mark.parametrize("state", ["blocked", "inactive", "merged", "erasing"])
def test_a_member_who_may_not_redeem_is_lent_nothing(scene: Ahead, state: str) -> None:
    with scene.world.hub.database.write() as session:
        session.execute(update(Member).values(state=state))

    assert scene.order(PointsLent(scene.here.id, scene.member, 100)).code is ErrorCode.MEMBER_BLOCKED


def test_no_more_is_lent_than_there_is_and_asking_again_is_judged_again(scene: Ahead) -> None:
    refused = scene.order(PointsLent(scene.here.id, scene.member, 1_001))

    assert (refused.verdict, refused.code) == (Verdict.WAITING, ErrorCode.POINTS_SHORT)
    assert scene.duties(LendPoints) == []


def test_a_kiosk_that_is_revoked_unknown_or_has_a_journal_that_waits_is_lent_nothing(scene: Ahead) -> None:
    with scene.world.hub.database.write() as session:
        session.execute(update(Kiosk).where(Kiosk.id == scene.there.id).values(state="revoked"))
    scene.here.epoch, scene.here.seq, scene.here.head = scene.world.new_id(), 0, bytes(32)
    scene.tell(LeaseAccepted(1, scene.member, 0))

    codes = [
        scene.order(body).code
        for kiosk in ("k-nobody", scene.there.id, scene.here.id)
        for body in (PointsLent(kiosk, scene.member, 100), StockLent(kiosk, TOTE, 1))
    ]

    assert codes == [ErrorCode.KIOSK_UNKNOWN] * 2 + [ErrorCode.KIOSK_REVOKED] * 2 + [ErrorCode.EPOCH_UNKNOWN] * 2


def test_a_lease_ends_with_the_policys_days_or_with_the_first_of_its_points(scene: Ahead) -> None:
    scene.put(days=3)
    first = scene.lend(100)
    with scene.world.hub.database.write() as session:
        soon = scene.world.clock.now + timedelta(hours=5)
        session.execute(update(Lot).where(Lot.origin.is_(None)).values(expires_at=soon))
    second = scene.lend(100)

    assert (first.deadline, second.deadline) == (scene.world.clock.now + timedelta(days=3), soon)


def test_lots_that_expired_at_a_kiosk_expire_when_the_lease_closes(scene: Ahead) -> None:
    grant = scene.lend(500)
    with scene.world.hub.database.write() as session:
        session.execute(update(Lot).values(expires_at=scene.world.clock.now + timedelta(hours=5)))
    scene.world.clock.pass_(hours=6)

    scene.tell(accepted(grant), scene.spent(grant, 60), LeaseClosed(grant.lease, 60))

    with scene.world.hub.database.read() as session:
        expired = session.execute(select(Transfer.amount).where(Transfer.credit == EXPIRED)).scalars().all()
    # What never left its lot expires with the day; what came back into it, and all the rest of the lot, at once.
    assert expired == [940]
    assert scene.world.balance(scene.member) == 0
    scene.world.assert_books_are_right()


def test_numbers_of_all_sorts_of_leases_rise_together(scene: Ahead) -> None:
    numbers = [scene.lend(100).lease, scene.lend_stock().lease, scene.ask(kiosk=scene.here).result["lease"]]

    assert numbers == [1, 2, 3]


def test_a_piece_of_a_lent_reward_is_taken_from_its_lease(world: World) -> None:
    scene = Ahead(world, points=3_000)
    points, stock = scene.lend(2_400), scene.lend_stock()
    assert scene.stock() == 0

    outcomes = scene.tell(
        accepted(points),
        stock_accepted(stock),
        scene.spent(points, 2_400, reward=TOTE, stock=stock.lease),
        LeaseClosed(stock.lease, 1),
        LeaseClosed(points.lease, 2_400),
    )

    assert all(outcome.is_applied for outcome in outcomes), outcomes
    assert scene.stock() == 0
    assert scene.stock_leases()[0].state == "closed"


def test_pieces_that_were_not_given_out_come_back(world: World) -> None:
    scene = Ahead(world)
    stock = scene.lend_stock()

    outcomes = scene.tell(stock_accepted(stock), LeaseClosed(stock.lease, 0))

    assert all(outcome.is_applied for outcome in outcomes)
    assert scene.stock() == 1


def test_one_piece_is_not_given_out_twice(world: World) -> None:
    scene = Ahead(world, points=6_000)
    points, stock = scene.lend(5_000), scene.lend_stock()
    scene.tell(accepted(points), stock_accepted(stock))
    spends = [scene.spent(points, 2_400, reward=TOTE, stock=stock.lease) for _ in range(2)]

    outcomes = scene.tell(*spends, scene.spent(points, 60, stock=stock.lease), scene.spent(points, 60, stock=99))

    assert [outcome.code for outcome in outcomes] == [
        None,
        ErrorCode.LEASE_OVERSPENT,
        ErrorCode.LEASE_DIFFERENT,
        ErrorCode.LEASE_UNKNOWN,
    ]
    assert scene.tell(LeaseClosed(points.lease, 2_400))[0].is_applied


def test_a_reward_that_became_limited_takes_its_piece_from_what_the_hub_has(world: World) -> None:
    scene = Ahead(world, points=6_000)
    points = scene.lend(5_000)
    spends = [scene.spent(points, 2_400, reward=TOTE) for _ in range(2)]

    outcomes = scene.tell(accepted(points), *spends)

    assert all(outcome.is_applied for outcome in outcomes)
    assert scene.stock() == 0
    # The promise of a piece that nobody has stands, and somebody is told of it.
    look(world.hub.database, world.clock.now)
    with world.hub.database.read() as session:
        [alert] = session.execute(select(Alert).where(Alert.kind == "reward.overdrawn")).scalars()
    assert (alert.subject, alert.evidence["spends"]) == (f"reward:{TOTE}", [str(spends[1].spend)])


def test_more_pieces_than_there_are_are_not_lent(scene: Ahead) -> None:
    assert scene.order(StockLent(scene.here.id, TOTE, 2)).code is ErrorCode.REWARD_GONE
    assert scene.stock() == 1


def test_a_kiosk_is_told_once_that_a_lease_is_wanted_back(scene: Ahead) -> None:
    grant = scene.lend(500)

    outcomes = [scene.recall(grant.lease), scene.recall(grant.lease)]

    assert all(outcome.is_applied for outcome in outcomes)
    assert scene.duties(RecallLease) == [RecallLease(scene.here.epoch, grant.lease)]
    assert scene.leases()[0].recalled_at == scene.world.clock.now


def test_a_lease_that_is_closed_or_unknown_cannot_be_called_back(scene: Ahead) -> None:
    grant = scene.lend(500)
    scene.tell(accepted(grant), LeaseClosed(grant.lease, 0))

    assert [scene.recall(number).code for number in (grant.lease, 9)] == [
        ErrorCode.LEASE_CLOSED,
        ErrorCode.LEASE_UNKNOWN,
    ]


@pytest.mark.parametrize(("outcome", "balance"), [("give_back", 940), ("spent", 500)])
def test_a_person_decides_about_a_lease_ahead_too(scene: Ahead, outcome: str, balance: int) -> None:
    grant = scene.lend(500)
    scene.tell(accepted(grant), scene.spent(grant, 60))

    written_off = scene.write_off(grant.lease, outcome)

    assert (written_off.result["points"], written_off.result["balance"]) == (440, balance)
    assert scene.tell(scene.spent(grant, 60))[0].code is ErrorCode.LEASE_WRITTEN_OFF
    scene.world.assert_books_are_right()


@pytest.mark.parametrize(("outcome", "left"), [("give_back", 1), ("spent", 0)])
def test_a_person_decides_about_pieces(scene: Ahead, outcome: str, left: int) -> None:
    stock = scene.lend_stock()

    written_off = scene.write_off(stock.lease, outcome)

    assert (written_off.result["pieces"], scene.stock()) == (1, left)
    assert scene.tell(stock_accepted(stock))[0].code is ErrorCode.LEASE_WRITTEN_OFF


def test_new_verifiers_begin_behind_the_last_reading(scene: Ahead) -> None:
    scene.lend(100)
    for _ in range(3):
        scene.tap()

    assert scene.order(CardsRenewed(scene.here.id, scene.member)).is_applied

    [renewed] = scene.duties(RenewCards)
    assert [cards.after for cards in renewed.cards] == [3]
