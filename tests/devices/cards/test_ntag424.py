import hashlib
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from devices.cards import aes, ntag424
from devices.cards.keys import CardKeys, FleetKeys
from devices.cards.ntag424 import COUNTER_MAX, Message, Tap
from protocol.errors import ErrorCode

FLEET = FleetKeys(
    meta=bytes.fromhex("5ACE7E50AB65D5D51FD5BF5A16B8205B"),
    master=bytes.fromhex("00112233445566778899AABBCCDDEEFF"),
    system=b"chain-1",
)
TAP = Tap(bytes.fromhex("04C767F2066180"), 61)
FACTORY = CardKeys(meta=bytes(16), file=bytes(16))
URL = "https://m.example/t?e=EF963FF7828658A599F3041510671E88&c=94EED9EE65337086"


def make_message(tap: Tap = TAP, *, fleet: FleetKeys = FLEET, padding: bytes = b"noise") -> Message:
    return ntag424.compose(fleet.of_card(tap.uid), tap, padding)


def flipped(data: bytes, bit: int) -> bytes:
    return (int.from_bytes(data, "big") ^ 1 << bit).to_bytes(len(data), "big")


# Session keys: NXP AN12196, table 1. The first derivation is the one for enciphered files, which no card of ours has.
@pytest.mark.parametrize(
    ("vector", "session_key"),
    [
        ("C33C0001008004C767F2066180010000", "66DA61797E23DECA5D8ECA13BBADF7A9"),
        ("3CC30001008004C767F2066180010000", "3A3E8110E05311F7A3FCF0D969BF2B48"),
    ],
)
def test_session_vectors_give_the_published_keys(vector: str, session_key: str) -> None:
    key = bytes.fromhex("5ACE7E50AB65D5D51FD5BF5A16B8205B")

    assert aes.cmac(key, bytes.fromhex(vector)).hex().upper() == session_key


@pytest.mark.parametrize(
    ("file_key", "tap", "session_key"),
    [
        (
            "5ACE7E50AB65D5D51FD5BF5A16B8205B",
            Tap(bytes.fromhex("04C767F2066180"), 1),
            "3A3E8110E05311F7A3FCF0D969BF2B48",
        ),
        ("00" * 16, Tap(bytes.fromhex("04DE5F1EACC040"), 61), "3FB5F6E3A807A03D5E3570ACE393776F"),
    ],
)
def test_each_tap_has_the_published_session_key(file_key: str, tap: Tap, session_key: str) -> None:
    assert ntag424.session_mac_key(bytes.fromhex(file_key), tap).hex().upper() == session_key


def test_the_published_url_says_what_was_published() -> None:
    message = ntag424.parse(URL)

    assert message is not None
    assert aes.decrypt(bytes(16), message.picc).hex().upper() == "C704DE5F1EACC0403D0000DA5CF60941"
    assert ntag424.dynamic_mac(bytes(16), Tap(bytes.fromhex("04DE5F1EACC040"), 61)) == message.mac


def test_a_card_composes_the_published_url() -> None:
    tap = Tap(bytes.fromhex("04DE5F1EACC040"), 61)

    assert ntag424.compose(FACTORY, tap, bytes.fromhex("DA5CF60941")) == ntag424.parse(URL)


def test_a_card_of_the_fleet_is_recognised() -> None:
    assert ntag424.verify(make_message(), FLEET) == TAP


@given(
    uid=st.binary(min_size=7, max_size=7),
    counter=st.integers(0, COUNTER_MAX),
    padding=st.binary(min_size=5, max_size=5),
)
def test_every_card_and_counter_is_recognised(uid: bytes, counter: int, padding: bytes) -> None:
    tap = Tap(uid, counter)

    assert ntag424.verify(make_message(tap, padding=padding), FLEET) == tap


@pytest.mark.parametrize("bit", range(128))
def test_picc_data_with_one_bit_changed_is_refused(bit: int) -> None:
    message = make_message()

    tampered = replace(message, picc=flipped(message.picc, bit))

    assert ntag424.verify(tampered, FLEET) is ErrorCode.CARD_INVALID


@pytest.mark.parametrize("bit", range(64))
def test_a_mac_with_one_bit_changed_is_refused(bit: int) -> None:
    message = make_message()

    tampered = replace(message, mac=flipped(message.mac, bit))

    assert ntag424.verify(tampered, FLEET) is ErrorCode.CARD_INVALID


@pytest.mark.parametrize("tag", [0x00, 0x87, 0x47, 0xC4, 0xCA, 0xD7, 0xFF])
def test_a_card_that_mirrors_something_else_is_refused(tag: int) -> None:
    keys = FLEET.of_card(TAP.uid)
    plain = bytes([tag]) + TAP.uid + TAP.counter.to_bytes(3, "little") + b"noise"

    message = Message(aes.encrypt(keys.meta, plain), ntag424.dynamic_mac(keys.file, TAP))

    assert ntag424.verify(message, FLEET) is ErrorCode.CARD_INVALID


@pytest.mark.parametrize(
    "foreign",
    [replace(FLEET, meta=bytes(range(16))), replace(FLEET, master=bytes(range(16))), replace(FLEET, system=b"chain-2")],
)
def test_a_card_of_another_fleet_is_refused(foreign: FleetKeys) -> None:
    assert ntag424.verify(make_message(fleet=foreign), FLEET) is ErrorCode.CARD_INVALID


def test_the_mac_of_another_tap_is_refused() -> None:
    later = make_message(replace(TAP, counter=62))

    assert ntag424.verify(replace(make_message(), mac=later.mac), FLEET) is ErrorCode.CARD_INVALID


def test_padding_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="5 bytes"):
        make_message(padding=b"four")


def test_hexadecimal_of_either_case_is_read() -> None:
    upper = ntag424.parse(URL)

    assert upper is not None
    assert ntag424.parse(URL.replace("EF963FF7828658A599F3041510671E88", "ef963ff7828658a599F3041510671E88")) == upper


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://m.example/t",
        "https://m.example/c/M000123456",
        URL.replace("https", "http"),
        URL.replace("https://", ""),
        URL.replace("m.example/t", ""),
        URL.replace("e=", "E="),
        URL + "0",
        URL[:-1],
        URL + "&x=1",
        URL + "#top",
        URL + "\n",
        " " + URL,
        URL.replace("?", "?x=1&"),
        URL.replace("&", "&amp;"),
        URL.replace("94EE", "94EG"),
        URL.replace("94EE", "９４EE"),
        URL.replace("94EE", "94%45"),
        URL.replace("m.example", "m.example?" + "e" * 40),
        "https://m.example/t?c=94EED9EE65337086&e=EF963FF7828658A599F3041510671E88",
        URL.replace("/t", "/t" * 300),
    ],
)
def test_anything_but_a_dynamic_url_is_not_taken_for_one(url: str) -> None:
    assert ntag424.parse(url) is None


@given(st.text())
@example("https://[/?e=")
@example("https://\ud800?e=&c=")
def test_rubbish_is_never_more_than_refused(rubbish: str) -> None:
    assert ntag424.parse(rubbish) is None
    assert ntag424.parse(f"https://m.example/{rubbish}?e={rubbish}&c={rubbish}") is None


@given(picc=st.binary(min_size=16, max_size=16), mac=st.binary(min_size=8, max_size=8))
def test_what_a_card_sends_is_what_is_read(picc: bytes, mac: bytes) -> None:
    assert ntag424.parse(f"https://m.example/t?e={picc.hex()}&c={mac.hex().upper()}") == Message(picc, mac)


def test_verifiers_recognise_the_next_readings_in_order() -> None:
    keys = FLEET.of_card(TAP.uid)

    ahead = ntag424.verifiers(keys, TAP, count=64, salt=b"salt")

    assert len(set(ahead)) == 64
    for step, expected in enumerate(ahead, start=1):
        mac = make_message(replace(TAP, counter=TAP.counter + step)).mac
        assert ntag424.verifier(mac, b"salt") == expected


def test_verifiers_do_not_recognise_what_was_seen_nor_another_salt() -> None:
    ahead = ntag424.verifiers(FLEET.of_card(TAP.uid), TAP, count=64, salt=b"salt")

    assert ntag424.verifier(make_message().mac, b"salt") not in ahead
    assert ntag424.verifier(make_message(replace(TAP, counter=62)).mac, b"other") not in ahead


def test_a_verifier_is_a_salted_digest_and_not_the_mac() -> None:
    mac = make_message().mac

    assert ntag424.verifier(mac, b"salt") == hashlib.sha256(b"salt" + mac).digest()


def test_verifiers_end_where_the_counter_ends() -> None:
    last = replace(TAP, counter=COUNTER_MAX - 2)

    assert len(ntag424.verifiers(FLEET.of_card(TAP.uid), last, count=64, salt=b"salt")) == 2


def test_a_message_does_not_show_itself_in_logs() -> None:
    message = make_message()

    assert repr(message.mac) not in repr(message)
    assert repr(message.picc) not in repr(message)
