"""Whatever two members have, merging them and taking that back leaves both as they were."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hub.merges.couple import Couple
from tests.hub.wallet.purse import Purse
from tests.hub.world import World

EXAMPLES = 6

ACTS = st.lists(
    st.tuples(
        st.booleans(),
        st.sampled_from(["earn", "top_up", "pay", "buy", "use", "spend", "owe", "wait"]),
        st.integers(1, 400),
    ),
    max_size=12,
)


def do(couple: Couple, purse: Purse, act: str, amount: int) -> None:
    """Have one of the two do something; what is refused for want of value changes nothing."""
    match act:
        case "earn":
            couple.world.earn(purse.member, amount)
        case "top_up":
            purse.top_up(amount)
        case "pay":
            purse.pay(amount)
        case "buy":
            purse.buy("care")
        case "use":
            purse.use("wash")
        case "spend" if purse.points() >= amount:
            purse.spend_points(amount)
        case "owe":
            couple.owes(purse.member, amount)
        case "wait":
            couple.world.clock.pass_(hours=amount)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_merged_and_taken_back_both_are_as_before(world: World, acts: list[tuple[bool, str, int]]) -> None:
    couple = Couple(world)
    couple.kept.term("package.care", price=10_000, items={"wash": 3, "wax": 1}, valid_days=90)
    couple.kept.term("gift.1", at_least=100, step=100, gift=13)
    for is_kept, act, amount in acts:
        do(couple, couple.kept if is_kept else couple.merged, act, amount)
    members = couple.kept.member, couple.merged.member
    before = [(couple.holdings(member), couple.lots(member), couple.tier(member)) for member in members]

    merge = couple.merged_as()
    left = couple.holdings(couple.merged.member)
    outcome = couple.undo(merge)

    assert (left, outcome.is_applied) == ({}, True)
    assert [(couple.holdings(member), couple.lots(member), couple.tier(member)) for member in members] == before
    world.assert_books_are_right()
