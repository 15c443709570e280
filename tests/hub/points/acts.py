"""What tests of acts by hand need: keys with a role, terms, approvals, debts, and the acts themselves."""

from typing import Any
from uuid import UUID

from sqlalchemy import update

from hub.approvals.models import ApprovalRequest
from hub.intake import ByKey, Item
from hub.ledger.models import Account
from hub.ledger.rules import Books, Context
from hub.ledger.service import load, write
from hub.members.models import Member
from hub.points.intake import PointsAdjusted, PointsTransferred
from hub.points.service import debt_account, owe
from hub.programme.service import Change, publish
from hub.staff.keys import issue_key
from hub.staff.permissions import Permission, Role
from hub.staff.service import hash_of
from tests.hub.world import World

NOBODY = UUID(int=5 << 64)
LIMITS = {"limits": {"cashier": 100, "store_manager": 1_000}}
OFFERED = {"offered": True, "min": 10, "day_max": 300}


def put(world: World, name: str, document: dict[str, Any]) -> None:
    with world.hub.database.write() as session:
        publish(session, Change(name, document, "test"), world.clock.now)


def key_of(world: World, role: Role | None) -> ByKey:
    with world.hub.database.write() as session:
        _key, secret = issue_key(
            session, "key", list(Permission), stores=[], role=role, now=world.clock.now, random=world.random.randbytes
        )
    return ByKey(hash_of(secret))


def adjustment(world: World, member: UUID, points: int, **overrides: Any) -> Item:
    body = PointsAdjusted(member, points, "a spoilt coffee")
    return world.posted(body, kind="points.adjusted", **overrides)


def transfer(world: World, sender: UUID, recipient: UUID, points: int, **overrides: Any) -> Item:
    body = PointsTransferred(sender, recipient, points, "happy birthday")
    return world.posted(body, kind="points.transferred", **overrides)


def approve_item(world: World, item: Item, content: bytes | None = None, state: str = "approved") -> None:
    """Have an item asked for and answered, without its being booked yet."""
    with world.hub.database.write() as session:
        session.add(
            ApprovalRequest(
                id=item.id,
                kind=item.kind,
                state=state,
                store=item.store or "",
                subject="",
                amount=1,
                alone_max=0,
                asked_by="key:somebody",
                role="",
                reason="",
                content=content or item.fingerprint,
                body=b"",
                asked_at=world.clock.now,
                lapses_at=world.clock.now,
                decided_by="key:the other",
                decided_at=world.clock.now,
                note="",
                code=None,
                result={},
            )
        )


def incur_debt(world: World, member: UUID, points: int) -> None:
    """Have a member owe points, as a return that finds too few does."""
    with world.hub.database.write() as session:
        books = Books()
        books.want(debt_account(member))
        load(session, books)
        context = Context(world.new_id(), "test", world.clock.now)
        assert books.post(context, [owe(books, member, points, {})]) is None
        write(session, books, world.clock.now)


def block(world: World, member: UUID) -> None:
    with world.hub.database.write() as session:
        session.execute(update(Member).where(Member.id == member).values(state="blocked"))


def held(world: World, account: UUID) -> int:
    with world.hub.database.read() as session:
        found = session.get(Account, account)
        return found.balance if found else 0
