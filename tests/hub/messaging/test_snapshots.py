from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET
from sqlalchemy import delete

from hub.members import fields
from hub.members.definitions import FieldDefinition
from hub.members.models import MemberKey
from hub.messaging.snapshots import VOUCHERS_MAX, snapshots
from hub.points.rules import ExpiryPolicy
from hub.programme.service import Change, in_force, publish
from hub.rewards.models import Voucher
from hub.wallet.intake import TopUpRecorded
from protocol.ids import derived_id, voucher_code
from protocol.limits import FIELDS_MAX
from protocol.state import MemberSnapshot, ShownField
from tests.hub.world import START, STORE, World

LATTE = derived_id(UUID(int=7), "latte")


def snapshot(world: World, member: UUID) -> MemberSnapshot:
    with world.hub.database.read() as session:
        return snapshots(session, world.hub.vault, [member], world.clock.now)[member]


def add_voucher(world: World, member: UUID, *, days_ago: int, state: str = "open") -> UUID:
    spend = world.new_id()
    with world.hub.database.write() as session:
        session.add(
            Voucher(
                id=spend,
                code=voucher_code(spend),
                member=member,
                reward=LATTE,
                points=600,
                kiosk="k-1",
                store=STORE,
                state=state,
                redeemed_at=START - timedelta(days=days_ago),
                handed_out_at=None,
                handed_out_by=None,
            )
        )
    return spend


def define(world: World, *names: str, **settings: Any) -> dict[str, FieldDefinition]:
    with world.hub.database.write() as session:
        for name in names:
            document = {"kind": "text", "names": {"zh": name}, "screens": ["kiosk"], **settings}
            publish(session, Change(f"fields.{name}", document, "test"), world.clock.now)
    with world.hub.database.read() as session:
        return fields.definitions(in_force(session))


def test_kiosks_are_told_the_fields_that_are_for_them_and_no_more_than_they_can_show(world: World) -> None:
    member, stranger = world.add_member(), world.add_member()
    many = [f"f{number}" for number in range(FIELDS_MAX + 2)]
    define(world, "secret", roles=["store_manager"])
    define(world, "inner", screens=["console", "till"])
    own = define(world, *many)
    with world.hub.database.write() as session:
        fields.write(session, world.hub.vault, own, {member: dict.fromkeys(own, "A7")})

    told = snapshot(world, member).fields

    assert told == [ShownField({"zh": name}, {"en": "A7"}) for name in many[:FIELDS_MAX]]
    assert snapshot(world, stranger).fields is UNSET


def test_an_erased_member_has_no_field_left_to_show(world: World) -> None:
    member = world.add_member()
    own = define(world, "locker")
    with world.hub.database.write() as session:
        fields.write(session, world.hub.vault, own, {member: {"locker": "A7"}})
        session.execute(delete(MemberKey).where(MemberKey.member == member))

    assert snapshot(world, member).fields is UNSET


def test_nobody_asked_for_is_nobody_told(world: World) -> None:
    with world.hub.database.read() as session:
        assert snapshots(session, world.hub.vault, [], world.clock.now) == {}


def test_somebody_unknown_has_no_snapshot(world: World) -> None:
    stranger, member = world.new_id(), world.add_member()

    with world.hub.database.read() as session:
        known = snapshots(session, world.hub.vault, [stranger, member], world.clock.now)

    assert list(known) == [member]


def test_a_new_member_has_nothing_yet(world: World) -> None:
    told = snapshot(world, world.add_member("张伟"))

    assert (told.display_name, told.tier, told.language) == ("张*", "classic", "zh")
    assert (told.points, told.qualifying, told.stored_value, told.expiring) == (0, 0, 0, 0)
    assert told.expiring_at is UNSET
    assert told.vouchers == []


def test_each_figure_comes_from_its_own_account(world: World) -> None:
    member, other = world.add_member(), world.add_member()
    world.earn(member, 700)
    world.earn(other, 5)
    world.book(world.posted(TopUpRecorded("T1", member, "CNY", 5_000)))

    told = snapshot(world, member)

    assert (told.points, told.qualifying, told.stored_value) == (700, 700, 5_000)
    assert told.as_of == world.clock.now


def test_versions_rise_with_every_change(world: World) -> None:
    member = world.add_member()
    versions = [snapshot(world, member).version]
    for _ in range(2):
        world.earn(member, 10)
        versions.append(snapshot(world, member).version)

    assert versions == sorted(set(versions))


def test_points_are_told_to_expire_only_shortly_before_they_do(world: World) -> None:
    member = world.add_member()
    world.earn(member, 100)
    world.clock.pass_(days=365 - ExpiryPolicy().notice_days - 10)
    world.earn(member, 40)
    long_before = snapshot(world, member)

    world.clock.pass_(days=30)
    shortly_before = snapshot(world, member)

    assert (long_before.expiring, long_before.expiring_at) == (0, UNSET)
    assert shortly_before.expiring == 100
    assert shortly_before.expiring_at is not UNSET
    assert shortly_before.expiring_at > world.clock.now


def test_pending_points_and_gifts_are_told_apart_and_left_out_where_there_are_none(world: World) -> None:
    member, other = world.add_member(), world.add_member("陈思远")
    with world.hub.database.write() as session:
        for name, document in (("expiry", {"pending_days": 14}), ("gift.1", {"at_least": 100, "gift": 50})):
            publish(session, Change(name, document, "test"), START)
    world.earn(member, 30)
    world.book(world.posted(TopUpRecorded("T1", member, "CNY", 5_000)))

    told, nothing = snapshot(world, member), snapshot(world, other)

    assert (told.points, told.pending, told.pending_at) == (0, 30, START + timedelta(days=14))
    assert (told.stored_value, told.bonus) == (5_050, 50)
    assert (nothing.pending, nothing.pending_at, nothing.bonus, nothing.debt) == (UNSET, UNSET, UNSET, UNSET)


def test_only_open_vouchers_are_shown_oldest_first_and_not_too_many(world: World) -> None:
    member = world.add_member()
    add_voucher(world, member, days_ago=99, state="handed_out")
    add_voucher(world, world.add_member(), days_ago=98)
    spends = [add_voucher(world, member, days_ago=days) for days in range(VOUCHERS_MAX + 2)]

    told = snapshot(world, member)

    assert [voucher.spend for voucher in told.vouchers] == spends[:1:-1]


def test_a_member_whose_key_is_destroyed_is_told_without_a_name(world: World) -> None:
    member = world.add_member("林晓雨")
    world.earn(member, 7)
    with world.hub.database.write() as session:
        session.execute(delete(MemberKey))

    told = snapshot(world, member)

    assert (told.display_name, told.points) == ("", 7)


def test_a_snapshot_never_holds_a_phone_number_or_the_rest_of_a_name(world: World) -> None:
    told = msgspec.json.encode(snapshot(world, world.add_member("欧阳晓雨", "+8614000000001")))

    assert "欧*".encode() in told
    for secret in ("欧阳", "晓雨", "14000000001"):
        assert secret.encode() not in told
