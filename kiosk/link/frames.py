"""One message each way between two kiosks: four bytes of length, the highest first, and then JSON.

Every wait is for a moment that is fixed beforehand, so that who sends one byte now and then does not hold anybody.
"""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from msgspec import Struct

from protocol import codec
from protocol.limits import MESSAGE_MAX_BYTES

LENGTH_BYTES = 4

Message = TypeVar("Message", bound=Struct)


class FrameError(OSError):
    """The other side says something that is no message, or stops in the middle. Not retryable on this connection."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Until when something is waited for, by a clock that only grows."""

    until: float
    monotonic: Callable[[], float]

    @property
    def left_s(self) -> float:
        """Seconds that are left.

        Raises:
            TimeoutError: none are.
        """
        left = self.until - self.monotonic()
        if left <= 0:
            raise TimeoutError("the time is up")
        return left


def send(connection: socket.socket, message: Struct, wait: Wait) -> None:
    """Send one message.

    Raises:
        OSError: the other side is gone, or does not take it in time.
    """
    data = codec.encode(message)
    connection.settimeout(wait.left_s)
    connection.sendall(len(data).to_bytes(LENGTH_BYTES, "big") + data)


def receive(connection: socket.socket, message_type: type[Message], wait: Wait) -> Message:
    """Receive one message.

    Raises:
        FrameError: it is too long, broken off or no such message.
        OSError: the other side is gone, or does not say it in time.
    """
    length = int.from_bytes(_read(connection, LENGTH_BYTES, wait), "big")
    if length > MESSAGE_MAX_BYTES:
        raise FrameError(f"a message of {length} bytes")
    try:
        return codec.decode(_read(connection, length, wait), message_type)
    except codec.MessageError as error:
        raise FrameError(str(error.code)) from error


def _read(connection: socket.socket, length: int, wait: Wait) -> bytes:
    data = bytearray()
    while len(data) < length:
        connection.settimeout(wait.left_s)
        piece = connection.recv(length - len(data))
        if not piece:
            raise FrameError("broken off")
        data += piece
    return bytes(data)
