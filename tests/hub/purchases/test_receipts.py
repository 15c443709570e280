from dataclasses import replace
from uuid import UUID

import pytest
from msgspec import structs
from sqlalchemy import update

from hub.intake import Outcome
from hub.stores.models import ReceiptKey, Store
from protocol import receipt_codes
from protocol.errors import ErrorCode
from protocol.events import PurchaseRecorded, ReceiptScanned
from protocol.receipt_codes import Line, ReceiptCode
from provisioning import keys
from tests.hub.world import START, STORE, TestKiosk, World

TILL = keys.seeded_key(bytes(range(32)))
OTHER = keys.seeded_key(bytes(range(1, 33)))
CODE = ReceiptCode("till-1", "T1", "CNY", START, [Line("p1", "coffee", 1, 10_000)])


@pytest.fixture
def till(world: World) -> World:
    """A world whose store has a till that signs receipts, and whose kiosks may record nothing by themselves."""
    with world.hub.database.write() as session:
        session.execute(update(Store).values(kiosks_record_purchases=False))
        session.add(ReceiptKey(id="till-1", store=STORE, public_key=keys.public_der(TILL), made_at=START))
    return world


def scanned(member: UUID, code: ReceiptCode = CODE, key: object = TILL) -> ReceiptScanned:
    payload = receipt_codes.payload_of(code)
    return ReceiptScanned(member, receipt_codes.write(payload, keys.sign(key, payload)))  # type: ignore[arg-type]


def tell(world: World, kiosk: TestKiosk, body: ReceiptScanned | PurchaseRecorded) -> Outcome:
    return world.book(world.told(kiosk, body))[0]


def test_a_receipt_that_a_till_signed_earns_what_the_purchase_earns(till: World) -> None:
    member, kiosk = till.add_member(), till.add_kiosk()

    outcome = tell(till, kiosk, scanned(member))

    assert (outcome.code, till.balance(member)) == (None, 100)


def test_a_receipt_scanned_again_by_the_same_member_counts_once(till: World) -> None:
    member, kiosk = till.add_member(), till.add_kiosk()

    outcomes = [tell(till, kiosk, scanned(member)), tell(till, till.add_kiosk(), scanned(member))]

    assert [outcome.is_applied for outcome in outcomes] == [True, True]
    assert till.balance(member) == 100


def test_a_receipt_that_somebody_else_had_counted_is_refused(till: World) -> None:
    first, second, kiosk = till.add_member(), till.add_member(), till.add_kiosk()
    tell(till, kiosk, scanned(first))

    outcome = tell(till, kiosk, scanned(second))

    assert (outcome.code, till.balance(second)) == (ErrorCode.PURCHASE_KNOWN, 0)


def test_a_receipt_counts_once_with_the_tills_own_report(till: World) -> None:
    member, kiosk = till.add_member(), till.add_kiosk()
    till.book(till.posted(CODE.purchase(member)))

    outcome = tell(till, kiosk, scanned(member))

    assert (outcome.is_applied, till.balance(member)) == (True, 100)


@pytest.mark.parametrize(
    "body",
    [
        scanned(UUID(int=1), key=OTHER),
        scanned(UUID(int=1), structs.replace(CODE, key="till-2")),
        ReceiptScanned(UUID(int=1), "membertap:receipt:W10.MEU"),
    ],
    ids=["signed by another key", "of a till nobody knows", "unreadable"],
)
def test_a_receipt_that_no_till_of_the_store_signed_is_refused(till: World, body: ReceiptScanned) -> None:
    member, kiosk = till.add_member(), till.add_kiosk()

    outcome = tell(till, kiosk, ReceiptScanned(member, body.code))

    assert (outcome.code, till.balance(member)) == (ErrorCode.RECEIPT_INVALID, 0)


def test_a_receipt_of_another_store_is_refused(till: World) -> None:
    member, kiosk = till.add_member(), till.add_kiosk("S02")

    assert tell(till, kiosk, scanned(member)).code is ErrorCode.RECEIPT_INVALID


def test_a_revoked_key_signs_nothing_more(till: World) -> None:
    member, kiosk = till.add_member(), till.add_kiosk()
    with till.hub.database.write() as session:
        session.execute(update(ReceiptKey).values(revoked_at=START))

    assert tell(till, kiosk, scanned(member)).code is ErrorCode.RECEIPT_INVALID


def test_a_till_does_not_scan_receipts(till: World) -> None:
    item = replace(till.posted(till.purchase(till.add_member(), 100)), kind="receipt.scanned")

    assert till.book(item)[0].code is ErrorCode.PERMISSION_DENIED
