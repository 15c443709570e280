"""A hub restored from before a lease was given: what giver and taker tell again stands as if nothing had been lost."""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct
from sqlalchemy import select

from hub.db.session import Database
from hub.fleet.models import Kiosk
from hub.intake import Item, Outcome
from hub.leases.seals import Lent, Sealer
from hub.ledger.models import Account
from protocol import passes
from protocol.duties import LendPoints
from protocol.errors import ErrorCode
from protocol.events import LeaseClosed
from tests.hub.leases.neighbours import Neighbours, accepted, fence, spent, taken
from tests.hub.world import SECRETS, TestKiosk, World
from tests.model.state import Rows, dump, restore

SEEDS = count(500)
"""What is written down for good is not undone between two examples, so no two may draw the same ids."""


class Forgetful(Neighbours):
    """The scene on a hub that can go back to how it was before the lease."""

    before: Rows

    def lend(self, points: int = 500, kiosk: TestKiosk | None = None) -> LendPoints:
        self.before = dump(self.world.hub.database)
        return super().lend(points, kiosk)

    def forget(self) -> None:
        restore(self.world.hub.database, self.before)

    def books(self) -> dict[str, Any]:
        """What every account holds that is not a lease's own, and what was redeemed."""
        self.world.assert_books_are_right()
        with self.world.hub.database.read() as session:
            accounts = session.execute(select(Account.book, Account.owner, Account.balance)).all()
            held = sorted((row.book, row.owner, row.balance) for row in accounts if row.balance)
        ended = sorted((x.kiosk, x.number, x.state, x.points, x.spent) for x in self.leases())
        return {"held": held, "vouchers": sorted(self.vouchers()), "leases": ended}


@pytest.fixture
def scene(world: World) -> Forgetful:
    return Forgetful(world)


def codes(outcomes: Sequence[Outcome]) -> list[ErrorCode | None]:
    return [outcome.code for outcome in outcomes]


@pytest.mark.parametrize("giver_first", [True, False])
def test_a_forgotten_lease_is_taken_up_again_on_the_word_of_either(scene: Forgetful, *, giver_first: bool) -> None:
    note = scene.note(100)
    gave = scene.journal(scene.here, accepted(scene.grant), fence(note), LeaseClosed(scene.grant.lease, 100))
    took = scene.journal(scene.beside, taken(note, scene.here), *spent(note, scene.world.new_id()))
    scene.forget()

    outcomes = scene.world.book(*(gave + took if giver_first else took + gave))

    assert codes(outcomes) == [None] * 6
    assert (scene.figures(), scene.debt()) == ((900, 0), 0)
    with scene.world.hub.database.read() as session:
        assert session.get_one(Kiosk, scene.here.id).last_lease == scene.grant.lease
        assert session.get_one(Kiosk, scene.beside.id).last_lease == 0


def test_what_the_member_does_not_have_here_is_owed(scene: Forgetful) -> None:
    scene.world.earn(scene.member, 1_000)
    scene.grant = Neighbours.lend(scene, 1_500)
    note = scene.note(1_200)
    gave = scene.journal(scene.here, accepted(scene.grant), fence(note))
    took = scene.journal(scene.beside, taken(note, scene.here), LeaseClosed(passes.lease_of(note.id), 0))
    scene.forget()

    outcomes = scene.world.book(*took, *gave)

    assert codes(outcomes) == [None] * 4
    assert (scene.figures(), scene.debt()) == ((700, 300), 0)
    assert codes(scene.tell(LeaseClosed(scene.grant.lease, 1_200))) == [None]
    assert (scene.figures(), scene.debt()) == ((1_000, 0), 0)


@pytest.mark.parametrize("other", [{"seal": "0" * 64}, {"lent": 600}, {"epoch": None}, {"lease": 5}])
def test_nobody_can_make_up_a_lease_by_a_note(scene: Forgetful, other: dict[str, Any]) -> None:
    note = scene.note(100, **(other | ({"epoch": scene.beside.epoch} if "epoch" in other else {})))
    scene.forget()

    outcomes = scene.tell_beside(taken(note, scene.here), *spent(note, scene.world.new_id()))

    assert codes(outcomes) == [ErrorCode.LEASE_UNKNOWN] * 3
    assert (scene.leases(), scene.figures()) == ([], (1_000, 0))


def test_more_than_a_forgotten_lease_ever_was_is_not_taken_up(scene: Forgetful) -> None:
    note = scene.note(501)
    scene.forget()

    assert codes(scene.tell_beside(taken(note, scene.here))) == [ErrorCode.LEASE_OVERSPENT]
    assert scene.leases() == []


def test_a_member_that_this_hub_does_not_know_is_lent_nothing_again(scene: Forgetful) -> None:
    unknown = scene.world.new_id()
    lent = Lent(scene.here.id, scene.here.epoch, 9, "points", unknown, 500)
    note = scene.note(100, member=unknown, lease=9, seal=Sealer(SECRETS.lease_key).seal(lent))

    assert codes(scene.tell_beside(taken(note, scene.here))) == [ErrorCode.MEMBER_UNKNOWN]


@pytest.mark.parametrize("giver_first", [True, False])
def test_what_was_lent_again_after_the_fence_alone_is_counted_once(scene: Forgetful, *, giver_first: bool) -> None:
    note = scene.note(100)
    gave = scene.journal(scene.here, accepted(scene.grant), fence(note), LeaseClosed(scene.grant.lease, 100))
    scene.world.book(*gave)
    [duty] = scene.duties(LendPoints, scene.beside)
    took = scene.journal(scene.beside, accepted(duty), *spent(note, scene.world.new_id(), 60))
    scene.world.book(*took)
    books = scene.books()
    scene.forget()

    outcomes = scene.world.book(*(gave + took if giver_first else took + gave))

    assert codes(outcomes) == [None] * 6
    assert scene.books() == books
    assert scene.figures() == (940, 0)


@given(
    amounts=st.lists(st.tuples(st.booleans(), st.integers(1, 150), st.integers(0, 150)), max_size=5),
    turns=st.lists(st.tuples(st.booleans(), st.integers(1, 4)), max_size=12),
    is_forgotten=st.booleans(),
)
@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_however_the_two_journals_are_heard_the_books_are_the_same(
    sqlite: Database, amounts: list[tuple[bool, int, int]], turns: list[tuple[bool, int]], *, is_forgotten: bool
) -> None:
    empty = dump(sqlite)
    try:
        scene = Forgetful(World.found(sqlite, next(SEEDS)), points=300, lent=200)
        early = scene.before
        scene.world.earn(scene.member, 700)
        scene.grant = scene.lend(800)
        untold = dump(sqlite)
        gave, took = _journals(scene, amounts)
        together = scene.world.book(*gave, *took)
        books = scene.books()

        restore(sqlite, early if is_forgotten else untold)
        outcomes = [outcome for batch in _batches(gave, took, turns) for outcome in scene.world.book(*batch)]

        assert codes([*together, *outcomes]) == [None] * (2 * len(gave + took))
        if is_forgotten:
            # What was earned since the backup is lost to this hub, and what of it was spent is owed.
            assert _worth(scene) == 300 - sum(scene.vouchers())
        else:
            assert scene.books() == books
        assert scene.lent() == (0 if is_forgotten else 200)
    finally:
        restore(sqlite, empty)


def _worth(scene: Forgetful) -> int:
    scene.world.assert_books_are_right()
    return scene.world.balance(scene.member) - scene.debt()


def _journals(scene: Forgetful, amounts: list[tuple[bool, int, int]]) -> tuple[list[Item], list[Item]]:
    """All that both journal: the giver spends and passes on, the taker spends all or a part of what it got."""
    gave: list[Struct] = [accepted(scene.grant)]
    took: list[Struct] = []
    for is_passed, points, price in amounts:
        note = scene.note(points)
        gave.append(fence(note) if is_passed else scene.spent(scene.grant, points))
        if is_passed:
            took.append(taken(note, scene.here))
            part = min(price, points)
            took += spent(note, scene.world.new_id(), part) if part else [LeaseClosed(passes.lease_of(note.id), 0)]
    gave.append(LeaseClosed(scene.grant.lease, sum(points for _is_passed, points, _price in amounts)))
    return scene.journal(scene.here, *gave), scene.journal(scene.beside, *took)


def _batches(gave: list[Item], took: list[Item], turns: list[tuple[bool, int]]) -> Iterator[list[Item]]:
    """Both journals in pieces, each in its own order; two pieces in a row of different kiosks may be one batch."""
    left = {True: list(gave), False: list(took)}
    batch: list[Item] = []
    for is_giver, size in turns:
        piece, left[is_giver] = left[is_giver][:size], left[is_giver][size:]
        batch += piece
        if size % 2:
            yield batch
            batch = []
    yield [*batch, *left[False], *left[True]]
