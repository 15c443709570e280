"""A month of honest work at a chain, and known fraud hidden in it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from hub.alerts.rules import Burnt, Deed, Pairing
from protocol.ids import derived_id, event_id

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
DAYS, PEOPLE, MEMBERS = 30, 40, 600
SPACE = UUID(int=3 << 64)


@dataclass(slots=True)
class Month:
    """What the rules look at, and the truth: for each kind of finding, whose deeds are fraud."""

    random: Random
    deeds: list[Deed] = field(default_factory=list)
    pairings: list[Pairing] = field(default_factory=list)
    returns: list[Burnt] = field(default_factory=list)
    guilty: dict[str, set[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, seed: int) -> "Month":
        """A month; another one for each seed."""
        month = cls(Random(seed))
        for person in people():
            month.work(person)
        month.shop()
        month.cheat()
        month.deeds.sort(key=lambda deed: deed.at)
        return month

    def do(self, at: datetime, person: str, action: str, subject: str = "", **after: object) -> None:
        """Write something down."""
        key = event_id(int(at.timestamp() * 1000), self.random.randbytes(10))
        source = f"192.0.2.{int(person[-2:], 16) % 250}"
        self.deeds.append(Deed(key, at, f"staff:{person}", action, subject or person, source, after))

    def work(self, person: str) -> None:
        """Log in by day with the same device, mistype now and then, adjust a little, look members up."""
        choose = self.random
        for day in range(DAYS):
            # 9 in the morning in Shanghai is 1 in UTC.
            at = BEGIN + timedelta(days=day, hours=1, minutes=choose.randrange(60))
            for _ in range(choose.choice([0, 0, 0, 1, 1, 2])):
                self.do(at, person, "staff.login_failed", device="till")
            self.do(at, person, "staff.logged_in", device="till")
            for _ in range(choose.randrange(3)):
                points = choose.choice([5, 10, 20, 30, 50, 50, 80, 100])
                when = at + timedelta(minutes=choose.randrange(480))
                self.do(when, person, "points.adjusted", member(choose), points=points, alone_max=100, approved_by="")
            for _ in range(choose.randrange(6)):
                when = at + timedelta(minutes=choose.randrange(480))
                self.do(when, person, "member.revealed", member(choose))
        if choose.randrange(10) == 0:
            self.do(BEGIN + timedelta(days=9, hours=17), person, "points.adjusted", points=5, alone_max=100)

    def shop(self) -> None:
        """Most members buy at several tills; a few regulars mostly at one."""
        choose = self.random
        for number in range(MEMBERS):
            bought = choose.choice([1, 2, 3, 4, 6, 9, 15, 20])
            shares = [choose.randrange(1, 6) for _ in range(min(4, bought))]
            for share, person in zip(shares, choose.sample(people(), len(shares)), strict=True):
                times = max(1, bought * share // sum(shares))
                self.pair(person, UUID(int=number << 64), times, bought)
            if choose.randrange(50) == 0:
                self.returns.append(Burnt(choice_id(choose), UUID(int=number << 64), "S01", BEGIN, 20))

    def pair(self, person: str, who: UUID, times: int, bought: int) -> None:
        """Have somebody record purchases of a member."""
        self.pairings.append(Pairing(f"staff:{person}", who, "S01", times, bought, BEGIN + timedelta(days=20)))

    def cheat(self) -> None:
        """Two of each kind of fraud."""
        for number, person in enumerate(self.random.sample(people(), 12)):
            kind = sorted(FRAUDS)[number // 2]
            self.guilty.setdefault(kind, set()).update(FRAUDS[kind](self, person))


def people() -> list[str]:
    """Who works there."""
    return [str(derived_id(SPACE, f"person {number}")) for number in range(PEOPLE)]


def member(choose: Random) -> str:
    """Some member."""
    return str(UUID(int=choose.randrange(MEMBERS) << 64))


def choice_id(choose: Random) -> UUID:
    """Some id."""
    return UUID(bytes=choose.randbytes(16))


def guess(month: Month, person: str) -> Iterator[str]:
    """Somebody tries passwords, and gets in."""
    at = BEGIN + timedelta(days=12, hours=3)
    for second in range(15):
        month.do(at + timedelta(seconds=20 * second), person, "staff.login_failed", device="till")
    yield f"person:{person}"
    yield f"address:{month.deeds[-1].source}"


def borrow(month: Month, person: str) -> Iterator[str]:
    """Somebody logs in elsewhere."""
    month.do(BEGIN + timedelta(days=14, hours=4), person, "staff.logged_in", device="stolen laptop")
    yield f"person:{person}"


def stay_late(month: Month, person: str) -> Iterator[str]:
    """Somebody works at three in the morning."""
    for minute in range(6):
        at = BEGIN + timedelta(days=15, hours=19, minutes=minute)
        month.do(at, person, "points.adjusted", points=10, alone_max=100)
    yield f"staff:{person}"


def befriend(month: Month, person: str) -> Iterator[str]:
    """A friend earns for what others buy."""
    month.pair(person, choice_id(month.random), 24, 25)
    yield f"staff:{person}"


def skim(month: Month, person: str) -> Iterator[str]:
    """Somebody gives a friend just less than the limit."""
    for day in range(4):
        at = BEGIN + timedelta(days=10 + day, hours=5)
        month.do(at, person, "points.adjusted", points=98, alone_max=100, approved_by="")
    yield f"staff:{person}"


def sell(month: Month, person: str) -> Iterator[str]:
    """Somebody copies addresses."""
    at = BEGIN + timedelta(days=18, hours=6)
    for minute in range(45):
        month.do(at + timedelta(minutes=minute), person, "member.revealed", member(month.random))
    yield f"staff:{person}"


FRAUDS = {
    "adjustment.near_limit": skim,
    "data.opened_often": sell,
    "earning.same_member": befriend,
    "log_in.failed_often": guess,
    "log_in.new_device": borrow,
    "work.at_night": stay_late,
}
