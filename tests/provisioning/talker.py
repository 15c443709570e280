"""A client for a test to kill: it connects, says once that it is here, and stays. Its will lies under a topic given."""

import signal
import sys
import time
from pathlib import Path

from protocol.topics import Channel, of_kiosk
from provisioning.mqtt import Delivery, Endpoint, Line, Message, Role

POLL_S = 0.01


class Deaf:
    """A listener that takes no notice."""

    def connected(self) -> None:
        pass

    def disconnected(self, reason: str) -> None:
        pass

    def delivered(self, delivery: Delivery) -> None:
        pass

    def refused(self, reason: str) -> None:
        pass


def main(name: str, will_topic: str, port: str, *files: str) -> None:
    endpoint = Endpoint("localhost", int(port), *(Path(file) for file in files))
    role = Role(name, (), lambda number: Message(will_topic, f"lost {number}".encode(), retain=True))
    line = Line(endpoint, role, Deaf())
    line.start()
    while not line.publish(Message(of_kiosk(name, Channel.EVENTS), b"here")):
        time.sleep(POLL_S)
    signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:])
