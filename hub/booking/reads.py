"""The twin of booking for what is only read: many callers, one query each for keys and for figures."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

from hub.clock import Clock
from hub.db.driver import pipelined
from hub.db.session import Database
from hub.finance.holdings import Holdings, holdings
from hub.intake import Outcome, applied, rejected
from hub.points.rules import ExpiryPolicy
from hub.programme import service as programme
from hub.programme.service import Terms
from hub.staff import service as staff
from hub.staff.permissions import Permission
from protocol.errors import ErrorCode


@dataclass(frozen=True, slots=True)
class BalanceQuestion:
    """What a caller wants to know, and under which key it asks."""

    key_hash: bytes
    member: UUID


class Reader:
    """Answers questions about balances."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._terms = Terms()

    def balances(self, questions: Sequence[BalanceQuestion]) -> list[Outcome]:
        """Balances of members, in the order they were asked for."""
        members = {question.member for question in questions}
        now = self._clock()
        with self._database.read() as session:
            with pipelined(session):
                asked = staff.ask_principals(session, {question.key_hash for question in questions}, now)
                newest = programme.ask_revision(session)
            principals = asked.answer()
            self._terms = programme.at_revision(session, newest.answer(), self._terms)
            policy = self._terms.policy("expiry", ExpiryPolicy)
            figures = holdings(session, members, now, policy)
        if staff.stale(principals.values(), now):
            self._database.run(lambda session: staff.touch(session, principals.values(), now))
        return [self._answer(question, principals.get(question.key_hash), figures) for question in questions]

    def _answer(
        self, question: BalanceQuestion, principal: staff.Principal | None, figures: dict[UUID, Holdings]
    ) -> Outcome:
        if principal is None:
            return rejected(ErrorCode.KEY_UNKNOWN)
        refusal = principal.refusal(Permission.MEMBERS_READ)
        if refusal is not None:
            return rejected(refusal)
        held = figures.get(question.member)
        if held is None:
            return rejected(ErrorCode.MEMBER_UNKNOWN)
        return applied(member=str(question.member), stored_value=held.stored_value, **asdict(held))
