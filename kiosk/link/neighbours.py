"""The store's other kiosks on the local network: mutual TLS with device certificates, one question a connection.

Nothing here waits on the conductor's thread, and nothing is decided here but who may speak: a device of this chain
whose name the hub has given as a neighbour. What such a one asks becomes a happening, with a way to answer.
"""

from collections.abc import Sequence
from uuid import UUID

from kiosk.link.asking import Asker
from kiosk.link.listening import Listener
from kiosk.link.peers import Credentials, Outside
from kiosk.ports import Question
from protocol.values import Address


class LocalNetwork:
    """Answers neighbours at an address, and asks them. Each side has a thread of its own."""

    def __init__(self, address: Address, credentials: Credentials, outside: Outside) -> None:
        self.address: Address | None = address
        self._listener = Listener(address, credentials, outside)
        self._asker = Asker(credentials, outside)

    def start(self) -> None:
        """Begin; returns at once. Where the address is not there yet, it is listened to when it comes."""
        self._listener.start()
        self._asker.start()

    def stop(self) -> None:
        """End both threads, after at most one call."""
        self._asker.stop()
        self._listener.stop()

    def ask(self, spend: UUID, questions: Sequence[Question]) -> None:
        """See `kiosk.ports.Neighbours`."""
        self._asker.ask(spend, questions)
