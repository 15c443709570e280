"""Key management services: plug-ins that keep the key-encryption keys from lying in the hub's own file.

A plug-in is an entry point of the group `membertap.kms`, under the name that the file of secrets gives: something that
is called without arguments and makes a `KeyService`. It is asked once at each start, never for each member.
"""

from importlib.metadata import entry_points
from typing import Protocol

from hub.errors import SetupError

GROUP = "membertap.kms"


class KeyServiceError(SetupError):
    """A key management service is not installed, or does not answer."""


class KeyService(Protocol):
    """Wraps and unwraps key-encryption keys under a key that never leaves it."""

    @property
    def name(self) -> str:
        """What operators call it, and the key that it uses."""

    def wrap(self, key: bytes) -> bytes:
        """Protect a key of 32 bytes."""

    def unwrap(self, wrapped: bytes) -> bytes:
        """Open what `wrap` protected."""


def service(name: str) -> KeyService:
    """The service of a name.

    Raises:
        KeyServiceError: if no such plug-in is installed.
    """
    for point in entry_points(group=GROUP, name=name):
        made: KeyService = point.load()()
        return made
    raise KeyServiceError(f"no plug-in {name} of the group {GROUP} is installed")
