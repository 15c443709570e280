"""Messages to bytes and back: JSON, so that a topic can be read by eye, decoded with validation in about 1 µs.

Unknown fields are ignored, so that a newer sender can speak to an older reader.
"""

from collections.abc import Mapping
from typing import TypeVar

import msgspec
from msgspec import Raw, Struct

from protocol.errors import ErrorCode
from protocol.limits import MESSAGE_MAX_BYTES

Message = TypeVar("Message", bound=Struct)

_encoder = msgspec.json.Encoder()
_decoders: dict[type[Struct], msgspec.json.Decoder[Struct]] = {}


class MessageError(Exception):
    """A message cannot be taken. `code` says why; sending it again is of no use."""

    def __init__(self, code: ErrorCode, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code


def encode(message: Struct) -> bytes:
    """Bytes of a message for the wire."""
    return _encoder.encode(message)


def raw(message: Struct) -> Raw:
    """Bytes of a body, ready to be put into an event, a request, a reply or a duty."""
    return Raw(_encoder.encode(message))


def decode(data: bytes | Raw, message_type: type[Message]) -> Message:
    """Read and validate a message.

    Raises:
        MessageError: with `message.too_large` or `message.undecodable`.
    """
    if len(memoryview(data)) > MESSAGE_MAX_BYTES:
        raise MessageError(ErrorCode.MESSAGE_TOO_LARGE, f"more than {MESSAGE_MAX_BYTES} bytes")
    decoder = _decoders.get(message_type)
    if decoder is None:
        decoder = _decoders[message_type] = msgspec.json.Decoder(message_type)
    try:
        return decoder.decode(data)  # type: ignore[return-value]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MessageError(ErrorCode.MESSAGE_UNDECODABLE, str(error)) from error


def decode_body(kind: str, body: Raw, kinds: Mapping[str, type[Struct]]) -> Struct:
    """Read a body by its kind.

    Raises:
        MessageError: with `kind.unknown` or `message.undecodable`.
    """
    try:
        body_type = kinds[kind]
    except KeyError as error:
        raise MessageError(ErrorCode.KIND_UNKNOWN, kind) from error
    return decode(body, body_type)
