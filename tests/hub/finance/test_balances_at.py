"""Balances of any moment, by what was known at any moment, against a replay of everything that happened."""

from datetime import datetime, timedelta
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import select

from hub.finance import queries
from hub.ledger.models import Account, Transfer
from hub.ledger.rules import is_programme
from tests.hub.finance.conftest import Office
from tests.hub.wallet.purse import Purse
from tests.hub.world import START, World

HOUR = timedelta(hours=1)


def replayed(world: World, member: UUID, at: datetime, known_at: datetime) -> dict[tuple[str, str], int]:
    """The same figures, movement by movement."""
    balances: dict[tuple[str, str], int] = {}
    with world.hub.database.read() as session:
        accounts = {account.id: account for account in session.execute(select(Account)).scalars()}
        for transfer in session.execute(select(Transfer)).scalars():
            if transfer.effective_at > at or transfer.recorded_at > known_at:
                continue
            for account, change in ((transfer.debit, -transfer.amount), (transfer.credit, transfer.amount)):
                if not is_programme(account) and accounts[account].owner == member:
                    key = accounts[account].book, accounts[account].unit
                    balances[key] = balances.get(key, 0) + change
    return balances


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_moment_as_known_at_any_moment_is_what_a_replay_gives(world: World, seed: int) -> None:
    random = Random(seed)
    purse = Purse(world)
    purse.term("gift.1", at_least=100, gift=50)
    kiosks = [world.add_kiosk() for _ in range(2)]
    for _ in range(30):
        world.clock.pass_(minutes=random.randrange(1, 300))
        match random.randrange(4):
            case 0:
                world.earn(purse.member, random.randrange(1, 50))
            case 1:
                purse.top_up(random.randrange(100, 2_000))
            case 2:
                purse.pay(random.randrange(1, 500))
            case _:
                ago = world.clock.now - timedelta(minutes=random.randrange(2_000))
                event = world.told(random.choice(kiosks), world.purchase(purse.member, 500), occurred_at=ago)
                world.book(event)

    span = int((world.clock.now - START) / HOUR) + 2
    for _ in range(40):
        at, known_at = (START + HOUR * random.randrange(-1, span) for _ in range(2))
        with world.hub.database.read() as session:
            found = queries.balances_at(session, purse.member, at, known_at)
            balances = {(row.book, row.unit): row.balance for row in found}
        assert balances == replayed(world, purse.member, at, known_at)


def test_a_late_event_changes_what_was_but_not_what_was_known(office: Office) -> None:
    world, member = office.world, office.world.add_member()
    kiosk = world.add_kiosk()
    world.book(world.told(kiosk, world.purchase(member, 100)))
    world.clock.pass_(days=2)
    monday = world.clock.now - timedelta(days=1)
    world.book(world.told(kiosk, world.purchase(member, 500), occurred_at=monday))
    path = f"/v1/members/{member}/balance-at"

    now_known = office.get(path, at=monday.isoformat())["balances"]
    then_known = office.get(path, at=monday.isoformat(), known_at=monday.isoformat())["balances"]

    assert {row["book"]: row["balance"] for row in now_known} == {"points": 6, "qualifying": 6}
    assert {row["book"]: row["balance"] for row in then_known} == {"points": 1, "qualifying": 1}


def test_before_anything_happened_there_is_nothing(office: Office) -> None:
    member = office.world.add_member()

    assert office.get(f"/v1/members/{member}/balance-at", at=START.isoformat())["balances"] == []


def test_a_moment_without_a_zone_is_refused(small_office: Office) -> None:
    member = small_office.world.add_member()

    response = small_office.call("GET", f"/v1/members/{member}/balance-at", at="2026-11-21T10:00:00")

    assert (response.status_code, response.json()["code"]) == (422, "request.invalid")
