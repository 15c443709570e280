"""What a kiosk says of its health, and what becomes of it when its disk cannot even be read for that."""

from kiosk.conductor import REOPEN_S
from kiosk.sync import HEARTBEAT_S
from kiosk.views import RefusalView
from protocol.state import Heartbeat
from protocol.topics import Channel
from tests.kiosk.lent_rig import Store
from tests.kiosk.rig import Rig
from tests.simulation.disk import Fault


def beats(lent_rig: Rig) -> list[Heartbeat]:
    return lent_rig.uplink.take(Channel.TELEMETRY, Heartbeat)


def test_a_heartbeat_tells_what_waits_and_how_the_journal_is(lent_rig: Store) -> None:
    lent_rig.pass_(HEARTBEAT_S)

    [beat] = beats(lent_rig)
    assert (beat.unconfirmed, beat.journal, beat.chain, beat.reader) == (1, "writable", "good", "ready")
    assert beat.oldest_unconfirmed_s == int(HEARTBEAT_S)
    assert beat.journal_used_percent == 0


def test_a_disk_that_cannot_be_read_for_a_heartbeat_is_opened_again(lent_rig: Store) -> None:
    lent_rig.clock.elapsed += HEARTBEAT_S
    lent_rig.disk.faults = {lent_rig.disk.steps + ahead: Fault() for ahead in range(3)}

    lent_rig.conductor.tick()
    refused = lent_rig.body
    lent_rig.disk.faults = {}
    lent_rig.pass_(REOPEN_S)
    lent_rig.pass_(HEARTBEAT_S)

    assert isinstance(refused, RefusalView)
    assert refused.code == "store.read_only"
    assert beats(lent_rig)[-1].journal == "writable"
