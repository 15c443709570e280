from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import passes
from protocol.limits import PASS_NOTE_MAX_CHARS, PASSED_LEASES_FROM
from provisioning import keys
from tests.protocol.messages import NOTE

KEY = keys.seeded_key(bytes(range(32)))


def written() -> str:
    payload = passes.payload_of(NOTE)
    return passes.write(payload, keys.sign(KEY, payload))


def test_a_note_is_read_back_with_what_was_signed() -> None:
    read = passes.read(written())

    assert read is not None
    assert read.body == NOTE
    assert keys.is_signed(KEY.public_key(), read.payload, read.signature)


def test_a_note_fits_its_limit() -> None:
    assert len(written()) < PASS_NOTE_MAX_CHARS // 2


@pytest.mark.parametrize(
    "text",
    ["", "membertap:pass:", "membertap:receipt:e30.MEU", "membertap:pass:e30.MEU", "membertap:pass:" + "A" * 2_000],
)
def test_other_text_is_no_note(text: str) -> None:
    assert passes.read(text) is None


@given(st.text())
def test_rubbish_is_no_note(text: str) -> None:
    assert passes.read(f"membertap:pass:{text}") is None


@given(st.uuids())
def test_the_number_of_a_lease_that_was_passed_on_lies_above_those_of_the_hub(note: UUID) -> None:
    assert PASSED_LEASES_FROM <= passes.lease_of(note) < 2 * PASSED_LEASES_FROM
