from collections.abc import Callable
from typing import Any

import ndef as ndeflib
import nfc.tag.tt2
import nfc.tag.tt2_nxp
import pytest

from devices.stand_ins import ndef
from devices.stand_ins.field import Card
from devices.stand_ins.ntag21x import Model, Ntag21xCard, Protection
from tests.devices.builders import STATIC_UID, STATIC_URL

Present = Callable[[Card], Any]

MESSAGE = ndef.url_message(STATIC_URL)
SIGNATURE = bytes(range(32))
OPEN = Protection()


def make_card(*, message: bytes = MESSAGE, model: Model = Model.NTAG213, protection: Protection = OPEN) -> Ntag21xCard:
    return Ntag21xCard(STATIC_UID, message, model=model, protection=protection, signature=SIGNATURE)


@pytest.mark.parametrize(
    ("model", "tag_type", "capacity"),
    [
        (Model.NTAG213, nfc.tag.tt2_nxp.NTAG213, 142),
        (Model.NTAG215, nfc.tag.tt2_nxp.NTAG215, 492),
        (Model.NTAG216, nfc.tag.tt2_nxp.NTAG216, 868),
    ],
)
def test_each_model_is_known_for_what_it_is(present: Present, model: Model, tag_type: type[Any], capacity: int) -> None:
    tag = present(make_card(model=model))

    assert isinstance(tag, tag_type)
    assert tag.identifier == STATIC_UID
    assert tag.ndef.capacity == capacity
    assert tag.ndef.octets == MESSAGE


@pytest.mark.parametrize("model", list(Model))
def test_the_largest_message_that_fits_is_read_whole(present: Present, model: Model) -> None:
    room = model.value.ndef_size_code * 8
    url = "https://" + "x" * (room - 13)
    while len(ndef.url_message(url)) > room - 3 - 2 * (room > 256):
        url = url[:-1]

    tag = present(make_card(model=model, message=ndef.url_message(url)))

    assert tag.ndef.records[0].iri == url


def test_a_message_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        make_card(message=bytes(144))


def test_what_is_written_stays(present: Present) -> None:
    card = make_card()

    present(card).ndef.records = [ndeflib.UriRecord("https://m.example/c/OTHER12345")]

    assert present(card).ndef.records[0].iri == "https://m.example/c/OTHER12345"


@pytest.mark.parametrize("page", [0, 1, 45, 255])
def test_pages_that_cannot_be_written_are_refused(present: Present, page: int) -> None:
    with pytest.raises(nfc.tag.tt2.Type2TagCommandError, match="invalid page"):
        present(make_card()).write(page, b"abcd")


def test_bits_of_the_capability_container_are_only_ever_set(present: Present) -> None:
    tag = present(make_card())

    tag.write(3, b"\x00\x00\x00\x0f")

    assert bytes(tag.read(3)[:4]) == bytes.fromhex("e110120f")


def test_the_signature_is_told(present: Present) -> None:
    assert present(make_card()).signature == SIGNATURE


def test_the_password_opens_the_card_and_a_wrong_one_does_not(present: Present) -> None:
    card = make_card(protection=Protection(password=b"pass", acknowledge=b"ok", from_page=4, reading=True))

    assert present(card).ndef is None
    assert not present(card).authenticate(b"wrongok")
    opened = present(card)
    assert opened.authenticate(b"passok")
    assert opened.ndef.octets == MESSAGE


def test_after_too_many_wrong_passwords_the_right_one_is_refused_too(present: Present) -> None:
    card = make_card(protection=Protection(password=b"pass", acknowledge=b"ok", from_page=4, attempts_max=2))

    for _ in range(2):
        assert not present(card).authenticate(b"wrongok")

    assert not present(card).authenticate(b"passok")


def test_the_right_password_forgives_wrong_ones(present: Present) -> None:
    card = make_card(protection=Protection(password=b"pass", acknowledge=b"ok", from_page=4, attempts_max=2))

    for _ in range(3):
        assert not present(card).authenticate(b"wrongok")
        assert present(card).authenticate(b"passok")


def test_protection_against_writing_leaves_reading_open(present: Present) -> None:
    tag = present(make_card(protection=Protection(from_page=4)))

    assert tag.ndef.octets == MESSAGE
    with pytest.raises(nfc.tag.tt2.Type2TagCommandError, match="invalid page"):
        tag.write(4, b"abcd")


def test_nfcpy_protects_a_card_which_then_asks_for_the_password(present: Present) -> None:
    """The driver writes the configuration page by page: it must not bite before the card is selected anew."""
    card = make_card()

    assert present(card).protect(b"pass12", read_protect=True, protect_from=4)

    assert present(card).ndef is None
    opened = present(card)
    assert opened.authenticate(b"pass12")
    assert opened.ndef.octets == MESSAGE


def test_the_password_itself_cannot_be_read(present: Present) -> None:
    tag = present(make_card(protection=Protection(password=b"pass", acknowledge=b"ok")))

    assert bytes(tag.read(43)[:8]) == bytes(8)


def test_activations_with_a_reading_are_counted_once_each(present: Present) -> None:
    card = make_card()

    for _ in range(3):
        tag = present(card)
        tag.read(4)
        tag.read(8)

    assert bytes(tag.transceive(b"\x39\x02")) == b"\x03\x00\x00"


def test_many_pages_are_read_in_one_go(present: Present) -> None:
    tag = present(make_card())

    assert bytes(tag.transceive(b"\x3a\x04\x07")) == bytes(tag.read(4))
    assert bytes(tag.transceive(b"\x3a\x07\x04")) == b"\x00"


def test_reading_past_the_end_goes_on_at_the_beginning(present: Present) -> None:
    tag = present(make_card())

    assert bytes(tag.read(44)[4:]) == bytes(tag.read(0)[:12])


def test_a_card_is_gone_when_it_has_left(present: Present) -> None:
    card = make_card()
    tag = present(card)
    assert tag.is_present

    card.power_off()

    assert not tag.is_present
