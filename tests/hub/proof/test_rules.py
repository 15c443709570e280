import pytest

from hub.proof.rules import Gap, Step, Walk
from protocol.chain import GENESIS, link_all

EVENTS = [b"one", b"two", b"three", b"four"]
HEAD = link_all(GENESIS, EVENTS)


def faults(walk: Walk, steps: list[Step], upto: int = 4, head: bytes = HEAD) -> list[str]:
    found = [fault for step in steps for fault in walk.go_on(step)]
    return found + list(walk.end(upto, head))


def steps(first: int = 1, last: int = 4) -> list[Step]:
    return [Step(seq, EVENTS[seq - 1]) for seq in range(first, last + 1)]


def test_a_whole_journal_is_right() -> None:
    assert faults(Walk(), steps()) == []


def test_a_journal_is_right_from_where_it_was_proved_before() -> None:
    assert faults(Walk(2, link_all(GENESIS, EVENTS[:2])), steps(3)) == []


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        ([*steps(1, 2), *steps(4, 4)], "place 3 is followed by 4"),
        ([*steps(1, 2), *steps(2, 4)], "place 3 is followed by 2"),
        (steps(1, 3), "it ends at place 3, and is booked up to 4"),
        ([*steps(1, 3), Step(4, b"five")], "the hash at its end, place 4, is not that of its bytes"),
        ([Step(1, b"zero"), *steps(2)], "the hash at its end, place 4, is not that of its bytes"),
        ([], "it ends at place 0, and is booked up to 4"),
    ],
)
def test_what_is_missing_double_or_different_is_found(told: list[Step], fault: str) -> None:
    assert fault in faults(Walk(), told)


def test_a_gap_that_was_recorded_is_no_fault() -> None:
    gap = Gap(2, 3, link_all(GENESIS, EVENTS[:3]))

    assert faults(Walk(gaps={2: gap}), [*steps(1, 1), *steps(4, 4)]) == []


def test_a_gap_at_the_end_is_no_fault() -> None:
    assert faults(Walk(gaps={3: Gap(3, 4, HEAD)}), steps(1, 2)) == []


def test_a_gap_does_not_excuse_what_is_missing_behind_it() -> None:
    gap = Gap(1, 2, link_all(GENESIS, EVENTS[:2]))

    assert "place 3 is followed by 4" in faults(Walk(gaps={1: gap}), steps(4, 4))


def test_bytes_that_were_destroyed_in_time_are_bridged_by_a_known_hash() -> None:
    known = {2: link_all(GENESIS, EVENTS[:2])}
    told = [Step(1, None), Step(2, None), *steps(3)]

    assert faults(Walk(known=known), told) == []
    assert faults(Walk(known=known), [*told[:3], Step(4, b"five")]) != []


def test_a_history_that_was_rewritten_as_a_whole_is_found_by_what_was_proved() -> None:
    written = [b"one", b"TWO", b"three", b"four"]
    told = [Step(seq, raw) for seq, raw in enumerate(written, 1)]

    found = faults(Walk(known={3: link_all(GENESIS, EVENTS[:3])}), told, head=link_all(GENESIS, written))

    assert found == ["the hash at place 3 is not what it was when it was proved"]
