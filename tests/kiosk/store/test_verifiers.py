"""What recognises dynamic cards offline."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.store.limits import TAPS_MAX_MEMBERS
from kiosk.store.verifiers import CODES_MAX, TAPS_TABLE, Verifiers
from tests.kiosk.builders import CHEN, LIN, make_card, make_db, make_reading, make_verifiers
from tests.simulation.disk import SimDisk

OTHER_CARD = bytes.fromhex("04ffeeddccbbaa")


def make_known(disk: SimDisk | None = None, *, after: int = 10) -> Verifiers:
    verifiers = Verifiers(make_db(disk))
    verifiers.replace(LIN, [make_verifiers(after), make_verifiers(after, OTHER_CARD)])
    return verifiers


def is_taken(verifiers: Verifiers, counter: int, card: bytes | None = None) -> bool | None:
    """Show a code; None where it is not recognised, False where it was used before, True where it is used up now."""
    reading = make_reading(counter) if card is None else make_reading(counter, card)
    code = verifiers.recognise(LIN, reading)
    if code is not None and code.is_fresh:
        verifiers.use_up(code)
    return None if code is None else code.is_fresh


def test_readings_within_the_window_are_recognised_and_others_are_not() -> None:
    verifiers = make_known()

    assert [is_taken(verifiers, counter) for counter in (10, 11, 18, 19)] == [None, True, True, None]


def test_a_code_counts_once_and_only_after_every_one_used_before() -> None:
    verifiers = make_known()

    assert [is_taken(verifiers, counter) for counter in (13, 13, 12, 14)] == [True, False, False, True]


def test_each_card_of_a_member_has_its_own_order() -> None:
    verifiers = make_known()

    assert is_taken(verifiers, 15)
    assert is_taken(verifiers, 12, OTHER_CARD)
    assert not is_taken(verifiers, 14)
    assert not is_taken(verifiers, 11, OTHER_CARD)


@pytest.mark.parametrize("card", [make_card(), make_card(url="https://card.example/c/abcdefgh")])
def test_a_static_card_and_a_made_up_code_are_not_recognised(card: object) -> None:
    assert make_known().recognise(LIN, card) is None  # type: ignore[arg-type]


def test_a_card_of_somebody_else_is_not_recognised() -> None:
    assert make_known().recognise(CHEN, make_reading(11)) is None


def test_what_was_used_is_used_after_a_restart() -> None:
    disk = SimDisk()
    is_taken(make_known(disk), 12)

    again = Verifiers(make_db(disk.killed()))

    assert [is_taken(again, counter) for counter in (12, 13)] == [False, True]


def test_what_was_used_is_used_under_new_verifiers_too() -> None:
    verifiers = make_known(after=10)
    is_taken(verifiers, 14)

    verifiers.replace(LIN, [make_verifiers(12, salt=b"another salt 16b"), make_verifiers(10, OTHER_CARD)])

    assert [is_taken(verifiers, counter) for counter in (13, 14, 15, 20)] == [False, False, True, True]


def test_what_was_used_outlives_the_verifiers() -> None:
    verifiers = make_known()
    is_taken(verifiers, 12)
    verifiers.drop(LIN)
    dropped = is_taken(verifiers, 13)

    verifiers.replace(LIN, [make_verifiers(10)])

    assert dropped is None
    assert [is_taken(verifiers, counter) for counter in (12, 13)] == [False, True]


def test_used_codes_are_bounded_for_a_member_and_in_all() -> None:
    db = make_db()
    verifiers = Verifiers(db)
    for window in range(3 * CODES_MAX):
        verifiers.replace(LIN, [make_verifiers(10 * window)])
        assert is_taken(verifiers, 10 * window + 1)
    [document] = db.table(TAPS_TABLE).all()

    assert len(document["macs"]) == CODES_MAX
    assert TAPS_MAX_MEMBERS >= 10_000


def test_dropping_somebody_unknown_is_harmless() -> None:
    make_known().drop(CHEN)


@given(st.lists(st.integers(8, 22), max_size=30), st.lists(st.integers(0, 12), max_size=3))
def test_whatever_is_shown_each_code_taken_is_higher_than_all_before(counters: list[int], renewals: list[int]) -> None:
    verifiers = make_known()
    taken: list[int] = []
    for place, counter in enumerate(counters):
        if place < len(renewals):
            # The hub's own view only grows, and never beyond what it has given out.
            verifiers.replace(LIN, [make_verifiers(10 + min(sorted(renewals)[place], 8), salt=bytes([place] * 16))])
        if is_taken(verifiers, counter):
            taken.append(counter)

    assert taken == sorted(set(taken))
