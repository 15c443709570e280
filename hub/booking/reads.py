"""The twin of booking for what is only read: many callers, one query each for keys and for figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hub.db.session import Database
from hub.intake import Outcome, applied, rejected
from hub.ledger import queries as ledger
from hub.points.service import points_account, qualifying_account
from hub.staff import service as staff
from hub.staff.permissions import Permission
from hub.wallet.service import principal_account
from protocol.errors import ErrorCode


@dataclass(frozen=True, slots=True)
class BalanceQuestion:
    """What a caller wants to know, and under which key it asks."""

    key_hash: bytes
    member: UUID


class Reader:
    """Answers questions about balances."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def balances(self, questions: Sequence[BalanceQuestion]) -> list[Outcome]:
        """Balances of members, in the order they were asked for."""
        members = {question.member for question in questions}
        accounts = {account(member) for member in members for account in _ACCOUNTS}
        with self._database.read() as session:
            principals = staff.principals(session, {question.key_hash for question in questions})
            figures = ledger.balances(session, accounts)
        return [self._answer(question, principals.get(question.key_hash), figures) for question in questions]

    def _answer(
        self, question: BalanceQuestion, principal: staff.Principal | None, figures: dict[UUID, tuple[int, int]]
    ) -> Outcome:
        if principal is None:
            return rejected(ErrorCode.KEY_UNKNOWN)
        refusal = principal.refusal(Permission.MEMBERS_READ)
        if refusal is not None:
            return rejected(refusal)
        if points_account(question.member) not in figures:
            return rejected(ErrorCode.MEMBER_UNKNOWN)
        return applied(member=str(question.member), **_balances(question.member, figures))


_ACCOUNTS = (points_account, qualifying_account, principal_account)


def _balances(member: UUID, figures: dict[UUID, tuple[int, int]]) -> dict[str, Any]:
    points, version = figures[points_account(member)]
    return {
        "points": points,
        "qualifying": figures[qualifying_account(member)][0],
        "stored_value": figures.get(principal_account(member), (0, 0))[0],
        "version": version,
    }
