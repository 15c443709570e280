from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import receipt_codes
from protocol.events import PurchaseLine, PurchaseRecorded
from protocol.limits import RECEIPT_CODE_MAX_CHARS
from protocol.receipt_codes import Line, ReceiptCode
from provisioning import keys

KEY = keys.seeded_key(bytes(range(32)))
MEMBER = UUID(int=0xA)
THEN = datetime(2026, 3, 1, 4, 5, 6, tzinfo=UTC)
CODE = ReceiptCode("till-1", "T1", "CNY", THEN, [Line("latte", "coffee", 2, 3_600), Line("bun", "bakery", 1, 800)])


def text_of(code: ReceiptCode) -> str:
    payload = receipt_codes.payload_of(code)
    return receipt_codes.write(payload, keys.sign(KEY, payload))


def test_a_code_says_what_the_till_wrote() -> None:
    signed = receipt_codes.read(text_of(CODE))

    assert signed is not None
    assert signed.body == CODE
    assert keys.is_signed(KEY.public_key(), signed.payload, signed.signature)


def test_a_code_is_the_purchase_of_whoever_scans_it() -> None:
    lines = [PurchaseLine("latte", "coffee", 2, 3_600), PurchaseLine("bun", "bakery", 1, 800)]

    assert CODE.purchase(MEMBER) == PurchaseRecorded("T1", MEMBER, "CNY", THEN, lines)
    assert CODE.amount == 4_400


def test_a_code_has_the_text_that_tills_print_for_ever() -> None:
    payload = b'["till-1","T1","CNY","2026-03-01T04:05:06Z",[["latte","coffee",2,3600],["bun","bakery",1,800]]]'

    assert receipt_codes.payload_of(CODE) == payload
    assert receipt_codes.write(b"[]", "MEU=") == "membertap:receipt:W10.MEU"


def test_a_long_basket_fits_a_qr_code() -> None:
    basket = [Line(f"product-{number:04}", "groceries", 1, 12_345) for number in range(30)]

    assert len(text_of(ReceiptCode("till-1", "T1", "CNY", THEN, basket))) <= RECEIPT_CODE_MAX_CHARS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "membertap:voucher:ABC",
        "membertap:receipt:",
        "membertap:receipt:W10",
        "membertap:receipt:W10.MEU",
        "membertap:receipt:A.A",
        "membertap:receipt:____.____",
        text_of(CODE) + "\n",
        text_of(CODE) + "A" * RECEIPT_CODE_MAX_CHARS,
    ],
)
def test_another_text_is_no_code(text: str) -> None:
    assert receipt_codes.read(text) is None


@given(st.text(max_size=200))
def test_whatever_is_scanned_is_read_or_refused(text: str) -> None:
    assert receipt_codes.read(f"membertap:receipt:{text}") is None or text
