"""A member's statement: every movement of one account with the balance after it, its lots and its explanation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.db.reading import among
from hub.finance import queries as reports
from hub.finance.explanations import Names, Told, explain
from hub.ledger import queries
from hub.ledger.models import Account
from hub.points.earning import lines_in
from hub.programme.models import Term
from hub.stores import service as stores
from hub.stores.models import Chain
from hub.tiers.models import Tier
from protocol.ids import derived_id, part_id

PAGE_MAX_MOVEMENTS = 100


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a statement, newest first; `cursor` asks for the next part, None where there is none."""

    unit: str
    movements: list[dict[str, Any]]
    cursor: UUID | None


def statement(
    session: Session, account: Account, span: reports.Span, *, cursor: UUID | None, limit: int = PAGE_MAX_MOVEMENTS
) -> Page:
    """One page of an account's movements, in the order in which they were recorded.

    Of what was recorded in the same instant, what adds comes before what takes, so no balance between is negative.
    """
    before = reports.place_of(session, account.id, cursor) if cursor else None
    rows = list(reports.statement(session, account.id, span, before=before, limit=limit + 1))
    page = rows[:limit]
    if not page:
        return Page(account.unit, [], None)
    lots, reversed_by = _lots(session, account.id, page), _reversals(session, page)
    names = _names(session, page)
    balance = reports.balance_upto(session, account.id, page[0])
    movements = []
    for row in page:
        movements.append(
            {
                "id": row.id,
                "fact": row.fact,
                "kind": row.kind,
                "amount": row.change,
                "balance": balance,
                "lots": lots.get(row.id, []),
                "reverses": row.reverses,
                "reversed_by": reversed_by.get(row.id, []),
                "actor": row.actor,
                "reason": row.reason,
                "cause": row.cause,
                "explanation": explain(Told(row.kind, row.amount, account.unit, row.cause, row.reason), names),
                "effective_at": row.effective_at,
                "recorded_at": row.recorded_at,
            }
        )
        balance -= row.change
    return Page(account.unit, movements, page[-1].id if len(rows) > limit else None)


def account_of(session: Session, member: UUID, book: str) -> Account | None:
    """A member's account of a book (`points`, `principal`, `count.car-wash` and so on); None where there is none."""
    return session.get(Account, derived_id(member, book))


def _lots(session: Session, account: UUID, page: Sequence[Any]) -> dict[UUID, list[dict[str, Any]]]:
    """What each movement took from which lots (negative), put back or granted (positive)."""
    changes: dict[tuple[UUID, UUID], int] = {}
    used: dict[UUID, int] = {}
    for use in queries.uses_of(session, [row.id for row in page]):
        changes[use.transfer, use.lot] = -use.amount
        used[use.transfer] = used.get(use.transfer, 0) + 1
    granted = {
        part_id(row.id, part): row.id
        for row in page
        if row.change > 0
        for part in ("lot", *(f"lot.{number}" for number in range(used.get(row.id, 0))))
    }
    named = {lot for _transfer, lot in changes} | granted.keys()
    lots = {row.id: row for row in queries.lots(session, named) if row.account == account}
    changes |= {(transfer, lot): lots[lot].granted for lot, transfer in granted.items() if lot in lots}
    found: dict[UUID, list[dict[str, Any]]] = {}
    for (transfer, lot), amount in sorted(changes.items()):
        if lot in lots:
            row = lots[lot]
            told = {"granted_at": row.granted_at, "active_from": row.active_from, "expires_at": row.expires_at}
            found.setdefault(transfer, []).append({"lot": lot, "amount": amount, "source": row.source, **told})
    return found


def _reversals(session: Session, page: Sequence[Any]) -> dict[UUID, list[UUID]]:
    found: dict[UUID, list[UUID]] = {}
    for row in reports.reversals_of(session, [row.id for row in page]):
        found.setdefault(row.reverses, []).append(row.id)
    return found


def _names(session: Session, page: Sequence[Any]) -> Names:
    rules = {part["rule"] for row in page for line in lines_in(row.cause) for part in line["parts"]}
    terms = session.execute(select(Term.name, Term.version, Term.document).where(among(session, Term.name, rules)))
    return Names(
        currency=session.execute(select(Chain.currency)).scalar_one(),
        zone=stores.zone(session),
        tiers={row.id: row.names for row in session.execute(select(Tier.id, Tier.names))},
        rules={(row.name, row.version): row.document.get("kind", "rate") for row in terms},
    )
