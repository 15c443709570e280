from collections.abc import Callable
from typing import Any

import nfc.tag.tt2
import nfc.tag.tt4
import pytest

from devices.stand_ins.activation import REQA, cascade_levels
from devices.stand_ins.field import Card
from devices.stand_ins.foreign import BankCard, MifareClassicCard, MinimalAtsCard, Phone
from tests.devices.builders import counted_bytes

Present = Callable[[Card], Any]

UID = bytes.fromhex("deadbeef")


def test_a_bank_card_tells_its_payment_directory_and_has_no_message(present: Present) -> None:
    tag = present(BankCard(UID))

    directory = bytes(tag.send_apdu(0, 0xA4, 4, 0, b"2PAY.SYS.DDF01", mrl=256))

    assert directory.startswith(b"\x6f")
    assert len(directory) == 2 + directory[1]
    assert tag.ndef is None
    assert tag.is_present


@pytest.mark.parametrize(
    ("apdu", "status"), [("00", "6700"), ("80CA9F3600", "6d00"), ("00A4040007D276000085010100", "6a82")]
)
def test_a_bank_card_refuses_what_it_does_not_know(present: Present, apdu: str, status: str) -> None:
    assert bytes(present(BankCard(UID)).transceive(bytes.fromhex(apdu))).hex() == status


def test_the_minimal_answer_to_select_is_more_than_nfcpy_expects(present: Present) -> None:
    with pytest.raises(IndexError):
        present(MinimalAtsCard(UID))


def test_a_phone_is_another_one_each_time_the_field_comes_back() -> None:
    phone = Phone(counted_bytes())

    uids = set()
    for _ in range(3):
        phone.power_off()
        phone.receive(REQA)
        shown = phone.receive(b"\x93\x20")
        assert shown == cascade_levels(phone.uid)[0]
        uids.add(phone.uid)

    assert len(uids) == 3
    assert {uid[0] for uid in uids} == {0x08}


def test_an_old_access_card_gives_a_nonce_and_reads_out_nothing(present: Present) -> None:
    tag = present(MifareClassicCard(UID))

    assert bytes(tag.transceive(b"\x60\x04")) == bytes.fromhex("01200145")
    with pytest.raises(nfc.tag.tt2.Type2TagCommandError):
        tag.transceive(b"\x30\x04", retries=0) and tag.read(4)
