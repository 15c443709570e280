"""A kiosk that cannot tell again what a restored hub lacks."""

from hub.messaging.ingest import Arrival
from protocol import codec, topics
from protocol.state import KioskStatus
from protocol.topics import Channel
from tests.hub.world import World


def lose_some(world: World) -> None:
    """Have a kiosk be born whose oldest event is beyond what is booked: that leaves a gap."""
    kiosk = world.add_kiosk()
    status = KioskStatus(state="online", connection=1, epoch=kiosk.epoch, oldest_seq=7, oldest="ab" * 32)
    birth = Arrival(topics.of_kiosk(kiosk.id, Channel.STATUS), codec.encode(status))
    world.hub.ingest().take([birth], world.clock.now)
