from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hub.returns.shop import Shop, SoldLine
from tests.hub.world import World

POINTS = st.integers(0, 300)
LINES = st.lists(
    st.builds(SoldLine, st.integers(1, 9), st.integers(0, 999), POINTS, POINTS, POINTS, st.just(0)),
    min_size=1,
    max_size=3,
)


@st.composite
def parts(draw: st.DrawFn) -> tuple[list[SoldLine], list[tuple[int, int, int]]]:
    """Lines that were sold, and parts of them that add up to all: line, quantity and amount of each."""
    lines = draw(LINES)
    cut: list[tuple[int, int, int]] = []
    for number, line in enumerate(lines, 1):
        quantities = sorted(draw(st.lists(st.integers(0, line.quantity), max_size=3)))
        amounts = sorted(draw(st.lists(st.integers(0, line.amount), min_size=len(quantities), max_size=3)))
        ends = [*zip(quantities, amounts, strict=False), (line.quantity, line.amount)]
        before = (0, 0)
        for end in ends:
            cut.append((number, end[0] - before[0], end[1] - before[1]))
            before = end
    return lines, draw(st.permutations(cut))


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=parts(), spent=st.integers(0, 900), forgive=st.integers(0, 50))
def test_many_small_returns_end_where_one_large_one_ends(
    world: World, parts: tuple[list[SoldLine], list[tuple[int, int, int]]], spent: int, forgive: int
) -> None:
    lines, cut = parts
    # What is let go on the way is not taken back from paid points that come later.
    forgive = 0 if any(line.points_paid for line in lines) else forgive
    shops = [Shop(world), Shop(world)]
    shops[0].policy(short="debt", forgive=forgive)
    purchases = []
    for shop in shops:
        shop.grant(1_000)
        purchases.append(shop.sell(*lines))
        shop.spend(min(spent, shop.balance))

    for part in cut:
        shops[0].took(purchases[0], part)
    shops[1].took(purchases[1], *((number, line.quantity, line.amount) for number, line in enumerate(lines, 1)))

    ends = [(shop.balance, shop.debt, shop.qualifying) for shop in shops]
    assert ends[0] == ends[1]
    assert ends[0][2] == 0
    world.assert_books_are_right()
