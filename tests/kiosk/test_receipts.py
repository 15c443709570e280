import base64
from datetime import UTC, datetime

import msgspec
import pytest

from kiosk.receipts import expected_points, signed_here
from protocol import receipt_codes
from protocol.receipt_codes import Line, ReceiptCode
from protocol.state import Configuration, Programme, Tier
from provisioning import keys

TILL = keys.seeded_key(bytes(range(32)))
PUBLIC = base64.b64encode(keys.public_der(TILL)).decode()
CODE = ReceiptCode("till-1", "T1", "CNY", datetime(2026, 3, 1, tzinfo=UTC), [Line("latte", "coffee", 2, 12_850)])
HERE = Configuration(chain_names={}, store_names={}, languages=["zh"], receipt_keys={"till-1": PUBLIC})
PROGRAMME = Programme(
    tiers=[Tier(tier="gold", names={}, threshold=0, multiplier=15_000)], currency="CNY", earn_points=1, earn_per=100
)


def text_of(code: ReceiptCode, signer: object = TILL) -> str:
    payload = receipt_codes.payload_of(code)
    return receipt_codes.write(payload, keys.sign(signer, payload))  # type: ignore[arg-type]


def test_a_code_of_a_till_of_this_store_is_good() -> None:
    assert signed_here(text_of(CODE), HERE) == CODE


@pytest.mark.parametrize(
    "text",
    [
        "membertap:voucher:ABC",
        text_of(CODE, keys.seeded_key(bytes(range(1, 33)))),
        text_of(ReceiptCode("till-2", "T1", "CNY", CODE.purchased_at, CODE.lines)),
        receipt_codes.write(receipt_codes.payload_of(CODE)[:-2] + b"]]", keys.sign(TILL, b"another")),
    ],
    ids=["another code", "another key", "another store's till", "another content"],
)
def test_whatever_else_is_scanned_is_none(text: str) -> None:
    assert signed_here(text, HERE) is None


def test_without_keys_no_code_is_good() -> None:
    assert signed_here(text_of(CODE), msgspec.structs.replace(HERE, receipt_keys=msgspec.UNSET)) is None


@pytest.mark.parametrize(("tier", "points"), [("gold", 192), ("unheard of", 128)])
def test_the_expected_points_are_those_of_the_general_rate_and_the_tier(tier: str, points: int) -> None:
    assert expected_points(CODE, PROGRAMME, tier) == points


def test_money_of_another_country_promises_nothing() -> None:
    assert expected_points(CODE, msgspec.structs.replace(PROGRAMME, currency="EUR"), "gold") == 0
