"""Writers that meet on the same accounts: nothing is lost, nothing happens twice, and every call returns.

The bench `ledger-model` does the same a thousand times over.
"""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import func, select

from hub.booking.models import Fact
from hub.holds.service import HoldCaptured, HoldPlaced, HoldReleased
from hub.intake import Item, Outcome
from hub.leases.orders import LeaseWrittenOff
from hub.ledger.models import Account, Lot
from hub.payments.intake import PaymentRecorded, PaymentRefunded
from hub.points.intake import PointsTransferred
from hub.points.service import points_account
from hub.programme.service import Change, publish
from hub.purchases.models import Purchase
from hub.returns.intake import LineReturned, PurchaseReturned
from hub.wallet.intake import TopUpRecorded, TopUpRefunded
from protocol.errors import ErrorCode
from protocol.events import LeaseAccepted, LeaseClosed
from protocol.ids import derived_id
from protocol.requests import AskLease, PresentCard
from tests.hub.world import World
from tests.model.races import WRITERS, all_at_once, held, move, move_around, open_accounts, ring

MOVES = 10
"""Moves of each writer on the ring."""


def post(world: World, kind: str, body: object, **overrides: object) -> Item:
    """Something that a till posts."""
    return world.posted(body, kind=kind, **overrides)  # type: ignore[arg-type]


def race(world: World, items: Sequence[Item]) -> list[Outcome]:
    """Book items at once, each by a writer of its own; who is told to come again does."""

    def book(item: Item) -> Outcome:
        outcome = world.book(item)[0]
        while outcome.code is ErrorCode.REQUEST_OVERLOADED:
            outcome = world.book(item)[0]
        return outcome

    outcomes = all_at_once([partial(book, item) for item in items])
    world.assert_books_are_right()
    return outcomes


def codes(outcomes: Sequence[Outcome]) -> Counter[str]:
    """How often what became of an item."""
    return Counter(outcome.code.value if outcome.code else outcome.verdict.value for outcome in outcomes)


def paid_in(world: World, amount: int) -> UUID:
    """A member who has paid money in."""
    member = world.add_member()
    assert world.book(post(world, "top_up.recorded", TopUpRecorded("T1", member, "CNY", amount)))[0].is_applied
    return member


def test_writers_on_one_account_never_spend_what_another_has_spent(world: World) -> None:
    database, now, (account, sink) = world.hub.database, world.clock.now, ring(2)
    open_accounts(database, [account], each=300, now=now)
    open_accounts(database, [sink], each=0, now=now)

    facts = [UUID(int=number << 64) for number in range(1, WRITERS + 1)]
    shorts = all_at_once([partial(move, database, fact, (account, sink), 30, now=now) for fact in facts])

    assert shorts.count(None) == 10
    assert held(database, [account, sink]) == [0, 300]
    world.assert_books_are_right()


def test_writers_on_a_ring_of_accounts_all_return_and_keep_the_sum(world: World) -> None:
    database, now, accounts = world.hub.database, world.clock.now, ring(4)
    open_accounts(database, accounts, each=90, now=now)

    done = all_at_once([partial(move_around, database, accounts, MOVES, seed=seed, now=now) for seed in range(WRITERS)])

    assert done == [MOVES] * WRITERS
    assert sum(held(database, accounts)) == 4 * 90
    world.assert_books_are_right()


def test_members_who_pass_points_round_at_once_neither_make_nor_lose_any(world: World) -> None:
    members = [world.add_member() for _ in range(4)]
    for member in members:
        world.earn(member, 40)
    with world.hub.database.write() as session:
        publish(session, Change("transfers", {"offered": True, "day_max": 10**6}, "test"), world.clock.now)
    ways = [(members[place % 4], members[(place + 1 + place // 4 % 3) % 4]) for place in range(WRITERS)]
    items = [post(world, "points.transferred", PointsTransferred(*way, 30, "")) for way in ways]

    outcomes = race(world, items)

    assert codes(outcomes).keys() <= {"applied", "points.short"}
    assert sum(world.balance(member) for member in members) == 4 * 40


def test_the_same_request_many_times_at_once_counts_once(world: World) -> None:
    member = world.add_member()
    item = world.posted(world.purchase(member, 10_000))

    outcomes = race(world, [item] * WRITERS)

    assert all(outcome.result == outcomes[0].result for outcome in outcomes)
    assert world.balance(member) == 100
    with world.hub.database.read() as session:
        assert session.execute(select(func.count()).select_from(Fact).where(Fact.id == item.id)).scalar_one() == 1


def test_one_receipt_under_many_ids_at_once_counts_once(world: World) -> None:
    member = world.add_member()
    body = world.purchase(member, 10_000, receipt="R1")

    outcomes = race(world, [world.posted(body) for _ in range(WRITERS)])

    assert len({outcome.result["purchase"] for outcome in outcomes}) == 1
    assert world.balance(member) == 100
    with world.hub.database.read() as session:
        assert session.query(Purchase).count() == 1


def test_a_budget_that_many_draw_on_at_once_is_not_exceeded(world: World) -> None:
    members = [world.add_member() for _ in range(8)]
    bonus = {"kind": "bonus", "points": 7, "per": "purchase", "budget": 100}
    with world.hub.database.write() as session:
        publish(session, Change("earning.9", bonus, "test"), world.clock.now)

    outcomes = race(world, [world.posted(world.purchase(members[place % 8], 99)) for place in range(WRITERS)])

    assert codes(outcomes) == {"applied": WRITERS}
    assert sum(outcome.result["points"] for outcome in outcomes) == 100
    assert sum(world.balance(member) for member in members) == 100


def test_goods_that_many_tills_take_back_at_once_come_back_once(world: World) -> None:
    member = world.add_member()
    purchase = world.posted(world.purchase(member, 10_000))
    world.book(purchase)
    bodies = [PurchaseReturned(f"B{number}", [LineReturned(1, 1, 10_000)], purchase.id) for number in range(WRITERS)]

    outcomes = race(world, [post(world, "purchase.returned", body) for body in bodies])

    assert codes(outcomes) == {"applied": 1, "return.too_much": WRITERS - 1}
    assert world.balance(member) == 0


def test_money_that_many_tills_charge_at_once_is_spent_once(world: World) -> None:
    member = paid_in(world, 10_000)
    bodies = [PaymentRecorded(f"P{number}", member, "CNY", 1_000) for number in range(WRITERS)]

    outcomes = race(world, [post(world, "payment.recorded", body) for body in bodies])

    assert codes(outcomes) == {"applied": 10, "stored_value.short": WRITERS - 10}


def test_a_payment_that_many_tills_refund_at_once_is_given_back_once(world: World) -> None:
    payment = post(world, "payment.recorded", PaymentRecorded("P1", paid_in(world, 10_000), "CNY", 8_000))
    world.book(payment)
    bodies = [PaymentRefunded(f"F{number}", "cold soup", payment.id, 1_000) for number in range(WRITERS)]

    outcomes = race(world, [post(world, "payment.refunded", body) for body in bodies])

    assert codes(outcomes) == {"applied": 8, "refund.too_much": WRITERS - 8}
    assert max(outcome.result.get("stored_value", 0) for outcome in outcomes) == 10_000


def test_a_top_up_that_many_tills_refund_at_once_is_paid_out_once(world: World) -> None:
    member = world.add_member()
    top_up = post(world, "top_up.recorded", TopUpRecorded("T1", member, "CNY", 10_000))
    world.book(top_up)
    bodies = [TopUpRefunded(f"F{number}", "changed their mind", top_up.id) for number in range(WRITERS)]

    outcomes = race(world, [post(world, "top_up.refunded", body) for body in bodies])

    assert codes(outcomes) == {"applied": 1, "refund.nothing": WRITERS - 1}


def test_a_lease_that_is_closed_while_people_write_it_off_ends_once(world: World) -> None:
    kiosk, member = world.add_kiosk(), world.add_member()
    world.earn(member, 700)
    world.book(world.told(kiosk, LeaseAccepted(10**6, member, 0)))
    [visit] = world.book(world.asked(kiosk, PresentCard(world.tap(world.add_card(member)))))
    latte = derived_id(UUID(int=7), "latte")
    ask = AskLease(world.new_id(), UUID(visit.result["visit"]), latte, 600)
    [asked] = world.book(world.asked(kiosk, ask))
    body = LeaseWrittenOff(kiosk.id, asked.result["lease"], "give_back", "kiosk stolen")
    items = [post(world, "lease.written_off", body) for _ in range(WRITERS - 1)]

    outcomes = race(world, [*items, world.told(kiosk, LeaseClosed(asked.result["lease"], 0))])

    assert codes(outcomes)["applied"] == 1
    assert codes(outcomes).keys() <= {"applied", "lease.closed", "lease.written_off"}
    assert world.balance(member) == 700


@pytest.mark.parametrize("book", ["points", "money"])
def test_a_hold_that_is_captured_and_released_at_once_ends_once(world: World, book: str) -> None:
    member = paid_in(world, 100)
    world.earn(member, 100)
    placed = post(world, "hold.placed", HoldPlaced(member, book, 60, 5))  # type: ignore[arg-type]
    world.book(placed)
    captures = [
        post(world, "hold.captured", HoldCaptured(placed.id, 50, f"C{number}")) for number in range(WRITERS // 2)
    ]
    releases = [post(world, "hold.released", HoldReleased(placed.id)) for _ in range(WRITERS // 2)]

    outcomes = race(world, [*captures, *releases])

    assert codes(outcomes) == {"applied": 1, "hold.ended": WRITERS - 1}
    with world.hub.database.read() as session:
        parked = select(func.sum(Account.balance)).where(Account.owner == member, Account.book == "held")
        assert session.execute(parked).scalar_one() == 0


def test_buying_and_bringing_back_at_once_leaves_every_lot_right(world: World) -> None:
    member = world.add_member()
    sold = [world.posted(world.purchase(member, 5_000)) for _ in range(WRITERS // 2)]
    world.book(*sold)
    bodies = [PurchaseReturned(f"B{n}", [LineReturned(1, 1, 5_000)], item.id) for n, item in enumerate(sold)]
    returns = [post(world, "purchase.returned", body) for body in bodies]
    purchases: list[Item] = [world.posted(world.purchase(member, 2_000)) for _ in range(WRITERS // 2)]

    outcomes = race(world, [*returns, *purchases])

    assert codes(outcomes) == {"applied": WRITERS}
    assert world.balance(member) == 20 * (WRITERS // 2)
    with world.hub.database.read() as session:
        rests = select(Lot.remaining).where(Lot.account == points_account(member), Lot.remaining > 0)
        assert session.execute(rests).scalars().all() == [20] * (WRITERS // 2)
