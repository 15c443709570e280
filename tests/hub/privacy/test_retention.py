from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import func, select

from hub.booking.models import Fact
from hub.db.base import Base
from hub.members import consent
from hub.members.consent import Said
from hub.members.models import Consent, Member
from hub.privacy import erasure, exports
from hub.privacy.erasure import Wish
from hub.privacy.models import Destruction, PersonalExport
from hub.privacy.retention import PIECE_MAX_ROWS, Retention, digest_of
from hub.privacy.rules import RetentionPolicy
from hub.programme.service import Change, publish
from hub.wallet.intake import TopUpRecorded
from protocol.events import LeaseAccepted
from tests.hub.world import World

YEAR = timedelta(days=365)


def run(world: World, years: float = 0, *, piece_max_rows: int = PIECE_MAX_ROWS) -> dict[str, int]:
    hub = world.hub
    return Retention(hub.database, hub.eraser, hub.random_bytes, piece_max_rows).run(world.clock.now + years * YEAR)


def put_policy(world: World, **document: Any) -> None:
    with world.hub.database.write() as session:
        publish(session, Change("retention", document, "test"), world.clock.now)


def count(world: World, model: type[Base], *where: Any) -> int:
    with world.hub.database.read() as session:
        return session.execute(select(func.count()).select_from(model).where(*where)).scalar_one()


def erase(world: World, member: UUID) -> None:
    with world.hub.database.write() as session:
        wish = Wish(world.new_id(), "staff:a", "staff:b", "asked for")
        assert world.hub.eraser.erase(session, member, wish, world.clock.now) is None
    with world.hub.database.write() as session:
        assert erasure.finish(session, world.clock.now, world.hub.random_bytes) == 1


def test_nothing_is_destroyed_before_its_time(world: World) -> None:
    world.earn(world.add_member(), 10)

    assert sum(run(world).values()) == 0
    assert count(world, Destruction) == 0


def test_an_event_loses_its_bytes_after_years_but_what_was_booked_stays(world: World) -> None:
    kiosk = world.add_kiosk()
    world.book(world.told(kiosk, LeaseAccepted(1, UUID(int=1), 0)))

    early, late, again = run(world, 4.9), run(world, 5.1), run(world, 5.2)

    assert (early["events"], late["events"], again["events"]) == (0, 1, 0)
    assert count(world, Fact, Fact.raw.is_not(None)) == 0
    assert count(world, Fact, Fact.kind == "lease.accepted") == 1


def test_each_piece_leaves_a_proof(world: World) -> None:
    kiosk = world.add_kiosk()
    items = [world.told(kiosk, LeaseAccepted(number, UUID(int=1), 0)) for number in (1, 2, 3)]
    world.book(*items)

    run(world, 6, piece_max_rows=2)

    with world.hub.database.read() as session:
        proofs = session.execute(select(Destruction).order_by(Destruction.rows)).scalars().all()
    ids = sorted(item.id for item in items)
    assert [(proof.kind, proof.rows) for proof in proofs] == [("events", 1), ("events", 2)]
    assert {proof.digest for proof in proofs} == {digest_of(ids[:2]), digest_of(ids[2:])}


def test_agreement_is_kept_as_long_as_the_member_and_some_years_longer(world: World) -> None:
    gone, here = world.add_member(), world.add_member()
    with world.hub.database.write() as session:
        publish(session, Change("consents.sms", {"texts": {"zh": "同意"}}, "test"), world.clock.now)
        said = [
            Said(member, "sms", given=True, version=1, language="zh", channel="till", actor="test")
            for member in (gone, here)
        ]
        assert consent.record(session, said, world.clock.now, world.hub.random_bytes) == []
    erase(world, gone)

    early, late = run(world, 2.9), run(world, 3.1)

    assert (early["consents"], late["consents"]) == (0, 1)
    assert count(world, Consent, Consent.member == here) == 1


def test_an_export_that_nobody_fetched_is_destroyed(world: World) -> None:
    member = world.add_member()
    with world.hub.database.write() as session:
        waiting = exports.waiting(world.new_id(), member, "staff:a", world.clock.now)
        assert exports.make(session, world.hub.vault, waiting) is None

    early, late = run(world, 6 / 365), run(world, 8 / 365)

    assert (early["exports"], late["exports"]) == (0, 1)
    assert count(world, PersonalExport) == 0


def test_members_are_erased_for_being_away_only_where_the_programme_says_so(world: World) -> None:
    member = world.add_member()

    assert "members" not in run(world, 20)
    put_policy(world, inactive_years=3)
    assert run(world, 2.9)["members"] == 0
    assert run(world, 3.1)["members"] == 1

    assert count(world, Member, Member.id == member, Member.state == "erasing") == 1


def test_whoever_moved_something_or_holds_money_is_not_erased_for_being_away(world: World) -> None:
    put_policy(world, inactive_years=3)
    lately, rich = world.add_member(), world.add_member()
    assert world.book(world.posted(TopUpRecorded("T1", rich, "CNY", 5_000)))[0].is_applied
    world.clock.pass_(days=365 * 2)
    world.earn(lately, 10)

    assert run(world, 2)["members"] == 0


@pytest.mark.parametrize(
    "document",
    [{"consents_years": 2}, {"events_years": 4}, {"inactive_years": 1}, {"visits_days": 0}, {"alerts_days": 179}],
)
def test_no_policy_destroys_what_the_law_wants_kept(document: dict[str, int]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(document, RetentionPolicy)
