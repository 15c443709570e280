from datetime import date, datetime, timedelta
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hub.day_end.run import DayEnds
from hub.ledger import queries
from hub.ledger.models import Account, Rollup, Transfer
from hub.ledger.rules import is_programme
from tests.hub.world import START, World
from tests.model.races import move, open_accounts, ring


def replayed(world: World, known_at: datetime) -> dict[tuple[UUID, str], int]:
    """What the programme's accounts hold, movement by movement."""
    balances: dict[tuple[UUID, str], int] = {}
    with world.hub.database.read() as session:
        units = {account.id: account.unit for account in session.execute(select(Account)).scalars()}
        for row in session.execute(select(Transfer).where(Transfer.recorded_at <= known_at)).scalars():
            for mine, other, change in ((row.debit, row.credit, -row.amount), (row.credit, row.debit, row.amount)):
                if is_programme(mine):
                    key = mine, units[other]
                    balances[key] = balances.get(key, 0) + change
    return balances


@pytest.mark.parametrize("seed", [1, 2])
def test_rollups_and_the_tail_are_what_a_replay_gives_at_any_moment(world: World, seed: int) -> None:
    random, member = Random(seed), world.add_member()
    moments = [START]
    for _ in range(12):
        world.clock.pass_(hours=random.randrange(1, 30))
        world.earn(member, random.randrange(1, 50))
        moments.append(world.clock.now)
        if random.random() < 0.3:
            DayEnds(world.hub.database, world.hub.book, world.clock).run()

    with world.hub.database.read() as session:
        rolled_up = session.query(Rollup).count()
        for moment in moments:
            for known_at in (moment - timedelta(microseconds=1), moment, moment + timedelta(hours=7)):
                assert queries.programme_balances(session, known_at) == replayed(world, known_at)
        assert queries.programme_balances(session) == replayed(world, world.clock.now)
    assert rolled_up > 0


def test_the_next_day_to_roll_up_is_the_first_that_has_transfers(world: World) -> None:
    member = world.add_member()
    with world.hub.database.read() as session:
        nothing = queries.next_to_roll_up(session)
    world.earn(member, 1)
    world.clock.pass_(days=3)
    world.earn(member, 1)

    with world.hub.database.read() as session:
        first = queries.next_to_roll_up(session)
        second = queries.next_to_roll_up(session, first)
        third = queries.next_to_roll_up(session, second)

    assert (nothing, first, second, third) == (None, date(2026, 11, 21), date(2026, 11, 24), None)


def test_members_and_programme_add_up_to_nothing_in_each_unit(world: World) -> None:
    world.earn(world.add_member(), 7)

    with world.hub.database.read() as session:
        sums = queries.unit_sums(session)

    assert sums == {
        "points": {"members": 7, "programme": -7},
        "qualifying": {"members": 7, "programme": -7},
    }


def test_sqlite_finds_the_movements_of_a_member_by_an_index(small_world: World) -> None:
    account = UUID(int=9 << 64)
    with small_world.hub.database.read() as session:
        for side in (Transfer.debit, Transfer.credit):
            query = select(Transfer.id).where(side == account, queries.of_member(side))
            compiled = str(
                query.compile(session.get_bind(), compile_kwargs={"literal_binds": True, "render_postcompile": True})
            )
            [step] = session.execute(text(f"EXPLAIN QUERY PLAN {compiled}")).all()
            assert f"ix_transfers_{side.key}_recorded_at" in step.detail


def test_postgresql_finds_the_lots_of_an_account_without_looking_at_the_others(world: World) -> None:
    database, now = world.hub.database, world.clock.now
    if database.is_sqlite:
        pytest.skip("SQLite does not count what it reads")
    crowd = ring(500)
    open_accounts(database, crowd, each=60, now=now)
    assert move(database, world.new_id(), (crowd[1], crowd[0]), 30, now=now) is None
    with database.write() as session:
        session.execute(text("ANALYZE lots"))

    with database.read() as session:
        before = lots_read(session)
        found = list(queries.ask_lots_of(session, crowd[:1]).answer())
        read = lots_read(session) - before

    assert {lot.account for lot in found} == set(crowd[:2])
    assert len(found) <= read < 50


def lots_read(session: Session) -> int:
    """How many rows of lots PostgreSQL has looked at for this connection so far."""
    counted = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'lots'"
    read: int = session.execute(text(counted)).scalar_one()
    return read
