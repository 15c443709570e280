"""The wire is for ever: every message keeps the bytes it had when it was first released."""

from dataclasses import dataclass
from pathlib import Path

import jsonschema
import msgspec
import pytest
from msgspec import Struct

from protocol import codec, kinds, schemas
from tests.protocol.messages import CARD, KIOSK, MESSAGES

GOLDEN = Path(__file__).with_name("golden.txt")
TABLES = (kinds.EVENTS, kinds.REQUESTS, kinds.REPLIES, kinds.DUTIES)


@dataclass(frozen=True)
class GoldenMessage:
    """A line of golden.txt, and the message that it is."""

    message: Struct
    line: str

    @property
    def payload(self) -> bytes:
        return self.line.split(" ", 1)[1].encode()


GOLDEN_MESSAGES = [
    GoldenMessage(message, line)
    for message, line in zip(MESSAGES, GOLDEN.read_text(encoding="utf-8").splitlines(), strict=True)
]


def name_of(case: GoldenMessage) -> str:
    return type(case.message).__name__


@pytest.mark.parametrize("golden", GOLDEN_MESSAGES, ids=name_of)
def test_a_message_has_its_golden_bytes(golden: GoldenMessage) -> None:
    assert f"{name_of(golden)} {codec.encode(golden.message).decode()}" == golden.line


@pytest.mark.parametrize("golden", GOLDEN_MESSAGES, ids=name_of)
def test_golden_bytes_are_read_as_the_message(golden: GoldenMessage) -> None:
    assert codec.decode(golden.payload, type(golden.message)) == golden.message


@pytest.mark.parametrize("golden", GOLDEN_MESSAGES, ids=name_of)
def test_fields_of_a_newer_release_are_ignored(golden: GoldenMessage) -> None:
    newer = msgspec.json.decode(golden.payload) | {"added_later": {"x": [1]}}

    assert codec.decode(msgspec.json.encode(newer), type(golden.message)) == golden.message


@pytest.mark.parametrize("golden", GOLDEN_MESSAGES, ids=name_of)
def test_golden_bytes_fit_the_published_schema(golden: GoldenMessage) -> None:
    schema = msgspec.json.decode(schemas.schemas()) | {"$ref": f"#/$defs/{name_of(golden)}"}

    jsonschema.validate(msgspec.json.decode(golden.payload), schema)


def test_every_message_has_an_example() -> None:
    examples = {type(message) for message in MESSAGES}
    bodies = {body for table in TABLES for body in table.values()}

    assert bodies | {*schemas.FRAMES, *schemas.DOCUMENT_ITEMS} == examples


def test_the_published_schemas_are_those_of_the_code() -> None:
    published = Path(schemas.__file__).with_name("schemas.json").read_text(encoding="utf-8")

    assert published == schemas.schemas()


@pytest.mark.parametrize("body", [body for table in TABLES for body in table.values()])
def test_a_body_knows_its_kind(body: type[Struct]) -> None:
    message = next(message for message in MESSAGES if type(message) is body)

    assert [table[kinds.kind_of(message)] for table in TABLES if kinds.kind_of(message) in table] == [body]


def test_a_tap_that_is_printed_keeps_its_credential_to_itself() -> None:
    assert "cmac" not in repr(CARD)
    assert KIOSK not in repr(CARD)
