"""What kiosks remember of the audit log, against what became of it."""

import json
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from hub.alerts.models import Alert
from hub.alerts.queries import witnesses
from hub.alerts.service import look
from hub.alerts.witnesses import Witness, contradictions
from hub.audit import verify
from hub.audit.models import AuditEntry
from hub.audit.queries import export
from hub.audit.service import Act, audit_all
from hub.fleet import births
from protocol.state import AuditHead, KioskStatus
from tests.hub.world import STORE, World

TRUE, FORGED = "ab" * 32, "cd" * 32
HUB, BEFORE_A_RESTORE = UUID(int=1), UUID(int=9)


def write_entries(world: World, count: int) -> list[str]:
    """Write entries; the hashes of all that there are."""
    acts = [Act("console", "key.made", str(number), {}, {}) for number in range(count)]
    with world.hub.database.write() as session:
        audit_all(session, acts, world.clock.now, world.random.randbytes)
    with world.hub.database.read() as session:
        return [each.hex() for each in session.execute(select(AuditEntry.hash).order_by(AuditEntry.number)).scalars()]


def remember(world: World, *heads: AuditHead) -> None:
    kiosk = world.add_kiosk()
    status = KioskStatus(state="online", connection=1, epoch=kiosk.epoch, audit=list(heads))
    with world.hub.database.write() as session:
        births.note_status(session, kiosk.id, status, world.clock.now, random_bytes=world.random.randbytes)


def raised(world: World) -> list[tuple[str, str, object]]:
    look(world.hub.database, world.clock.now)
    with world.hub.database.read() as session:
        alerts = session.execute(select(Alert).where(Alert.kind == "audit.contradicted")).scalars()
        return [(alert.severity, alert.store, alert.evidence["number"]) for alert in alerts]


@pytest.mark.parametrize(("has_now", "is_found"), [(TRUE, False), (FORGED, True), ("", True)])
def test_a_log_that_was_cut_or_written_anew_contradicts_its_witness(has_now: str, *, is_found: bool) -> None:
    found = list(contradictions([Witness("k-1", STORE, 3, TRUE, has_now)]))

    assert [(one.kind, one.subject, one.key) for one in found] == (
        [("audit.contradicted", "kiosk:k-1", f"3 {TRUE}")] if is_found else []
    )


def test_what_a_kiosk_remembers_rightly_worries_nobody(world: World) -> None:
    hashes = write_entries(world, 3)
    remember(world, AuditHead(HUB, 1, hashes[0]), AuditHead(HUB, len(hashes), hashes[-1]))

    assert raised(world) == []


def test_an_entry_that_a_kiosk_remembers_otherwise_is_told_once(world: World) -> None:
    hashes = write_entries(world, 3)
    remember(world, AuditHead(HUB, 1, hashes[0]), AuditHead(HUB, 2, FORGED), AuditHead(HUB, 99, TRUE))

    assert sorted(raised(world), key=str) == [("high", STORE, 2), ("high", STORE, 99)]
    assert look(world.hub.database, world.clock.now) == []


def test_what_a_kiosk_was_told_before_a_restore_says_nothing(world: World) -> None:
    write_entries(world, 3)
    remember(world, AuditHead(BEFORE_A_RESTORE, 2, FORGED))

    assert raised(world) == []


def test_the_verifier_takes_a_kiosks_word_for_a_head(world: World, tmp_path: Path) -> None:
    hashes = write_entries(world, 3)
    remember(world, AuditHead(HUB, 1, hashes[0]), AuditHead(HUB, 2, FORGED))
    dump, heads, keys = tmp_path / "dump", tmp_path / "heads", tmp_path / "keys"
    dump.write_text("".join(export(world.hub.database)), encoding="utf-8")
    key = world.hub.secrets.audit_key
    keys.write_text(json.dumps({key.name: key.key.hex()}), encoding="utf-8")
    with world.hub.database.read() as session:
        lines = [json.dumps({"number": one.number, "hash": one.hash}) for one in witnesses(session)]

    statuses = []
    for some in (lines[:1], lines):
        heads.write_text("\n".join(some), encoding="utf-8")
        statuses.append(verify.main([str(dump), str(heads), str(keys)]))

    assert statuses == [0, 1]
