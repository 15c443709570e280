from pathlib import Path

import pytest

from devices.desk.counters import READY_MIN, RESERVE_AHEAD, CounterFile
from devices.desk.errors import DeskError

UID = "04a1b2c3d4e5f6"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cards.state.json"


def use(path: Path, readings: int, *, after: int = 0, uid: str = UID) -> list[int]:
    with CounterFile(path) as counters:
        counter = counters.counter(uid, after=after)
        return [counter.advance() for _ in range(readings)]


def test_a_new_card_counts_from_where_its_entry_says(path: Path) -> None:
    assert use(path, 3, after=41) == [42, 43, 44]


def test_a_desk_that_is_started_again_never_repeats_a_number(path: Path) -> None:
    used = [number for _ in range(4) for number in use(path, 3)]

    assert used == sorted(set(used))


def test_numbers_used_before_a_crash_are_on_disk_before_they_are_used(path: Path) -> None:
    with CounterFile(path) as counters:
        counter = counters.counter(UID, after=0)
        for _ in range(3 * RESERVE_AHEAD):
            number = counter.advance()
            survives = path.with_name("copy.json")
            survives.write_bytes(path.read_bytes())
            assert use(survives, 1)[0] > number


def test_a_prepared_card_is_read_without_waiting_for_the_disk(path: Path) -> None:
    with CounterFile(path) as counters:
        counter = counters.counter(UID, after=0)
        for _ in range(5):
            counter.prepare()
            before = path.read_bytes()
            for _ in range(READY_MIN):
                counter.advance()
            assert path.read_bytes() == before


def test_few_numbers_are_lost_when_a_desk_is_closed(path: Path) -> None:
    (last,) = use(path, 1)

    assert use(path, 1)[0] - last <= RESERVE_AHEAD


def test_cards_count_for_themselves(path: Path) -> None:
    use(path, 20)

    assert use(path, 1, uid="04112233445566") == [1]
    assert use(path, 1)[0] > 20


def test_an_entry_that_is_ahead_of_the_state_wins(path: Path) -> None:
    use(path, 1)

    assert use(path, 1, after=1000) == [1001]


def test_two_desks_cannot_use_one_file(path: Path) -> None:
    with CounterFile(path), pytest.raises(DeskError, match="Another desk"), CounterFile(path):
        pass


def test_the_file_is_free_again_when_the_desk_is_closed(path: Path) -> None:
    with CounterFile(path):
        pass

    assert use(path, 1) == [1]


@pytest.mark.parametrize("content", [b"", b"{", b'{"counters": []}', b'{"counters": {"a": "b"}}', b'{"other": 1}'])
def test_damaged_counters_are_an_error_and_not_a_fresh_start(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    with pytest.raises(DeskError, match="cannot be read"), CounterFile(path):
        pass
    path.unlink()
    assert use(path, 1) == [1]
