from datetime import timedelta
from uuid import UUID

from hub.booking.reads import BalanceQuestion
from hub.finance.holdings import Holdings, holdings
from hub.ledger import service as ledger
from hub.ledger.rules import AccountState, Books, Context, Posting
from hub.points.rules import ExpiryPolicy
from hub.points.service import DEBT, OWED, POINTS, debt_account
from hub.programme.service import Change, publish
from tests.hub.wallet.purse import Purse
from tests.hub.world import START, World


def held(world: World, *members: UUID) -> dict[UUID, Holdings]:
    with world.hub.database.read() as session:
        return holdings(session, members, world.clock.now, ExpiryPolicy())


def term(world: World, name: str, **document: object) -> None:
    with world.hub.database.write() as session:
        publish(session, Change(name, document, "test"), world.clock.now)


def test_a_new_member_has_nothing(world: World) -> None:
    member = world.add_member()

    assert held(world, member)[member] == Holdings(0, 0, 0, 0, None, 0, None, 0, 0, 0, 0)


def test_strangers_are_left_out(world: World) -> None:
    member = world.add_member()

    assert list(held(world, world.new_id(), member)) == [member]


def test_what_has_expired_is_gone_though_its_day_has_not_ended(world: World) -> None:
    member = world.add_member()
    world.earn(member, 100)
    world.clock.pass_(days=100)
    world.earn(member, 7)
    world.clock.pass_(days=265)

    assert held(world, member)[member].points == 7
    assert world.balance(member) == 107


def test_pending_points_are_told_apart_until_they_can_be_spent(world: World) -> None:
    member = world.add_member()
    world.earn(member, 5)
    term(world, "expiry", months=12, pending_days=14)
    world.earn(member, 100)
    world.clock.pass_(days=1)
    world.earn(member, 10)

    before = held(world, member)[member]
    world.clock.pass_(days=13)
    after = held(world, member)[member]

    assert (before.points, before.pending, before.pending_at) == (5, 110, START + timedelta(days=14))
    assert (after.points, after.pending, after.pending_at) == (105, 10, START + timedelta(days=15))


def test_expiring_is_a_part_of_what_can_be_spent_now(world: World) -> None:
    member = world.add_member()
    world.earn(member, 100)
    world.clock.pass_(days=20)
    world.earn(member, 40)
    world.clock.pass_(days=330)

    found = held(world, member)[member]

    assert (found.points, found.expiring) == (140, 100)
    assert found.expiring_at is not None
    assert found.expiring_at - world.clock.now == timedelta(days=15)


def test_money_is_told_with_its_gift_apart(world: World) -> None:
    purse = Purse(world)
    purse.term("gift.1", at_least=100, gift=50)
    purse.top_up(10_000)

    found = held(world, purse.member)[purse.member]

    assert (found.principal, found.bonus, found.stored_value) == (10_000, 50, 10_050)


def test_debt_is_told(world: World) -> None:
    member, books = world.add_member(), Books()
    books.open(AccountState(debt_account(member), member, DEBT, POINTS, has_lots=False, balance=0, version=0))
    with world.hub.database.write() as session:
        books.post(
            Context(world.new_id(), "test", START), [Posting("debt.incurred", OWED, debt_account(member), 9, {})]
        )
        ledger.write(session, books, START)

    assert held(world, member)[member].debt == 9


def test_many_members_are_told_at_once_each_with_its_own(world: World) -> None:
    members = [world.add_member(f"林{number}") for number in range(20)]
    for number, member in enumerate(members, 1):
        world.earn(member, number)

    found = held(world, *members)

    assert [found[member].points for member in members] == list(range(1, 21))


def test_the_balance_that_a_till_reads_is_what_can_be_spent(world: World) -> None:
    member = world.add_member()
    world.earn(member, 100)
    world.clock.pass_(days=366)
    world.earn(member, 3)

    [outcome] = world.hub.reader.balances([BalanceQuestion(world.tills.key_hash, member)])

    assert outcome.result == {
        "member": str(member),
        "version": 2,
        "points": 3,
        "lent": 0,
        "pending": 0,
        "pending_at": None,
        "expiring": 0,
        "expiring_at": None,
        "qualifying": 103,
        "debt": 0,
        "stored_value": 0,
        "principal": 0,
        "bonus": 0,
    }


def test_days_of_notice_are_what_the_policy_says_now(world: World) -> None:
    member = world.add_member()
    world.earn(member, 100)
    world.clock.pass_(days=300)
    questions = [BalanceQuestion(world.tills.key_hash, member)]
    before = world.hub.reader.balances(questions)[0].result["expiring"]
    term(world, "expiry", months=12, notice_days=90)

    assert (before, world.hub.reader.balances(questions)[0].result["expiring"]) == (0, 100)
