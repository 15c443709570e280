"""A whole kiosk that is shown receipts: with and without a card before, online and not, and what comes of it later."""

import base64
from collections.abc import Iterator

import pytest
from msgspec import UNSET, structs

from devices.scanner import CodeScanned, ScannerMissing, ScannerReady
from kiosk.views import MemberView, RefusalView
from kiosk.visit.intents import Dismissed, VisitEnded
from protocol import codec, receipt_codes
from protocol.envelope import Event
from protocol.events import ReceiptScanned
from protocol.receipt_codes import Line, ReceiptCode
from protocol.requests import DocumentPage
from protocol.state import Configuration, Programme
from provisioning import keys
from tests.kiosk.builders import LIN, NOW, make_snapshot
from tests.kiosk.lent_rig import Store
from tests.simulation.disk import Fault

TILL = keys.seeded_key(bytes(range(32)))
PUBLIC = base64.b64encode(keys.public_der(TILL)).decode()
HERE = Configuration(chain_names={}, store_names={}, languages=["en"], receipt_keys={"till-1": PUBLIC})
RATE = Programme(tiers=[], currency="CNY", earn_points=1, earn_per=100)


def code_of(receipt: str = "T1", amount: int = 12_800, signer: object = TILL) -> str:
    payload = receipt_codes.payload_of(ReceiptCode("till-1", receipt, "CNY", NOW, [Line("p", "coffee", 1, amount)]))
    return receipt_codes.write(payload, keys.sign(signer, payload))  # type: ignore[arg-type]


class Shop(Store):
    """A kiosk with a scanner, in a store whose till signs its receipts."""

    def open(self) -> None:
        super().open()
        self.store.documents.take(DocumentPage("configuration", 2, 0, 1, [codec.raw(HERE)]))
        self.store.documents.take(DocumentPage("programme", 1, 0, 1, [codec.raw(RATE)]))

    def scan(self, code: str) -> None:
        self.conductor.handle(CodeScanned(code))

    def scanned(self) -> list[ReceiptScanned]:
        events = [codec.decode(event, Event) for event in self.store.chain.read(1, 99)]
        return [codec.decode(event.body, ReceiptScanned) for event in events if event.kind == "receipt.scanned"]

    def note(self) -> str:
        body = self.shown(MemberView)
        assert isinstance(body, MemberView)
        return body.note


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    shop.open()
    yield shop
    shop.store.close()


@pytest.mark.parametrize("online", [True, False])
def test_a_receipt_is_journaled_for_whoever_is_here_and_told_as_on_its_way(shop: Shop, *, online: bool) -> None:
    shop.hub_is(online=online)
    shop.tap()

    shop.scan(code_of())

    assert shop.scanned() == [ReceiptScanned(LIN, code_of())]
    assert "128" in shop.note()


def test_points_of_a_receipt_are_no_points_yet(shop: Shop) -> None:
    shop.hub_is(online=False)
    shop.tap()
    before = shop.points()

    shop.scan(code_of())

    assert shop.points() == before


def test_the_same_receipt_scanned_again_is_journaled_once(shop: Shop) -> None:
    shop.hub_is(online=False)
    shop.tap()

    shop.scan(code_of())
    shop.scan(code_of())
    shop.scan(code_of("T2"))

    assert len(shop.scanned()) == 2
    assert "256" in shop.note()


def test_what_is_on_its_way_is_there_at_the_next_visit_and_gone_when_it_was_booked(shop: Shop) -> None:
    shop.hub_is(online=False)
    shop.tap()
    shop.scan(code_of())
    shop.conductor.handle(VisitEnded())

    shop.tap()
    waiting = shop.note()
    shop.hub_is(online=True)
    shop.receive()
    shop.tap()

    assert "128" in waiting
    assert "128" not in shop.note()


def test_a_receipt_that_the_hub_rejects_is_told_in_fair_words(shop: Shop) -> None:
    shop.hub_is(online=False)
    shop.tap()
    shop.scan(code_of())
    shop.conductor.handle(VisitEnded())
    shop.hub_is(online=True)

    shop.receive(shop.store.chain.head.seq)
    shop.hub_is(online=False)
    shop.tap()

    told = shop.shown(RefusalView)
    assert isinstance(told, RefusalView)
    assert "小票" in told.sentence
    shop.conductor.handle(Dismissed())
    assert isinstance(shop.body, MemberView)


def test_a_receipt_without_a_card_asks_for_the_card_and_is_not_kept(shop: Shop) -> None:
    shop.scan(code_of())

    assert (shop.refusal(), shop.scanned()) == ("receipt.no_card", [])


@pytest.mark.parametrize(
    "code",
    ["membertap:voucher:ABC", "4006381333931", code_of(signer=keys.seeded_key(bytes(range(1, 33))))],
    ids=["a voucher", "a product", "signed by nobody we know"],
)
def test_whatever_is_no_receipt_of_this_store_is_refused_and_the_visit_goes_on(shop: Shop, code: str) -> None:
    shop.tap()

    shop.scan(code)

    assert (shop.refusal(), shop.scanned()) == ("receipt.invalid", [])
    shop.conductor.handle(Dismissed())
    assert isinstance(shop.body, MemberView)


def test_a_store_without_keys_takes_no_receipts(shop: Shop) -> None:
    without = structs.replace(HERE, receipt_keys=UNSET)
    shop.store.documents.take(DocumentPage("configuration", 3, 0, 1, [codec.raw(without)]))
    shop.tap()

    shop.scan(code_of())

    assert shop.refusal() == "receipt.invalid"


def test_a_full_or_failed_store_promises_nothing(shop: Shop) -> None:
    shop.hub_is(online=False)
    shop.tap()
    shop.disk.faults[shop.disk.steps] = Fault()

    shop.scan(code_of())

    assert shop.refusal() == "store.read_only"
    assert shop.store.register.of_member(make_snapshot().member) == []


def test_a_scanner_that_comes_and_goes_disturbs_nobody(shop: Shop) -> None:
    shop.tap()
    before = shop.body

    shop.conductor.handle(ScannerMissing("unplugged"))
    shop.conductor.handle(ScannerReady())

    assert shop.body == before
