from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from hub.privacy.tombstones import Tombstone, TombstoneFile

AT = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
FIRST, SECOND = Tombstone(UUID(int=1), AT), Tombstone(UUID(int=2), AT)


def test_lines_are_added_and_none_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "erased"
    TombstoneFile(path).add(FIRST)

    TombstoneFile(path).add(SECOND)

    assert TombstoneFile(path).all() == [FIRST, SECOND]
    assert path.stat().st_mode & 0o777 == 0o600


def test_before_the_first_erasure_there_is_no_file(tmp_path: Path) -> None:
    assert TombstoneFile(tmp_path / "erased").all() == []


def test_a_line_that_was_cut_off_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "erased"
    for stone in (FIRST, SECOND):
        TombstoneFile(path).add(stone)
    path.write_bytes(path.read_bytes()[:-5])

    assert TombstoneFile(path).all() == [FIRST]


def test_a_line_that_was_cut_off_spoils_none_behind_it(tmp_path: Path) -> None:
    path = tmp_path / "erased"
    TombstoneFile(path).add(FIRST)
    path.write_bytes(path.read_bytes()[:-5])

    TombstoneFile(path).add(SECOND)

    assert TombstoneFile(path).all() == [SECOND]
