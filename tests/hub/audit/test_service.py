from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from hub.audit.models import AuditEntry, AuditHead
from hub.audit.rules import faults
from hub.audit.service import audit, audit_all
from tests.hub.audit.log import KEY, Log, make_act
from tests.hub.points.acts import LIMITS, adjustment, put
from tests.hub.world import World

THREADS, EACH = 4, 15
KEYS = {KEY.name: KEY.key}


def test_those_who_write_at_the_same_moment_leave_no_gap(world: World, log: Log) -> None:
    def write(_thread: int) -> None:
        for _ in range(EACH):
            world.hub.database.run(lambda session: audit(session, make_act(), world.clock.now, world.hub.random_bytes))

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(write, range(THREADS)))

    numbers = [entry["number"] for entry in log.dump()]
    assert numbers == list(range(1, 10 + THREADS * EACH + 1))
    assert list(faults(log.dump(), log.heads(), KEYS)) == []


def test_the_first_two_who_ever_write_do_not_both_begin_the_chain(world: World) -> None:
    def write(_thread: int) -> None:
        world.hub.database.run(lambda session: audit(session, make_act(), world.clock.now, world.hub.random_bytes))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, range(2)))

    with world.hub.database.read() as session:
        assert sorted(session.execute(select(AuditEntry.number)).scalars()) == [1, 2]


def test_what_is_undone_leaves_no_number_behind(log: Log) -> None:
    def change_our_mind(session: Session) -> None:
        audit(session, make_act(), log.world.clock.now, log.world.random.randbytes)
        raise RuntimeError("changed our mind")

    with pytest.raises(RuntimeError):
        log.database.run(change_our_mind)
    log.write(1)

    assert [entry["number"] for entry in log.dump()][-2:] == [10, 11]
    assert list(faults(log.dump(), log.heads(), KEYS)) == []


def test_several_acts_of_one_booking_follow_one_another(world: World) -> None:
    put(world, "adjustments", {"limits": LIMITS["limits"] | {"admin": 1_000}})
    member = world.add_member()

    with world.hub.database.write() as session:
        audit_all(session, [make_act(), make_act()], world.clock.now, world.random.randbytes)
        audit_all(session, [], world.clock.now, world.random.randbytes)
        audit(session, make_act(), world.clock.now, world.random.randbytes)
    world.book(*[adjustment(world, member, points) for points in (600, 700)])

    with world.hub.database.read() as session:
        entries = list(session.execute(select(AuditEntry).order_by(AuditEntry.number)).scalars())
        head = session.execute(select(AuditHead)).scalar_one()
    assert [entry.number for entry in entries] == [1, 2, 3]
    assert all(one.hash != other.hash for one, other in pairwise(entries))
    assert (head.number, head.hash) == (3, entries[-1].hash)


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'me'", "DELETE FROM audit"])
def test_the_database_itself_refuses_changes(log: Log, statement: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"), log.database.write() as session:
        session.execute(text(statement))
