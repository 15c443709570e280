"""The books of members that an import brings in: their accounts, the lowest tier, and the points they begin with."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from hub.ledger import service as ledger
from hub.ledger.rules import VALUE_SCALE, Books, Context, Posting
from hub.points.rules import CashPolicy, ExpiryPolicy, grant_of
from hub.points.service import IMPORTED, new_accounts, points_account
from hub.programme.service import Terms
from hub.tiers import service as tiers
from protocol.ids import part_id

OPENED = "points.imported"
ACTOR = "job:imports"


def open_books(
    session: Session,
    terms: Terms,
    zone: ZoneInfo,
    balances: Mapping[UUID, tuple[int, int]],
    *,
    import_id: UUID,
    now: datetime,
) -> None:
    """Open the accounts of new members; `balances` gives the line of each in its file, and the points it brings.

    The points are a transfer like any other, from an account of the programme that tells how many came this way.
    """
    books = Books()
    # They need not wait for goods to come back, and are valid as long as what is earned today.
    policy = replace(terms.policy("expiry", ExpiryPolicy), pending_days=0)
    value = terms.policy("cash", CashPolicy).value_of(VALUE_SCALE)
    grant = grant_of("import", policy, now.astimezone(zone), value)
    for member, (line, points) in balances.items():
        for account in new_accounts(member):
            books.open(account)
        if points:
            context = Context(part_id(import_id, f"line.{line}"), ACTOR, now)
            cause = {"import": str(import_id), "line": line}
            posting = Posting(OPENED, IMPORTED, points_account(member), points, cause, grant)
            short = books.post(context, [posting])
            assert short is None, "the programme's own accounts are never short"
    ledger.write(session, books, now)
    tiers.stand_lowest(session, list(balances), now)
