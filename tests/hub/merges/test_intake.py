from uuid import UUID

import pytest
from sqlalchemy import select, update

from hub.audit.models import AuditEntry
from hub.cards.models import Card
from hub.day_end.run import DayEnds
from hub.fleet.models import MemberCopy
from hub.holds.service import HoldPlaced
from hub.ledger.models import Account
from hub.members import profile
from hub.members.models import Consent, Member
from hub.merges import service
from hub.merges.service import MembersMerged
from hub.points.service import debt_account
from hub.rewards.models import Voucher
from hub.wallet.service import principal_account
from protocol.errors import ErrorCode
from protocol.requests import AskLease, PresentCard
from tests.hub.api import LATTE
from tests.hub.merges.couple import Couple
from tests.hub.world import START, STORE

NOBODY = UUID(int=5 << 64)


def with_everything(couple: Couple) -> Couple:
    """Both have points and money, the merged one counts as well."""
    world = couple.world
    couple.kept.term("package.care", price=10_000, items={"wash": 8}, valid_days=90)
    couple.kept.term("gift.1", at_least=100, step=100, gift=13)
    world.earn(couple.kept.member, 300)
    world.clock.pass_(days=3)
    world.earn(couple.merged.member, 900)
    couple.kept.top_up(5_000)
    couple.merged.top_up(7_000)
    couple.merged.buy("care")
    return couple


def test_everything_goes_to_the_member_that_is_kept(couple: Couple) -> None:
    with_everything(couple)
    kept, merged = couple.kept.member, couple.merged.member
    lots_before = sorted(couple.lots(kept) + couple.lots(merged), key=str)
    both = {
        key: couple.holdings(kept).get(key, 0) + couple.holdings(merged).get(key, 0)
        for key in couple.holdings(kept) | couple.holdings(merged)
    }

    outcome = couple.merge()

    assert couple.holdings(merged) == {}
    assert couple.holdings(kept) == both
    assert couple.lots(kept) == lots_before
    assert outcome.result["points"] == 1_200
    assert outcome.result["moved"] == {"points": 900, "qualifying": 900, "principal": 7_000, "bonus": 910, "counts": 8}
    couple.world.assert_books_are_right()


def test_taken_back_both_have_what_they_had_in_the_very_lots(couple: Couple) -> None:
    with_everything(couple)
    members = couple.kept.member, couple.merged.member
    before = [(couple.holdings(member), couple.lots(member), couple.tier(member)) for member in members]
    merge = couple.merged_as()

    outcome = couple.undo(merge)

    assert outcome.is_applied
    assert [(couple.holdings(member), couple.lots(member), couple.tier(member)) for member in members] == before
    couple.world.assert_books_are_right()


def test_every_transfer_names_the_merge_and_the_way_back_names_what_it_reverses(small_couple: Couple) -> None:
    couple = with_everything(small_couple)
    merge = couple.merged_as()
    couple.undo(merge)

    there, back = couple.kept.transfers("member.merged"), couple.kept.transfers("member.unmerged")

    assert {transfer.fact for transfer in there} == {merge}
    assert {transfer.cause["merge"] for transfer in (*there, *back)} == {str(merge)}
    assert {transfer.reverses for transfer in back} == {transfer.id for transfer in there}


def test_the_tier_is_the_higher_one_or_what_both_have_earned(couple: Couple) -> None:
    couple.world.earn(couple.kept.member, 600)
    couple.world.earn(couple.merged.member, 500)

    merge = couple.merged_as()
    together = couple.tier(couple.kept.member)
    couple.undo(merge)

    assert (together, couple.tier(couple.kept.member)) == ("silver", "classic")


def test_what_was_spent_meanwhile_comes_from_the_kept_members_other_points(couple: Couple) -> None:
    couple.world.earn(couple.merged.member, 300)
    couple.world.clock.pass_(days=1)
    couple.world.earn(couple.kept.member, 500)
    merge = couple.merged_as()
    couple.kept.spend_points(400)

    outcome = couple.undo(merge)

    assert outcome.is_applied
    assert (couple.kept.points(), couple.merged.points()) == (100, 300)
    couple.world.assert_books_are_right()


def test_what_is_not_there_any_more_is_told_and_nothing_moves(couple: Couple) -> None:
    couple.world.earn(couple.kept.member, 500)
    couple.world.earn(couple.merged.member, 300)
    merge = couple.merged_as()
    couple.kept.spend_points(700)

    outcome = couple.undo(merge)

    assert (outcome.code, outcome.result) == (ErrorCode.MERGE_SPENT, {"book": "points", "missing": 200})
    assert (couple.kept.points(), couple.merged.points()) == (100, 0)
    assert couple.row(merge).undone_at is None
    couple.world.assert_books_are_right()


def test_what_expired_meanwhile_is_gone_for_both(couple: Couple) -> None:

    couple.kept.term("expiry", kind="rolling", months=1)
    couple.world.earn(couple.merged.member, 300)
    couple.world.clock.pass_(days=20)
    couple.world.earn(couple.merged.member, 50)
    couple.world.earn(couple.kept.member, 500)
    merge = couple.merged_as()
    couple.world.clock.pass_(days=20)
    DayEnds(couple.world.hub.database, couple.world.hub.book, couple.world.clock).run()

    outcome = couple.undo(merge)

    assert outcome.is_applied
    assert (couple.kept.points(), couple.merged.points()) == (500, 50)
    couple.world.assert_books_are_right()


def test_a_debt_is_paid_by_the_points_of_the_other_and_both_come_back(couple: Couple) -> None:
    couple.world.earn(couple.kept.member, 500)
    couple.owes(couple.merged.member, 120)

    merge = couple.merged_as()
    paid = couple.kept.points()
    outcome = couple.undo(merge)

    assert (paid, outcome.is_applied) == (380, True)
    assert couple.kept.points() == 500
    assert couple.kept.balance(debt_account(couple.merged.member)) == 120
    assert couple.kept.balance(debt_account(couple.kept.member)) == 0
    couple.world.assert_books_are_right()


def test_cards_vouchers_and_consents_move_and_come_back(couple: Couple) -> None:
    world, member = couple.world, couple.merged.member
    world.add_card(member)
    with world.hub.database.write() as session:
        session.add(
            Voucher(
                id=world.new_id(),
                code="V",
                member=member,
                reward=LATTE,
                points=1,
                kiosk="",
                store=STORE,
                state="open",
                redeemed_at=START,
            )
        )
        session.add(
            Consent(
                id=world.new_id(),
                member=member,
                purpose="sms",
                given=True,
                text_version="1",
                text_hash=bytes(32),
                channel="till",
                actor="test",
                at=START,
            )
        )

    def owners() -> set[UUID | None]:
        with world.hub.database.read() as session:
            return {
                owner for model in (Card, Voucher, Consent) for owner in session.execute(select(model.member)).scalars()
            }

    merge = couple.merged_as()
    together = owners()
    couple.undo(merge)

    assert (together, owners()) == ({couple.kept.member}, {member})


def test_the_phone_number_of_the_merged_one_can_be_the_one_that_is_kept(couple: Couple) -> None:
    world, kept, merged = couple.world, couple.kept.member, couple.merged.member
    phones = {kept: "+8614000000001", merged: "+8614000000002"}

    def known() -> dict[UUID, str]:
        with world.hub.database.read() as session:
            read = profile.read(session, world.hub.vault, [kept, merged], ["phone"])
            return {member: values["phone"] for member, values in read.items()}

    with world.hub.database.write() as session:
        profile.write(session, world.hub.vault, {member: {"phone": phone} for member, phone in phones.items()})
    merge = couple.merged_as(phone="merged")
    together = known()
    couple.undo(merge)

    assert together == {kept: phones[merged], merged: phones[kept]}
    assert known() == phones


def test_whoever_is_merged_cannot_be_merged_again_nor_served(couple: Couple) -> None:
    merge = couple.merged_as()
    other = couple.world.add_member()

    again = [
        couple.merge().code,
        couple.world.book(couple.posted(MembersMerged(couple.merged.member, other, "why not")))[0].code,
        couple.undo(NOBODY).code,
    ]
    couple.undo(merge)

    assert again == [ErrorCode.MEMBER_MERGED, ErrorCode.MEMBER_MERGED, ErrorCode.MERGE_UNKNOWN]
    assert couple.undo(merge).code is ErrorCode.MERGE_UNDONE


def test_nobody_is_merged_with_the_own_self_or_with_nobody(small_couple: Couple) -> None:
    kept = small_couple.kept.member
    bodies = [MembersMerged(kept, kept, "why not"), MembersMerged(kept, NOBODY, "why not")]

    codes = [small_couple.world.book(small_couple.posted(body))[0].code for body in bodies]

    assert codes == [ErrorCode.MERGE_SELF, ErrorCode.MEMBER_UNKNOWN]


def test_who_is_blocked_is_not_kept_but_can_be_merged_and_is_blocked_afterwards(small_couple: Couple) -> None:
    couple = small_couple
    with couple.world.hub.database.write() as session:
        session.execute(update(Member).where(Member.id == couple.merged.member).values(state="blocked"))

    the_other_way = MembersMerged(couple.merged.member, couple.kept.member, "why not")
    refused = couple.world.book(couple.posted(the_other_way))[0].code
    couple.undo(couple.merged_as())

    with couple.world.hub.database.read() as session:
        assert session.get_one(Member, couple.merged.member).state == "blocked"
    assert refused is ErrorCode.MEMBER_BLOCKED


@pytest.mark.parametrize("which", ["kept", "merged"])
def test_an_open_hold_is_in_the_way_and_its_member_named(small_couple: Couple, which: str) -> None:
    couple, member = small_couple, getattr(small_couple, which).member
    couple.world.earn(member, 100)
    couple.world.book(couple.world.posted(HoldPlaced(member, "points", 5, 10), kind="hold.placed"))

    outcome = couple.merge()

    assert (outcome.code, outcome.result) == (ErrorCode.MERGE_HELD, {"member": str(member)})


def test_an_open_lease_is_in_the_way_and_its_member_named(small_couple: Couple) -> None:
    couple, world = small_couple, small_couple.world
    member, kiosk = couple.merged.member, world.add_kiosk()
    world.earn(member, 700)
    card = world.add_card(member)
    world.book(world.told(kiosk, world.purchase(couple.kept.member, 100)))
    visit = UUID(world.book(world.asked(kiosk, PresentCard(world.tap(card))))[0].result["visit"])
    assert world.book(world.asked(kiosk, AskLease(world.new_id(), visit, LATTE, 600)))[0].is_applied

    outcome = couple.merge()

    assert (outcome.code, outcome.result) == (ErrorCode.MERGE_LEASED, {"member": str(member)})


def test_money_of_two_currencies_is_not_mixed(small_couple: Couple) -> None:

    couple = small_couple
    couple.kept.top_up(100)
    couple.merged.top_up(100)
    with couple.world.hub.database.write() as session:
        session.execute(update(Account).where(Account.id == principal_account(couple.merged.member)).values(unit="EUR"))

    assert couple.merge().code is ErrorCode.MERGE_CURRENCY


def test_a_purchase_that_comes_later_for_the_merged_member_is_the_kept_ones(couple: Couple) -> None:
    world, kiosk = couple.world, couple.world.add_kiosk()
    bought = world.purchase(couple.merged.member, 30_000)
    couple.merge()

    outcomes = world.book(world.posted(world.purchase(couple.merged.member, 10_000)), world.told(kiosk, bought))

    assert [outcome.is_applied for outcome in outcomes] == [True, True]
    assert (couple.kept.points(), couple.merged.points()) == (400, 0)


def test_it_is_followed_over_several_merges(small_couple: Couple) -> None:
    couple, world = small_couple, small_couple.world
    last = world.add_member()
    couple.merge()
    world.book(couple.posted(MembersMerged(last, couple.kept.member, "and again")))

    world.book(world.posted(world.purchase(couple.merged.member, 10_000)))

    assert world.balance(last) == 100


def test_a_merge_in_the_middle_of_a_chain_is_taken_back_last(small_couple: Couple) -> None:
    couple, world = small_couple, small_couple.world
    first = couple.merged_as()
    last = world.add_member()
    world.book(couple.posted(MembersMerged(last, couple.kept.member, "and again")))

    assert couple.undo(first).code is ErrorCode.MEMBER_MERGED


def follow(couple: Couple) -> list[bool]:
    with couple.world.hub.database.read() as session:
        items = service.behind(session, couple.world.clock.now, 10)
    return [outcome.is_applied for outcome in couple.world.book(*items)] if items else []


def test_money_refunded_to_the_merged_member_follows_and_comes_back_with_the_merge(couple: Couple) -> None:
    couple.merged.top_up(5_000)
    payment = couple.merged.paid(2_000)
    merge = couple.merged_as()
    couple.merged.refund(payment, 2_000)

    followed = [follow(couple), follow(couple)]
    together = couple.kept.holds(), couple.merged.holds()
    outcome = couple.undo(merge)

    assert followed == [[True], []]
    assert together == ((5_000, 0), (0, 0))
    assert outcome.is_applied
    assert (couple.kept.holds(), couple.merged.holds()) == ((0, 0), (5_000, 0))
    couple.world.assert_books_are_right()


def test_kiosks_that_know_either_are_told_of_both(small_couple: Couple) -> None:
    couple, world = small_couple, small_couple.world
    kiosk = world.add_kiosk()
    card = world.add_card(couple.merged.member)
    world.book(world.asked(kiosk, PresentCard(world.tap(card))))

    couple.merge()

    with world.hub.database.read() as session:
        copies = session.execute(select(MemberCopy.member).where(MemberCopy.wanted > MemberCopy.held)).scalars()
        assert set(copies) == {couple.kept.member, couple.merged.member}


def test_it_is_written_down_by_whom_and_why(small_couple: Couple) -> None:
    couple = small_couple
    couple.undo(couple.merged_as())

    with couple.world.hub.database.read() as session:
        entries = session.execute(
            select(AuditEntry.action, AuditEntry.subject, AuditEntry.reason).order_by(AuditEntry.number)
        )
        told = [tuple(entry) for entry in entries]
    assert told == [
        ("member.merged", str(couple.kept.member), "the same person"),
        ("member.unmerged", str(couple.kept.member), "two people after all"),
    ]


def test_a_repeated_request_moves_nothing_twice(couple: Couple) -> None:
    couple.world.earn(couple.merged.member, 100)
    item = couple.posted(MembersMerged(couple.kept.member, couple.merged.member, "the same person"))

    outcomes = [couple.world.book(item)[0] for _ in range(2)]

    assert outcomes[0] == outcomes[1]
    assert couple.kept.points() == 100
