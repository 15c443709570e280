"""The line as a part of the kiosk: what happens on it becomes happenings on the conductor's queue."""

from collections.abc import Callable

import structlog

from kiosk.happenings import Arrived, Happening, LineDown, LineUp
from kiosk.link.hub import lost, subscriptions
from provisioning.mqtt import Delivery, Endpoint, Line, Role

log = structlog.get_logger()


class LineListener:
    """Puts what happens on the line on a queue. Runs on the line's thread."""

    def __init__(self, put: Callable[[Happening], None]) -> None:
        self._put = put

    def connected(self) -> None:
        """See `provisioning.mqtt.Listener`."""
        self._put(LineUp())

    def disconnected(self, reason: str) -> None:
        """See `provisioning.mqtt.Listener`."""
        self._put(LineDown(reason))

    def delivered(self, delivery: Delivery) -> None:
        """See `provisioning.mqtt.Listener`."""
        self._put(Arrived(delivery.topic, delivery.payload))

    def refused(self, reason: str) -> None:
        """See `provisioning.mqtt.Listener`. The chain is safe: nothing is confirmed without a receipt."""
        log.error("the broker refuses what this kiosk publishes", reason=reason)


def connect(kiosk: str, endpoint: Endpoint, put: Callable[[Happening], None], first_connection: int) -> Line:
    """The line of a kiosk, not started yet."""
    role = Role(kiosk, subscriptions(kiosk), lambda connection: lost(kiosk, connection))
    return Line(endpoint, role, LineListener(put), first_connection=first_connection)
