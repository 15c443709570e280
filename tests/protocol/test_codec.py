from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw, Struct

from protocol import codec, kinds
from protocol.codec import MessageError
from protocol.duties import Report
from protocol.envelope import Envelope, Event, Receipt
from protocol.errors import ErrorCode
from protocol.events import LeaseClosed, PurchaseRecorded
from protocol.limits import BATCH_MAX_EVENTS, MESSAGE_MAX_BYTES, REPORT_MAX_MEMBERS, VALUE_MAX
from protocol.requests import Request
from protocol.state import MemberSnapshot
from tests.protocol.messages import MESSAGES

ENVELOPE = next(message for message in MESSAGES if isinstance(message, Envelope))
PURCHASE = next(message for message in MESSAGES if isinstance(message, PurchaseRecorded))


def refusal_of(data: bytes | Raw, message_type: type[Struct]) -> ErrorCode:
    with pytest.raises(MessageError) as caught:
        codec.decode(data, message_type)
    return caught.value.code


@pytest.mark.parametrize(
    "rubbish",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b"{}", b'{"v":1}', b"[" * 10_000, b'"\\ud800"', b"\x00" * 64],
)
def test_rubbish_is_refused_by_code(rubbish: bytes) -> None:
    assert refusal_of(rubbish, Envelope) == ErrorCode.MESSAGE_UNDECODABLE


@given(st.binary(max_size=200), st.sampled_from([Envelope, Event, Receipt, Request, Report, MemberSnapshot]))
def test_no_bytes_raise_anything_but_a_refusal(data: bytes, message_type: type[Struct]) -> None:
    with suppress(MessageError):
        assert isinstance(codec.decode(data, message_type), message_type)


def test_the_largest_payload_is_taken_and_one_byte_more_is_not() -> None:
    body = codec.encode(LeaseClosed(1, 0))

    assert codec.decode(body.ljust(MESSAGE_MAX_BYTES), LeaseClosed) == LeaseClosed(1, 0)
    assert refusal_of(body.ljust(MESSAGE_MAX_BYTES + 1), LeaseClosed) == ErrorCode.MESSAGE_TOO_LARGE


def changed(message: Struct, **fields: object) -> bytes:
    return msgspec.json.encode(msgspec.json.decode(codec.encode(message)) | fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"v": 2},
        {"first_seq": 0},
        {"first_seq": 2**53 + 1},
        {"prev": "AB" * 32},
        {"head": "ab" * 31},
        {"events": []},
        {"events": [{}] * (BATCH_MAX_EVENTS + 1)},
        {"epoch": "not-a-uuid"},
        {"sig": "x" * 201},
        {"kiosk": ""},
    ],
    ids=str,
)
def test_an_envelope_beyond_its_bounds_is_refused(fields: dict[str, object]) -> None:
    assert refusal_of(changed(ENVELOPE, **fields), Envelope) == ErrorCode.MESSAGE_UNDECODABLE


@pytest.mark.parametrize(
    "fields",
    [
        {"currency": "cny"},
        {"purchased_at": "2026-03-01T04:05:06"},
        {"lines": []},
        {"lines": [{"product": "a", "category": "b", "quantity": 0, "amount": 1}]},
        {"lines": [{"product": "a", "category": "b", "quantity": 1, "amount": -1}]},
        {"lines": [{"product": "a", "category": "b", "quantity": 1, "amount": 1.5}]},
        {"lines": [{"product": "a", "category": "b", "quantity": 1, "amount": VALUE_MAX + 1}]},
        {"receipt": "x" * 65},
    ],
    ids=str,
)
def test_a_purchase_beyond_its_bounds_is_refused(fields: dict[str, object]) -> None:
    assert refusal_of(changed(PURCHASE, **fields), PurchaseRecorded) == ErrorCode.MESSAGE_UNDECODABLE


def test_a_report_names_no_more_members_than_agreed() -> None:
    members = {f"00000000-0000-0000-0000-{number:012d}": 1 for number in range(REPORT_MAX_MEMBERS + 1)}

    assert refusal_of(msgspec.json.encode({"duties": 0, "members": members}), Report) == ErrorCode.MESSAGE_UNDECODABLE


def test_an_event_keeps_the_bytes_of_its_body() -> None:
    body = b'{"lease": 9,   "spent":600, "later": 1}'
    event = b'{"seq":1,"id":"00000000-0000-0000-0000-00000000000f","kind":"lease.closed",'
    event += b'"occurred_at":"2026-03-01T04:05:06Z","clock":"ntp","by":"kiosk","body":' + body + b"}"

    assert bytes(codec.decode(event, Event).body) == body


def test_a_body_of_an_unknown_kind_is_refused_by_code() -> None:
    with pytest.raises(MessageError) as caught:
        codec.decode_body("lease.teleported", Raw(b"{}"), kinds.EVENTS)

    assert caught.value.code == ErrorCode.KIND_UNKNOWN


def test_a_body_is_read_by_its_kind() -> None:
    assert codec.decode_body("lease.closed", Raw(b'{"lease":9,"spent":1}'), kinds.EVENTS) == LeaseClosed(9, 1)
