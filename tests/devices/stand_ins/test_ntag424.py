from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.cards import aes, ev2, ntag424
from devices.cards.ntag424 import Tap
from devices.stand_ins.field import Card
from devices.stand_ins.ntag424 import MemoryCounter, Ntag424Card
from tests.devices.builders import DYNAMIC_UID, DYNAMIC_URL, FLEET, counted_bytes, make_dynamic_card

Present = Callable[[Card], Any]

RND_A = bytes(range(16))
EV2_KEY = b"key three of all"


def make_keyed_card() -> Ntag424Card:
    return Ntag424Card(
        DYNAMIC_UID, DYNAMIC_URL, keys={3: EV2_KEY}, counter=MemoryCounter(), random_bytes=counted_bytes()
    )


def native(tag: Any, instruction: int, data: bytes = b"") -> tuple[bytes, str]:
    answer = bytes(tag.send_apdu(0x90, instruction, 0, 0, data, mrl=256, check_status=False))
    return answer[:-2], answer[-2:].hex()


def iso(tag: Any, apdu: str) -> tuple[bytes, str]:
    answer = bytes(tag.transceive(bytes.fromhex(apdu)))
    return answer[:-2], answer[-2:].hex()


def tap_of(tag: Any) -> object:
    message = ntag424.parse(tag.ndef.records[0].iri)
    assert message is not None
    return ntag424.verify(message, FLEET)


def test_every_presentation_counts_and_is_genuine(present: Present) -> None:
    card = make_dynamic_card(counter=6)

    taps = [tap_of(present(card)) for _ in range(3)]

    assert taps == [Tap(DYNAMIC_UID, 7), Tap(DYNAMIC_UID, 8), Tap(DYNAMIC_UID, 9)]


def test_a_file_read_in_parts_is_one_reading(present: Present) -> None:
    tag = present(make_dynamic_card())
    iso(tag, "00A4040007D276000085010100")
    iso(tag, "00A4000C02E104")

    whole, status = iso(tag, "00B0000000")
    parts = iso(tag, "00B0000010")[0] + iso(tag, "00B0001010")[0]

    assert status == "9000"
    assert (len(whole), whole[:32]) == (256, parts)


def test_selecting_the_file_again_is_another_reading(present: Present) -> None:
    tag = present(make_dynamic_card())
    iso(tag, "00A4040007D276000085010100")

    readings = set()
    for _ in range(2):
        iso(tag, "00A4000C02E104")
        readings.add(iso(tag, "00B0000000")[0])

    assert len(readings) == 2


def test_reading_the_capabilities_counts_nothing(present: Present) -> None:
    card = make_dynamic_card()
    tag = present(card)
    iso(tag, "00A4040007D276000085010100")
    iso(tag, "00A4000C02E103")

    capabilities, status = iso(tag, "00B0000000")

    assert (capabilities.hex()[:14], status) == ("001720010000ff", "9000")
    assert card.last_url is None


@pytest.mark.parametrize(
    ("apdu", "status"),
    [
        ("00A4", "6700"),
        ("00A4040007D2760000", "6700"),
        ("00A40400020000FFFF", "6700"),
        ("00A4040007D276000085010200", "6a82"),
        ("00A4000C02E104", "6a82"),
        ("00A4080002E104", "6a86"),
        ("00B0000000", "6985"),
        ("00D6000001FF", "6d00"),
        ("80CA000000", "6e00"),
        ("90F6000000", "911c"),
        ("9071000000", "917e"),
        ("907100000205FF00", "9140"),
        ("90AF000000", "911c"),
    ],
)
def test_commands_out_of_place_are_refused_by_their_status(present: Present, apdu: str, status: str) -> None:
    assert iso(present(make_dynamic_card()), apdu) == (b"", status)


def test_reading_past_the_end_of_a_file_is_refused(present: Present) -> None:
    tag = present(make_dynamic_card())
    iso(tag, "00A4040007D276000085010100")
    iso(tag, "00A4000C02E104")

    assert iso(tag, "00B0010001") == (b"", "6b00")


def test_the_version_names_the_chip(present: Present) -> None:
    tag = present(make_dynamic_card())

    hardware = native(tag, 0x60)
    software = native(tag, 0xAF)
    production = native(tag, 0xAF)

    assert (hardware[0].hex(), hardware[1]) == ("04040230001105", "91af")
    assert software[1] == "91af"
    assert (production[0][:7], production[1]) == (DYNAMIC_UID, "9100")


def test_card_and_reader_prove_a_key_to_each_other(present: Present) -> None:
    tag = present(make_keyed_card())

    secret, status = native(tag, 0x71, b"\x03\x00")
    card_challenge = aes.decrypt(EV2_KEY, secret)
    proof, done = native(tag, 0xAF, aes.encrypt(EV2_KEY, RND_A + ev2.rotated(card_challenge)))

    assert (status, done) == ("91af", "9100")
    assert aes.decrypt(EV2_KEY, proof)[4:20] == ev2.rotated(RND_A)


@pytest.mark.parametrize("proof", [bytes(32), bytes(31), b""])
def test_a_reader_without_the_key_is_refused(present: Present, proof: bytes) -> None:
    tag = present(make_keyed_card())
    native(tag, 0x71, b"\x03\x00")

    answer, status = native(tag, 0xAF, proof)

    assert answer == b""
    assert status in {"91ae", "917e"}


def test_a_challenge_is_good_for_one_proof(present: Present) -> None:
    tag = present(make_keyed_card())
    card_challenge = aes.decrypt(EV2_KEY, native(tag, 0x71, b"\x03\x00")[0])
    native(tag, 0xAF, bytes(32))

    late = native(tag, 0xAF, aes.encrypt(EV2_KEY, RND_A + ev2.rotated(card_challenge)))

    assert late == (b"", "911c")


def test_another_command_in_between_ends_an_exchange(present: Present) -> None:
    tag = present(make_keyed_card())
    card_challenge = aes.decrypt(EV2_KEY, native(tag, 0x71, b"\x03\x00")[0])
    iso(tag, "00A4040007D276000085010100")

    late = native(tag, 0xAF, aes.encrypt(EV2_KEY, RND_A + ev2.rotated(card_challenge)))

    assert late == (b"", "911c")


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_no_command_upsets_the_card(commands: list[bytes]) -> None:
    card = make_dynamic_card()

    statuses = [card._apdu(command)[-2:] for command in commands]

    assert all(len(status) == 2 for status in statuses)
