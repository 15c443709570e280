import json
import subprocess
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

import hub
from hub.audit import verify
from hub.audit.anchoring import anchor_restored
from tests.hub.audit.log import KEY, Log

INSERT = """
INSERT INTO audit SELECT {new_id}, number + 1, at, 'key:somebody else', action, subject, before, after, reason, source,
key, hash FROM audit WHERE number = 4
"""
COLUMNS = "id, number, at, actor, action, subject, before, after, reason, source, key, hash"


def verified(log: Log, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    """What the verifier says of the log as it is now: its status, and the faults."""
    dump, keys = log.path.with_name("dump"), log.path.with_name("keys")
    keys.write_text(json.dumps({KEY.name: KEY.key.hex()}), encoding="utf-8")
    dump.write_text("".join(f"{json.dumps(entry)}\n" for entry in log.dump()), encoding="utf-8")
    status = verify.main([str(dump), str(log.path), str(keys)])
    return status, capsys.readouterr().out.splitlines()[:-1]


def test_a_log_that_nobody_touched_is_right(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    assert verified(log, capsys) == (0, [])


def test_an_edit_is_found(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    log.tamper("UPDATE audit SET actor = 'key:somebody else' WHERE number = 4")

    assert verified(log, capsys) == (1, ["4: changed: its hash does not follow from it and the entry before"])


def test_a_deletion_in_the_middle_is_found(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    log.tamper("DELETE FROM audit WHERE number = 4")

    status, faults = verified(log, capsys)

    assert status == 1
    assert faults == ["5: gap: 4 was expected", "5: changed: its hash does not follow from it and the entry before"]


def test_a_deletion_that_is_closed_up_is_found(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    log.tamper(
        "DELETE FROM audit WHERE number = 4",
        "UPDATE audit SET number = -number WHERE number > 4",
        "UPDATE audit SET number = -number - 1 WHERE number < 0",
    )
    log.chain_anew(4)

    status, faults = verified(log, capsys)

    assert (status, [fault.split(":")[1].strip() for fault in faults]) == (1, ["rewritten", "rewritten"])


def test_an_insertion_is_found(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    new_id = "'ffffffffffffffffffffffffffffffff'" if log.database.is_sqlite else "gen_random_uuid()"
    log.tamper(
        "UPDATE audit SET number = -number WHERE number > 4",
        "UPDATE audit SET number = -number + 1 WHERE number < 0",
        INSERT.format(new_id=new_id).replace("INTO audit SELECT", f"INTO audit ({COLUMNS}) SELECT"),
    )

    status, faults = verified(log, capsys)

    assert status == 1
    assert faults[0] == "5: changed: its hash does not follow from it and the entry before"
    assert "6: rewritten: an anchored head says another hash" in faults


def test_a_tail_that_was_cut_off_is_found(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    log.tamper("DELETE FROM audit WHERE number > 7")
    log.chain_anew(7)

    assert verified(log, capsys) == (1, ["9: cut: the log ends at 7"])


def test_an_end_that_was_rewritten_with_right_hashes_is_found(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    log.tamper("UPDATE audit SET actor = 'key:somebody else' WHERE number = 5")
    log.chain_anew(5)

    faults = ["6: rewritten: an anchored head says another hash", "9: rewritten: an anchored head says another hash"]
    assert verified(log, capsys) == (1, faults)


@pytest.mark.parametrize("key", [None, bytes(32)])
def test_what_came_after_the_last_head_cannot_be_rewritten_without_the_key(
    log: Log, capsys: pytest.CaptureFixture[str], key: bytes | None
) -> None:
    log.tamper("UPDATE audit SET actor = 'key:somebody else' WHERE number = 10")
    log.chain_anew(10, key)

    assert verified(log, capsys) == (1, ["10: changed: its hash does not follow from it and the entry before"])


def test_what_came_after_the_last_head_cannot_be_passed_off_as_older_than_the_key(
    log: Log, capsys: pytest.CaptureFixture[str]
) -> None:
    log.tamper("UPDATE audit SET actor = 'key:somebody else', key = NULL WHERE number = 10")
    log.chain_anew(10, None)

    assert verified(log, capsys) == (1, ["10: unsealed: it has no key, and an entry before it has one"])


def test_an_entry_cannot_be_added_without_the_key(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    new_id = "'ffffffffffffffffffffffffffffffff'" if log.database.is_sqlite else "gen_random_uuid()"
    forged = INSERT.format(new_id=new_id).replace("number + 1", "number + 7")
    log.tamper(forged.replace("INTO audit SELECT", f"INTO audit ({COLUMNS}) SELECT"))
    log.chain_anew(11, bytes(32))

    assert verified(log, capsys) == (1, ["11: changed: its hash does not follow from it and the entry before"])


def test_the_hub_says_itself_that_what_came_after_the_last_head_was_rewritten(log: Log) -> None:
    log.tamper("UPDATE audit SET actor = 'key:somebody else' WHERE number = 10")
    log.chain_anew(10, None)

    with capture_logs() as logged:
        log.anchor()

    assert [(entry["event"], entry["number"]) for entry in logged] == [("the audit log was changed", 10)]


def test_entries_from_before_there_was_a_key_verify_as_they_did(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    log.path.unlink()
    log.tamper("UPDATE audit SET key = NULL")
    log.chain_anew(1, None)
    log.write(2)
    log.anchor()

    assert [entry["key"] for entry in log.dump()] == [None] * 10 + [KEY.name] * 2
    assert verified(log, capsys) == (0, [])
    log.tamper("UPDATE audit SET actor = 'key:somebody else' WHERE number = 4")
    assert verified(log, capsys)[0] == 1


def test_without_the_key_the_verifier_says_what_it_cannot_see(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    verified(log, capsys)

    status = verify.main([str(log.path.with_name("dump")), str(log.path)])

    told = "1: not verified: from here on hashes are made with key 1, which was not given"
    assert (status, capsys.readouterr().out.splitlines()[:-1]) == (1, [told])


def test_the_hub_says_itself_that_its_anchored_log_was_changed(log: Log) -> None:
    log.tamper("DELETE FROM audit WHERE number > 7")
    log.chain_anew(7)

    with capture_logs() as logged:
        log.anchor()

    assert [(entry["event"], entry["number"]) for entry in logged] == [("the audit log was changed", 9)]


def test_anchoring_a_rewritten_log_does_not_make_it_right(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    log.tamper("UPDATE audit SET actor = 'key:somebody else' WHERE number = 5")
    log.chain_anew(5)
    with capture_logs():
        log.anchor()

    assert verified(log, capsys)[0] == 1


def test_a_database_that_was_restored_on_purpose_goes_on(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    log.tamper("DELETE FROM audit WHERE number > 7")
    log.chain_anew(7)
    log.write(1)
    anchor_restored(log.database, log.path, log.world.clock.now)
    log.write(4)
    log.anchor()

    assert verified(log, capsys) == (0, [])
    log.tamper("UPDATE audit SET actor = 'key:somebody else' WHERE number = 3")
    assert verified(log, capsys)[0] == 1


def test_a_line_that_a_power_cut_tore_is_left_out(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    with log.path.open("ab") as file:
        file.write(b'{"number": 1')
    log.anchor()

    assert [head.number for head in log.heads()] == [6, 9, 10]
    assert verified(log, capsys) == (0, [])


def test_the_file_of_heads_is_its_owner_s_alone(log: Log) -> None:
    assert log.path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("words", [[], ["nowhere", "nothing"], ["{dump}", "{heads}"]])
def test_what_cannot_be_read_is_said(tmp_path: Path, words: list[str]) -> None:
    dump, anchored = tmp_path / "dump", tmp_path / "heads"
    dump.write_text("no JSON", encoding="utf-8")
    anchored.touch()

    assert verify.main([word.format(dump=dump, heads=anchored) for word in words]) == 2


def test_it_runs_on_a_machine_that_has_nothing_but_python(log: Log) -> None:
    dump = log.path.with_name("dump")
    dump.write_text("".join(f"{json.dumps(entry)}\n" for entry in log.dump()), encoding="utf-8")
    keys = log.path.with_name("keys")
    keys.write_text(json.dumps({KEY.name: KEY.key.hex()}), encoding="utf-8")
    house = Path(hub.__file__).parent.parent
    bare = [sys.executable, "-S", "-m", "hub.audit.verify", str(dump), str(log.path), str(keys)]

    done = subprocess.run(bare, cwd=house, env={}, capture_output=True, text=True, check=True, timeout=60)

    assert done.stdout == "0 faults, 2 heads\n"
