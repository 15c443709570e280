from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from msgspec import ValidationError

from hub.points.acts import AdjustmentPolicy, TransferPolicy, local_day, passed_on
from hub.points.rules import Refusal
from hub.staff.permissions import Role
from hub.terms import normal
from protocol.errors import ErrorCode

OFFERED = TransferPolicy(offered=True, min=10, day_max=300)


@pytest.mark.parametrize(("role", "limit"), [("cashier", 100), ("auditor", 0), ("", 0), ("nobody", 0)])
def test_a_role_that_is_not_named_has_no_limit_of_its_own(role: str, limit: int) -> None:
    assert AdjustmentPolicy({Role.CASHIER: 100}).limit_of(role) == limit


@pytest.mark.parametrize("limits", [{"emperor": 1}, {"cashier": -1}, {"cashier": 10**9 + 1}, {"cashier": "many"}])
def test_limits_are_of_roles_that_there_are(limits: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        normal(AdjustmentPolicy, {"limits": limits})


@pytest.mark.parametrize(
    ("policy", "points", "left", "refusal"),
    [
        (TransferPolicy(), 100, 1_000, (ErrorCode.TRANSFER_NOT_OFFERED, {})),
        (OFFERED, 9, 300, (ErrorCode.TRANSFER_TOO_SMALL, {"min": 10})),
        (OFFERED, 10, 300, None),
        (OFFERED, 300, 300, None),
        (OFFERED, 301, 300, (ErrorCode.TRANSFER_DAY_FULL, {"left": 300})),
        (OFFERED, 10, 9, (ErrorCode.TRANSFER_DAY_FULL, {"left": 9})),
    ],
)
def test_how_many_points_may_be_passed_on(
    policy: TransferPolicy, points: int, left: int, refusal: Refusal | None
) -> None:
    assert policy.refusal(points, left) == refusal


def test_a_day_begins_at_local_midnight() -> None:
    shanghai = ZoneInfo("Asia/Shanghai")

    days = [local_day(datetime(2026, 11, 21, *time, tzinfo=UTC), shanghai) for time in ((15, 59), (16, 0))]

    assert days == [date(2026, 11, 21), date(2026, 11, 22)]


def test_every_sender_and_day_has_a_tally_of_its_own() -> None:
    members, days = [UUID(int=1 << 64), UUID(int=2 << 64)], [date(2026, 11, 21), date(2026, 11, 22)]

    assert len({passed_on(member, day) for member in members for day in days}) == 4
