from uuid import UUID

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hub.ledger import service
from hub.ledger.models import Account, Lot, LotUse, Transfer
from hub.ledger.rules import AccountState, Books, Context, Grant, Posting
from hub.points.service import ISSUED, REDEEMED, points_account
from protocol.ids import derived_id, part_id
from tests.hub.world import START, World


def spend(world: World, member: UUID, amount: int) -> None:
    """Have points of a member gone."""
    account, books = points_account(member), Books()
    books.want(account, lots=True)
    with world.hub.database.write() as session:
        service.load(session, books)
        context = Context(world.new_id(), "test", world.clock.now)
        assert books.post(context, [Posting("spent", account, REDEEMED, amount, {})]) is None
        service.write(session, books, world.clock.now)


def test_books_of_a_chain_at_work_are_right(world: World) -> None:
    member = world.add_member()

    world.earn(member, 500)
    world.earn(member, 800)

    world.assert_books_are_right()
    assert world.balance(member) == 1_300


@pytest.mark.parametrize(
    ("tampered", "fault"),
    [
        (update(Account).where(Account.book == "points").values(balance=Account.balance + 1), "its entries say"),
        (update(Lot).values(remaining=Lot.remaining - 1), "its lots say"),
        (update(Lot).values(remaining=Lot.remaining - 1), "its uses say"),
        (update(LotUse).values(amount=LotUse.amount + 1), "its uses say"),
        (update(Transfer).where(Transfer.kind == "points.earned").values(credit=REDEEMED), "adds up to"),
        (
            update(Transfer).where(Transfer.kind == "points.earned").values(amount=Transfer.amount - 1),
            "its entries say",
        ),
        (
            update(Transfer)
            .where(Transfer.kind == "points.earned")
            .values(debit=select(Account.id).where(Account.book == "qualifying").scalar_subquery()),
            "moves one unit into another",
        ),
    ],
)
def test_every_kind_of_tampering_is_found(world: World, tampered: object, fault: str) -> None:
    member = world.add_member()
    world.earn(member, 500)
    spend(world, member, 200)
    with world.hub.database.write() as session:
        session.execute(tampered)  # type: ignore[call-overload]

    with world.hub.database.read() as session:
        proof = service.prove(session)

    assert proof.faults
    assert any(fault in line for line in proof.faults)


def test_a_transfer_to_nobody_is_found(world: World) -> None:
    world.earn(world.add_member(), 500)
    with world.hub.database.write() as session:
        session.execute(update(Transfer).where(Transfer.kind == "points.earned").values(credit=UUID(int=9 << 64)))

    with world.hub.database.read() as session:
        nobody, robbed, sums = sorted(service.prove(session).faults)
    assert robbed.endswith("holds 500, its entries say 0")
    assert nobody == f"account {UUID(int=9 << 64)} holds None, its entries say 500"
    assert sums == "all that is held in points adds up to 500, not 0"


def test_the_database_itself_refuses_an_overdraft(world: World) -> None:
    member = world.add_member()

    with pytest.raises(IntegrityError), world.hub.database.write() as session:
        session.execute(update(Account).where(Account.id == points_account(member)).values(balance=-1))


def test_the_database_itself_refuses_a_transfer_of_nothing(world: World) -> None:
    world.earn(world.add_member(), 5)

    with pytest.raises(IntegrityError), world.hub.database.write() as session:
        session.execute(text("UPDATE transfers SET amount = 0"))


def test_loading_gives_only_what_was_wanted(world: World) -> None:
    member, other = world.add_member(), world.add_member("陈思远")
    world.earn(member, 5)
    world.earn(other, 7)
    books = Books()
    books.want(points_account(member), lots=True)

    with world.hub.database.write() as session:
        service.load(session, books)

    assert set(books.accounts) == {points_account(member)}
    assert [lot.remaining for lot in books.accounts[points_account(member)].lots or ()] == [5]


def test_what_named_lots_gave_is_put_back_last_taken_first_in_a_later_booking_too(world: World) -> None:
    # The ids of lots are as good as random: of so many members some have them the other way round.
    for member in [world.add_member() for _ in range(6)]:
        account = derived_id(member, "purse")
        with world.hub.database.write() as session:
            older, newer = grant(session, account, world), grant(session, account, world)
            books = wanted(session, account)
            spent = Posting("spent", account, REDEEMED, 15, {}, lots=(older, newer))
            assert books.post(Context(member, "test", world.clock.now), [spent]) is None
            service.write(session, books, world.clock.now)

        with world.hub.database.write() as session:
            books = wanted(session, account, original=spent.id_in(member))
            back = Posting("back", REDEEMED, account, 3, {}, reverses=spent.id_in(member), restores=True)
            assert books.post(Context(member, "test", world.clock.now), [back]) is None

        assert (books.lots[older].remaining, books.lots[newer].remaining) == (0, 8)


def wanted(session: Session, account: UUID, original: UUID | None = None) -> Books:
    """Books with an account that has lots, and what an original took of them."""
    books = Books()
    books.want(account, lots=True)
    if original is not None:
        books.want_original(original)
    service.load(session, books)
    books.open(AccountState(account, account, "purse", "CNY", has_lots=True, balance=0, version=0))
    return books


def grant(session: Session, account: UUID, world: World) -> UUID:
    """Grant 10 that never expire, a minute after whatever was granted before."""
    world.clock.pass_(minutes=1)
    books, posting = wanted(session, account), Posting("granted", ISSUED, account, 10, {}, Grant("test", START, None))
    context = Context(world.new_id(), "test", world.clock.now)
    assert books.post(context, [posting]) is None
    service.write(session, books, world.clock.now)
    return part_id(posting.id_in(context.fact), "lot")
