"""Pure rules of returns: what may still come back, what is due for it, and what happens to points that are missing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, Self
from uuid import UUID

from msgspec import Meta

from protocol.ids import part_id


@dataclass(frozen=True, slots=True)
class ReturnPolicy:
    """What happens when a member has spent points that are due back.

    Of each purchase, up to `forgive` of them are let go. The rest is a debt that later earnings pay, or the return is
    refused.
    """

    short: Literal["deny", "debt"] = "deny"
    forgive: Annotated[int, Meta(ge=0, le=1_000_000_000)] = 0


@dataclass(frozen=True, slots=True)
class Due:
    """What is due for goods that come back: points and qualifying points from the member, paid points to the member.

    `value_given` is the money that `points_given` had stood for, in minor units.
    """

    points: int
    qualifying: int
    points_given: int
    value_given: int

    @classmethod
    def of_all(cls, dues: Iterable[Self]) -> Self:
        """What is due for several lines together."""
        columns = zip(*((due.points, due.qualifying, due.points_given, due.value_given) for due in dues), strict=True)
        return cls(*(sum(column) for column in columns))


@dataclass(frozen=True, slots=True)
class Figures:
    """What one return moves, as `hub.returns.models.Return` tells it; with `short` it is refused for so many points."""

    points_back: int
    points_owed: int
    points_forgiven: int
    points_given: int
    value_given: int
    qualifying_back: int
    short: int = 0


@dataclass(slots=True)
class LineState:
    """A line of a purchase, and how much of it has come back."""

    quantity: int
    amount: int
    points: int
    qualifying: int
    points_paid: int
    value_paid: int
    quantity_back: int
    amount_back: int

    def due(self, quantity: int, amount: int) -> Due:
        """What is due for so much more of it.

        Each figure is what is due for all that has come back by then, rounded down, less what was due before: so many
        small returns never differ from one large one, and the last of them takes what is left.
        """
        points, qualifying, points_given, value_given = (
            self._share(figure, self.quantity_back + quantity, self.amount_back + amount)
            - self._share(figure, self.quantity_back, self.amount_back)
            for figure in (self.points, self.qualifying, self.points_paid, self.value_paid)
        )
        return Due(points, qualifying, points_given, value_given)

    @property
    def points_due(self) -> int:
        """Points due for all that has come back so far."""
        return self._share(self.points, self.quantity_back, self.amount_back)

    def _share(self, figure: int, quantity: int, amount: int) -> int:
        return figure * amount // self.amount if self.amount else figure * quantity // self.quantity


@dataclass(slots=True)
class SaleState:
    """A purchase as a return sees it.

    `asked` is what earlier returns asked back, `forgiven` what they let go of it. `used` is what all transfers took of
    the lot that the purchase earned, and `expired` what expired of it; both were read before the account was locked.
    """

    id: UUID
    member: UUID
    lines: dict[int, LineState]
    asked: int = 0
    forgiven: int = 0
    used: int = 0
    expired: int = 0

    @property
    def earning(self) -> UUID:
        """The transfer by which the purchase earned its points."""
        return part_id(self.id, "points.earned")

    @property
    def lot(self) -> UUID:
        """The lot that the purchase earned."""
        return part_id(self.earning, "lot")

    @property
    def payment(self) -> UUID:
        """The transfer by which points were given for the purchase like cash."""
        return part_id(self.id, "points.paid")

    def left(self, line: int) -> tuple[int, int]:
        """Pieces and money that can still come back of a line; nothing of one that there is not."""
        if line not in self.lines:
            return 0, 0
        state = self.lines[line]
        return state.quantity - state.quantity_back, state.amount - state.amount_back

    def can_return(self, line: int, quantity: int, amount: int) -> bool:
        """Tell whether so much of a line can still come back."""
        quantity_left, amount_left = self.left(line)
        return line in self.lines and quantity <= quantity_left and amount <= amount_left

    def count(self, lines: Iterable[tuple[int, int, int]], figures: Figures) -> None:
        """Count what has come back: line, quantity and amount of each."""
        for line, quantity, amount in lines:
            self.lines[line].quantity_back += quantity
            self.lines[line].amount_back += amount
        self.asked += figures.points_back + figures.points_owed + figures.points_forgiven
        self.forgiven += figures.points_forgiven

    def to_ask(self, due: int, expired: int) -> int:
        """How many points to ask back, where so many more are due and so many of the lot have expired.

        Expired points are gone already and are not asked for again.
        """
        due_in_all = due + sum(line.points_due for line in self.lines.values())
        return max(0, due_in_all - expired - self.asked)


@dataclass(frozen=True, slots=True)
class Settlement:
    """How the points that are asked back are found; with `short` the return is refused for so many."""

    back: int
    forgiven: int
    owed: int
    short: int


def settle(policy: ReturnPolicy, asked: int, there: int, forgiven: int) -> Settlement:
    """Settle points that are asked back, where so many are there and so many were forgiven of the purchase before."""
    back = min(asked, there)
    let_go = min(asked - back, max(0, policy.forgive - forgiven))
    rest = asked - back - let_go
    is_debt = policy.short == "debt"
    return Settlement(back, let_go, owed=rest if is_debt else 0, short=0 if is_debt else rest)


def put_back(taken: Mapping[UUID, int], amount: int) -> dict[UUID, int]:
    """How much each lot gets when a part of what was taken is put back: what was taken last comes first."""
    parts: dict[UUID, int] = {}
    for lot in reversed(list(taken)):
        if amount and taken[lot]:
            parts[lot] = min(amount, taken[lot])
            amount -= parts[lot]
    return parts
