"""Whatever a till does with a member's stored value, in whatever order: the books are right and nothing is made up."""

from dataclasses import dataclass
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from hub.wallet.rules import Order
from protocol.errors import ErrorCode
from tests.hub.wallet.purse import Purse, id_of
from tests.hub.world import World

EXAMPLES, STEPS = 6, 15

REFUSED = UUID(int=5 << 64)
"""Stands for a payment that was not made, because what a rule gives must not depend on what became of it."""

ORDERS: list[Order] = ["bonus_first", "principal_first", "proportional"]


@dataclass
class Paid:
    """What a payment took and what came back of it."""

    amount: int
    back: int = 0


class Till(RuleBasedStateMachine):
    """A till against the naive model: two sums that every receipt changes by what it tells."""

    world: World
    top_ups = Bundle("top_ups")
    payments = Bundle("payments")

    @initialize(order=st.sampled_from(ORDERS))
    def begin(self, order: Order) -> None:
        self.purse = Purse(self.world)
        self.purse.term("wallet", order=order, bonus_months=1)
        self.purse.term("gift.1", at_least=100, step=100, gift=13, points=3)
        self.purse.term("jurisdiction.CN", balance_max_identified=10**9, top_up_max=10**9)
        self.principal, self.bonus = 0, 0
        self.topped_up: dict[UUID, int] = {}
        self.paid: dict[UUID, Paid] = {}

    @rule(target=top_ups, amount=st.integers(1, 400))
    def top_up(self, amount: int) -> UUID:
        outcome = self.purse.top_up(amount)
        self.principal += amount
        self.bonus += outcome.result["gift"]
        assert outcome.result["gift"] == amount // 100 * 13
        top_up = id_of(outcome, "top_up")
        self.topped_up[top_up] = amount
        return top_up

    @rule(target=payments, amount=st.integers(1, 500))
    def pay(self, amount: int) -> UUID:
        outcome = self.purse.pay(amount)
        if not outcome.is_applied:
            assert outcome.code is ErrorCode.STORED_VALUE_SHORT
            assert self.principal < amount
            return REFUSED
        self.principal -= outcome.result["from_principal"]
        self.bonus -= outcome.result["from_bonus"]
        assert outcome.result["from_principal"] + outcome.result["from_bonus"] == amount
        payment = id_of(outcome, "payment")
        self.paid[payment] = Paid(amount)
        return payment

    @rule(payment=payments, amount=st.integers(1, 500))
    def refund(self, payment: UUID, amount: int) -> None:
        outcome, paid = self.purse.refund(payment, amount), self.paid.get(payment)
        if paid is None:
            assert outcome.code is ErrorCode.RECEIPT_UNKNOWN
            return
        if amount > paid.amount - paid.back:
            assert outcome.result == {"left": paid.amount - paid.back}
            return
        result = outcome.result
        assert result["to_principal"] + result["to_bonus"] == amount
        paid.back += amount
        self.principal += result["to_principal"]
        self.bonus += result["to_bonus"] - result["expired"]

    @rule(top_up=top_ups)
    def take_back(self, top_up: UUID) -> None:
        outcome = self.purse.take_back(top_up)
        if not outcome.is_applied:
            assert outcome.code in {ErrorCode.REFUND_NOTHING, ErrorCode.REFUND_TOO_LATE}
            return
        result = outcome.result
        assert 0 < result["paid_out"] <= self.topped_up[top_up]
        self.principal -= result["paid_out"] + result["gift_used"]
        self.bonus -= result["forfeited"]

    @rule()
    def close(self) -> None:
        result = self.purse.close().result
        assert (result["paid_out"], result["forfeited"]) == (self.principal, self.bonus)
        self.principal, self.bonus = 0, 0

    @rule(days=st.integers(1, 20))
    def wait(self, days: int) -> None:
        self.world.clock.pass_(days=days)

    @invariant()
    def the_wallet_holds_what_the_receipts_say(self) -> None:
        if hasattr(self, "purse"):
            assert self.purse.holds() == (self.principal, self.bonus)
            assert self.principal >= 0
            assert self.bonus >= 0

    def teardown(self) -> None:
        self.world.assert_books_are_right()


def test_no_sequence_of_receipts_makes_or_loses_money(world: World) -> None:
    machine = type("TillOfThisWorld", (Till,), {"world": world})
    chosen = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )

    run_state_machine_as_test(machine, settings=chosen)
