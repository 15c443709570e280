from uuid import UUID

from kiosk.store.heads import AuditHeads
from protocol.limits import AUDIT_HEADS_MAX
from protocol.state import AuditHead
from tests.kiosk.builders import make_db
from tests.simulation.disk import SimDisk

HUB, RESTORED = UUID(int=1), UUID(int=2)
TRUE, FORGED = "ab" * 32, "cd" * 32


def test_heads_are_remembered_over_a_restart() -> None:
    disk = SimDisk()
    heads = AuditHeads(make_db(disk))

    heads.take(AuditHead(HUB, 3, TRUE))
    heads.take(AuditHead(HUB, 5, TRUE))

    again = AuditHeads(make_db(disk.killed()))
    assert heads.known == again.known == [AuditHead(HUB, 3, TRUE), AuditHead(HUB, 5, TRUE)]


def test_the_first_word_counts() -> None:
    heads = AuditHeads(make_db())
    heads.take(AuditHead(HUB, 3, TRUE))

    heads.take(AuditHead(HUB, 3, FORGED))

    assert heads.known == [AuditHead(HUB, 3, TRUE)]


def test_only_the_last_ones_are_kept() -> None:
    heads = AuditHeads(make_db())

    for number in range(1, AUDIT_HEADS_MAX + 3):
        heads.take(AuditHead(HUB, number, TRUE))

    assert [head.number for head in heads.known] == list(range(3, AUDIT_HEADS_MAX + 3))


def test_a_restored_hubs_log_is_another_one() -> None:
    heads = AuditHeads(make_db())
    heads.take(AuditHead(HUB, 9, TRUE))

    heads.take(AuditHead(RESTORED, 4, TRUE))

    assert heads.known == [AuditHead(RESTORED, 4, TRUE)]
