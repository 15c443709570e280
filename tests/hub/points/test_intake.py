from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from hub.approvals.models import ApprovalRequest
from hub.audit.models import AuditEntry
from hub.intake import Outcome, Verdict
from hub.ledger.models import Account, Lot, Transfer
from hub.points.service import ADJUSTED, ISSUED, debt_account, points_account
from hub.staff.permissions import Role
from protocol.errors import ErrorCode
from tests.hub.points.acts import (
    LIMITS,
    NOBODY,
    OFFERED,
    adjustment,
    approve_item,
    block,
    held,
    incur_debt,
    key_of,
    put,
    transfer,
)
from tests.hub.world import World


@pytest.mark.parametrize(
    ("role", "points", "limit"),
    [
        (Role.CASHIER, 100, None),
        (Role.CASHIER, -100, None),
        (Role.CASHIER, 101, 100),
        (Role.CASHIER, -101, 100),
        (Role.STORE_MANAGER, 1_000, None),
        (Role.STORE_MANAGER, -1_001, 1_000),
        (Role.ADMIN, 1, 0),
        (None, 1, 0),
        (None, -1, 0),
    ],
)
def test_a_role_adjusts_alone_up_to_its_limit(world: World, role: Role | None, points: int, limit: int | None) -> None:
    put(world, "adjustments", LIMITS)
    member = world.add_member()
    world.earn(member, 2_000)

    outcome = world.book(adjustment(world, member, points, source=key_of(world, role)))[0]

    assert (outcome.verdict is Verdict.WAITING) == (limit is not None)
    assert world.balance(member) == 2_000 + (points if limit is None else 0)
    world.assert_books_are_right()


def test_without_a_policy_every_adjustment_takes_two(small_world: World) -> None:
    item = adjustment(small_world, small_world.add_member(), 1, source=key_of(small_world, Role.ADMIN))

    assert small_world.book(item)[0].verdict is Verdict.WAITING


def test_what_lacks_approval_is_not_settled_and_goes_through_once_it_has_one(world: World) -> None:
    member = world.add_member()
    item = adjustment(world, member, 500)
    before = world.book(item)[0]
    with world.hub.database.write() as session:
        session.execute(update(ApprovalRequest).values(state="approved"))

    after, again = world.book(item)[0], world.book(item)[0]

    assert (before.verdict, before.result) == (Verdict.WAITING, {"request": str(item.id), "state": "waiting"})
    assert after.is_applied
    assert again.result == after.result
    assert world.balance(member) == 500


@pytest.mark.parametrize("points", [500, -500])
def test_an_approval_of_something_else_is_none(world: World, points: int) -> None:
    member = world.add_member()
    world.earn(member, 1_000)
    item = adjustment(world, member, points)
    approve_item(world, item, content=adjustment(world, member, points + 1).fingerprint)

    outcome = world.book(item)[0]

    assert outcome.code is ErrorCode.REQUEST_CONFLICT
    assert world.balance(member) == 1_000


def test_an_approval_serves_its_own_request_only(world: World) -> None:
    member = world.add_member()
    approved, other = adjustment(world, member, 500), adjustment(world, member, 500)
    approve_item(world, approved)

    outcomes = world.book(other, approved)

    assert [outcome.verdict for outcome in outcomes] == [Verdict.WAITING, Verdict.APPLIED]
    assert world.balance(member) == 500


def test_what_was_approved_needs_the_points_to_be_there(world: World) -> None:
    member = world.add_member()
    world.earn(member, 300)
    item = adjustment(world, member, -500)
    approve_item(world, item)

    outcome = world.book(item)[0]

    assert (outcome.code, outcome.result) == (ErrorCode.POINTS_SHORT, {"short": 200})
    assert world.balance(member) == 300
    world.assert_books_are_right()


@pytest.mark.parametrize(
    ("member", "points", "store", "code"),
    [
        (NOBODY, 10, "S01", ErrorCode.MEMBER_UNKNOWN),
        (None, 10, "S99", ErrorCode.STORE_UNKNOWN),
        (None, 0, "S01", ErrorCode.AMOUNT_INVALID),
    ],
)
def test_a_wrong_adjustment_is_refused(
    small_world: World, *, member: UUID | None, points: int, store: str, code: ErrorCode
) -> None:
    item = adjustment(small_world, member or small_world.add_member(), points, store=store)

    assert small_world.book(item)[0].code is code


def test_a_blocked_members_points_can_be_put_right(small_world: World) -> None:
    put(small_world, "adjustments", LIMITS)
    member = small_world.add_member()
    small_world.earn(member, 50)
    block(small_world, member)

    small_world.book(adjustment(small_world, member, -50, source=key_of(small_world, Role.CASHIER)))

    assert small_world.balance(member) == 0


def test_an_adjustment_tells_its_rule_its_reason_and_who_approved_it(world: World) -> None:
    put(world, "adjustments", LIMITS)
    item = adjustment(world, world.add_member(), 500, source=key_of(world, Role.CASHIER))
    approve_item(world, item)

    world.book(item)

    with world.hub.database.read() as session:
        made = session.execute(select(Transfer)).scalar_one()
        lot = session.execute(select(Lot)).scalar_one()
    assert (made.kind, made.debit, made.reason) == ("points.adjusted", ADJUSTED, "a spoilt coffee")
    assert made.cause == {
        "rule": "adjustments",
        "version": 1,
        "store": "S01",
        "role": "cashier",
        "approved_by": "key:the other",
    }
    assert lot.source == "adjustment"


def test_given_points_can_be_spent_at_once_and_expire_like_earned_ones(small_world: World) -> None:
    put(small_world, "expiry", {"kind": "calendar", "months": 12, "rounding": "year", "pending_days": 14})
    put(small_world, "cash", {"points": 100, "minor": 95})
    put(small_world, "adjustments", LIMITS)
    member = small_world.add_member()

    small_world.book(adjustment(small_world, member, 100, source=key_of(small_world, Role.CASHIER)))

    with small_world.hub.database.read() as session:
        lot = session.execute(select(Lot)).scalar_one()
    assert lot.active_from == small_world.clock.now
    assert lot.expires_at == datetime(2027, 12, 31, 16, tzinfo=UTC)
    assert lot.unit_value == 9_500


def test_an_adjustment_stands_in_the_audit_log(world: World) -> None:
    member = world.add_member()
    item = adjustment(world, member, 500)
    approve_item(world, item)

    world.book(item, adjustment(world, member, 7))

    with world.hub.database.read() as session:
        entries = session.execute(select(AuditEntry)).scalars().all()
    assert [(entry.action, entry.subject, entry.after) for entry in entries] == [
        (
            "points.adjusted",
            str(member),
            {"request": str(item.id), "points": 500, "approved_by": "key:the other", "alone_max": 0},
        )
    ]


def test_given_points_pay_back_what_is_owed_first(world: World) -> None:
    put(world, "adjustments", LIMITS)
    member, source = world.add_member(), key_of(world, Role.CASHIER)
    incur_debt(world, member, 30)

    outcome = world.book(adjustment(world, member, 100, source=source))[0]

    assert (outcome.result["recovered"], outcome.result["balance"]) == (30, 70)
    assert held(world, debt_account(member)) == 0
    world.assert_books_are_right()


def test_the_same_adjustment_counts_once(world: World) -> None:
    put(world, "adjustments", LIMITS)
    member = world.add_member()
    item = adjustment(world, member, 100, source=key_of(world, Role.CASHIER))

    outcomes = [*world.book(item, item), *world.book(item)]

    assert outcomes[0].result == outcomes[1].result == outcomes[2].result
    assert world.balance(member) == 100


@pytest.fixture
def pair(world: World) -> tuple[UUID, UUID]:
    """Two members, the first with 500 points, of whom the programme lets each pass points on."""
    put(world, "transfers", OFFERED)
    sender, recipient = world.add_member(), world.add_member("周明")
    world.earn(sender, 500)
    return sender, recipient


def pass_on(world: World, sender: UUID, recipient: UUID, points: int, **overrides: Any) -> Outcome:
    return world.book(transfer(world, sender, recipient, points, **overrides))[0]


def test_points_are_passed_on(world: World, pair: tuple[UUID, UUID]) -> None:
    outcome = pass_on(world, *pair, 120)

    assert (outcome.result["points"], outcome.result["balance"], outcome.result["left_today"]) == (120, 380, 180)
    assert [world.balance(member) for member in pair] == [380, 120]
    world.assert_books_are_right()


def test_passed_on_points_keep_their_expiry_and_can_be_passed_on_again(world: World, pair: tuple[UUID, UUID]) -> None:
    sender, recipient = pair
    world.clock.pass_(days=100)
    third = world.add_member("王芳")

    pass_on(world, sender, recipient, 120)
    pass_on(world, recipient, third, 50)

    with world.hub.database.read() as session:
        expiries = session.execute(select(Lot.expires_at)).scalars().all()
    assert len(expiries) == 3
    assert len(set(expiries)) == 1
    assert [world.balance(member) for member in (*pair, third)] == [380, 70, 50]
    world.assert_books_are_right()


def test_both_members_are_shown_anew(world: World, pair: tuple[UUID, UUID]) -> None:
    def versions() -> list[int]:
        with world.hub.database.read() as session:
            return [session.get_one(Account, points_account(member)).version for member in pair]

    before = versions()

    pass_on(world, *pair, 120)

    assert [after - old for after, old in zip(versions(), before, strict=True)] == [1, 1]


@pytest.mark.parametrize(
    ("points", "code", "data"),
    [
        (9, ErrorCode.TRANSFER_TOO_SMALL, {"min": 10}),
        (301, ErrorCode.TRANSFER_DAY_FULL, {"left": 300}),
    ],
)
def test_too_little_or_too_much_is_not_passed_on(
    world: World, pair: tuple[UUID, UUID], *, points: int, code: ErrorCode, data: dict[str, int]
) -> None:
    outcome = pass_on(world, *pair, points)

    assert (outcome.code, outcome.result) == (code, data)
    assert [world.balance(member) for member in pair] == [500, 0]


def test_a_days_transfers_are_counted_together_and_the_local_day_frees_them(
    world: World, pair: tuple[UUID, UUID]
) -> None:
    first = pass_on(world, *pair, 200)
    second = pass_on(world, *pair, 101)
    world.clock.pass_(hours=13, minutes=59)
    same_day = pass_on(world, *pair, 101)
    world.clock.pass_(minutes=1)
    next_day = pass_on(world, *pair, 101)

    codes = [outcome.code for outcome in (first, second, same_day, next_day)]
    assert codes == [None, ErrorCode.TRANSFER_DAY_FULL, ErrorCode.TRANSFER_DAY_FULL, None]
    assert second.result == {"left": 100}


def test_what_is_passed_on_together_is_counted_together(world: World, pair: tuple[UUID, UUID]) -> None:
    outcomes = world.book(transfer(world, *pair, 200), transfer(world, *pair, 200), transfer(world, *pair, 100))

    assert [outcome.code for outcome in outcomes] == [None, ErrorCode.TRANSFER_DAY_FULL, None]
    assert [world.balance(member) for member in pair] == [200, 300]
    world.assert_books_are_right()


def test_nothing_is_passed_on_unless_the_programme_offers_it(small_world: World) -> None:
    sender = small_world.add_member()
    small_world.earn(sender, 500)

    outcome = pass_on(small_world, sender, small_world.add_member("周明"), 100)

    assert outcome.code is ErrorCode.TRANSFER_NOT_OFFERED


def test_points_are_not_passed_on_to_oneself(world: World, pair: tuple[UUID, UUID]) -> None:
    assert pass_on(world, pair[0], pair[0], 100).code is ErrorCode.TRANSFER_SELF


@pytest.mark.parametrize("place", [0, 1])
def test_strangers_and_blocked_members_take_no_part(world: World, pair: tuple[UUID, UUID], place: int) -> None:
    stranger = pass_on(world, NOBODY if place == 0 else pair[0], NOBODY if place == 1 else pair[1], 100)
    block(world, pair[place])
    blocked = pass_on(world, *pair, 100)

    assert [stranger.code, blocked.code] == [ErrorCode.MEMBER_UNKNOWN, ErrorCode.MEMBER_BLOCKED]


def test_an_unknown_store_passes_nothing_on(world: World, pair: tuple[UUID, UUID]) -> None:
    assert pass_on(world, *pair, 100, store="S99").code is ErrorCode.STORE_UNKNOWN


def test_no_more_is_passed_on_than_is_there(world: World, pair: tuple[UUID, UUID]) -> None:
    outcome = pass_on(world, pair[1], pair[0], 100)

    assert (outcome.code, outcome.result) == (ErrorCode.POINTS_SHORT, {"short": 100})


def test_expired_points_are_not_passed_on(world: World, pair: tuple[UUID, UUID]) -> None:
    world.clock.pass_(days=400)

    assert pass_on(world, *pair, 100).code is ErrorCode.POINTS_SHORT


def test_what_a_sender_owes_is_not_the_senders_to_pass_on(world: World, pair: tuple[UUID, UUID]) -> None:
    incur_debt(world, pair[0], 450)

    refused, passed = pass_on(world, *pair, 51), pass_on(world, *pair, 50)

    assert (refused.code, refused.result) == (ErrorCode.POINTS_SHORT, {"short": 1})
    assert passed.is_applied
    world.assert_books_are_right()


def test_what_a_recipient_gets_pays_back_what_is_owed(world: World, pair: tuple[UUID, UUID]) -> None:
    incur_debt(world, pair[1], 30)

    pass_on(world, *pair, 100)

    assert world.balance(pair[1]) == 70
    assert held(world, debt_account(pair[1])) == 0
    world.assert_books_are_right()


def test_a_repeated_transfer_counts_once(world: World, pair: tuple[UUID, UUID]) -> None:
    item = transfer(world, *pair, 100)

    outcomes = [*world.book(item, item), *world.book(item)]

    assert outcomes[0].result == outcomes[1].result == outcomes[2].result
    assert world.balance(pair[1]) == 100


def test_two_members_can_pass_points_to_each_other_at_once(world: World, pair: tuple[UUID, UUID]) -> None:
    sender, recipient = pair
    world.earn(recipient, 100)

    world.book(transfer(world, sender, recipient, 100), transfer(world, recipient, sender, 100))

    assert [world.balance(member) for member in pair] == [500, 100]
    with world.hub.database.read() as session:
        moved = select(func.sum(Transfer.amount)).where(Transfer.kind == "points.transferred")
        assert session.execute(moved).scalar_one() == 200
        assert session.execute(select(func.count()).where(Transfer.debit == ISSUED)).scalar_one() == 2
    world.assert_books_are_right()
