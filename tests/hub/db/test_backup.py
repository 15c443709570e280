from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.db.backup import BackupError, back_up, check_sqlite, has_archive, put_back
from hub.db.session import Database
from tests.hub.world import World

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


def test_a_copy_is_whole_and_holds_what_was_booked(sqlite: Database, tmp_path: Path) -> None:
    world = World.found(sqlite)
    member = world.add_member()
    world.earn(member, 10)

    made = back_up(sqlite, tmp_path / "copies", NOW)
    world.earn(member, 5)

    assert made.name == "hub-20261122T020000Z.db"
    check_sqlite(made)
    put_back(sqlite, made, NOW)
    sqlite.close()
    assert world.balance(member) == 10


def test_a_copy_does_not_hold_up_whoever_books(sqlite: Database, tmp_path: Path) -> None:
    world = World.found(sqlite)
    member = world.add_member()

    with sqlite.write() as session:
        session.connection()
        made = back_up(sqlite, tmp_path, NOW)

    world.earn(member, 1)
    check_sqlite(made)


def test_a_copy_is_never_overwritten(sqlite: Database, tmp_path: Path) -> None:
    back_up(sqlite, tmp_path / "copies", NOW)

    with pytest.raises(BackupError, match="there already"):
        back_up(sqlite, tmp_path / "copies", NOW)


@pytest.mark.parametrize("share", [0, 1, 2])
def test_what_is_not_whole_is_not_put_back(sqlite: Database, tmp_path: Path, share: int) -> None:
    world = World.found(sqlite)
    made = back_up(sqlite, tmp_path / "copies", NOW)
    whole = made.read_bytes()
    made.write_bytes(whole[: len(whole) * share // 3])

    with pytest.raises(BackupError):
        put_back(sqlite, made, NOW)

    world.earn(world.add_member(), 1)


def test_another_file_is_not_put_back(sqlite: Database, tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("not a database" * 1_000)

    with pytest.raises(BackupError, match="no whole SQLite database"):
        put_back(sqlite, other, NOW)


def test_what_stood_there_before_is_kept(sqlite: Database, tmp_path: Path) -> None:
    world = World.found(sqlite)
    made = back_up(sqlite, tmp_path / "copies", NOW)
    member = world.add_member()
    world.earn(member, 7)

    aside = put_back(sqlite, made, NOW)

    sqlite.close()
    kept = Database(f"sqlite:///{aside}")
    world.hub.database.close()
    with kept.read() as session:
        assert session.connection().exec_driver_sql("SELECT max(balance) FROM accounts").scalar_one() == 7
    kept.close()


def test_nothing_keeps_what_sqlite_books_after_a_copy(sqlite: Database) -> None:
    assert not has_archive(sqlite)
