"""A world at the end of its days, for the tests of what happens then."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from hub.composition import Hub
from hub.day_end.models import DayEnd, ExpiryNotice, LateMember
from hub.day_end.run import DayEnds
from hub.ledger.models import Account, Lot, Rollup, Transfer
from hub.points.service import points_account
from hub.programme.service import Change, publish
from tests.hub.world import World


@dataclass(frozen=True, slots=True)
class EndDays:
    """Ends the days that are over, in small chunks; it can be sent to another process."""

    upto: date | None = None
    chunk_max: int = 2

    def __call__(self, hub: Hub) -> None:
        DayEnds(hub.database, hub.book, hub.clock, chunk_max=self.chunk_max).run(self.upto)


class Evening:
    """A world whose days end when it is told to."""

    def __init__(self, world: World) -> None:
        self.world = world

    def end_days(self, **options: Any) -> list[date]:
        hub = self.world.hub
        return DayEnds(hub.database, hub.book, self.world.clock, **options).run()

    def skip_to(self, moment: datetime) -> None:
        """Come to a moment as if every day before it had ended without anything to do."""
        self.world.clock.now = moment
        with self.world.hub.database.write() as session:
            day = moment.astimezone(ZoneInfo("Asia/Shanghai")).date() - timedelta(days=2)
            session.add(DayEnd(day=day, step="done", cursor="", started_at=moment, finished_at=moment, figures={}))

    def term(self, name: str, **document: Any) -> None:
        """Put a rule or policy in force."""
        with self.world.hub.database.write() as session:
            publish(session, Change(name, document, "test"), self.world.clock.now)

    def balance(self, account: UUID) -> int:
        with self.world.hub.database.read() as session:
            found = session.get(Account, account)
            return found.balance if found else 0

    def transfers(self, kind: str) -> list[Transfer]:
        with self.world.hub.database.read() as session:
            query = select(Transfer).where(Transfer.kind == kind).order_by(Transfer.recorded_at, Transfer.id)
            return list(session.execute(query).scalars())

    def lots(self, member: UUID) -> list[int]:
        """What remains of a member's lots of points, in the order they were granted."""
        with self.world.hub.database.read() as session:
            query = select(Lot.remaining).where(Lot.account == points_account(member))
            return list(session.execute(query.order_by(Lot.granted_at, Lot.id)).scalars())

    def day(self, day: date) -> DayEnd:
        with self.world.hub.database.read() as session:
            return session.get_one(DayEnd, day)

    def notices(self) -> list[ExpiryNotice]:
        with self.world.hub.database.read() as session:
            return list(session.execute(select(ExpiryNotice).order_by(ExpiryNotice.expires_at)).scalars())

    def rollups(self) -> list[Rollup]:
        with self.world.hub.database.read() as session:
            return list(session.execute(select(Rollup).order_by(Rollup.day, Rollup.account)).scalars())

    def late(self) -> dict[UUID, date]:
        with self.world.hub.database.read() as session:
            return {row.member: row.since for row in session.execute(select(LateMember)).scalars()}
