import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from hypothesis import given
from hypothesis import strategies as st

from devices.cards.keys import FleetKeys, diversify

MASTER = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
OTHER = bytes.fromhex("0F1E2D3C4B5A69788796A5B4C3D2E1F0")
UID = bytes.fromhex("04782E21801D80")


def make_fleet(*, meta: bytes = OTHER, master: bytes = MASTER, system: bytes = b"chain-1") -> FleetKeys:
    return FleetKeys(meta=meta, master=master, system=system)


def test_diversification_gives_the_published_key() -> None:
    key = diversify(MASTER, bytes.fromhex("04782E21801D803042F54E585020416275"))

    assert key.hex().upper() == "A8DD63A3B89D54B37CA802473FDA9175"


@given(st.binary(min_size=16, max_size=16).filter(any), st.binary(min_size=16, max_size=31))
def test_diversification_is_the_cmac_over_thirty_two_bytes(master: bytes, diversification: bytes) -> None:
    assert diversify(master, diversification) == cmac_over_32_bytes(master, b"\x01" + diversification)


@pytest.mark.parametrize("size", [0, 15, 32])
def test_an_input_that_the_two_cmacs_would_not_agree_on_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="16 to 31 bytes"):
        diversify(MASTER, bytes(size))


@pytest.mark.parametrize("master", [bytes(16), b"", bytes(15), MASTER + b"\x00"])
def test_a_master_that_is_no_secret_is_refused(master: bytes) -> None:
    with pytest.raises(ValueError, match=r"all-zero|16 bytes"):
        diversify(master, bytes(16))


def test_a_fleet_refuses_factory_keys() -> None:
    with pytest.raises(ValueError, match="all-zero"):
        make_fleet(master=bytes(16))
    with pytest.raises(ValueError, match="all-zero"):
        make_fleet(meta=bytes(16))


@pytest.mark.parametrize("system", [b"", b"four", b"x" * 21])
def test_a_fleet_refuses_a_name_that_does_not_fit(system: bytes) -> None:
    with pytest.raises(ValueError, match="5 to 20 bytes"):
        make_fleet(system=system)


def test_each_card_and_each_chain_has_its_own_file_key() -> None:
    keys = {
        make_fleet().of_card(UID).file,
        make_fleet().of_card(bytes.fromhex("04782E21801D81")).file,
        make_fleet(system=b"chain-2").of_card(UID).file,
        make_fleet(master=OTHER).of_card(UID).file,
    }

    assert len(keys) == 4
    assert make_fleet().of_card(UID).meta == OTHER


def test_keys_do_not_show_themselves_in_logs() -> None:
    fleet = make_fleet()

    shown = repr(fleet) + repr(fleet.of_card(UID))

    assert repr(MASTER) not in shown
    assert repr(OTHER) not in shown
    assert repr(fleet.of_card(UID).file) not in shown


def cmac_over_32_bytes(key: bytes, message: bytes) -> bytes:
    """AN10922 written out by hand: always two blocks, padded when there is room, chained, the last one returned."""
    zero = int.from_bytes(cbc(key, bytes(16)), "big")
    whole = doubled(zero)
    mask = whole if len(message) == 32 else doubled(whole)
    padded = message if len(message) == 32 else (message + b"\x80").ljust(32, b"\0")
    last = int.from_bytes(padded[16:], "big") ^ mask
    return cbc(key, padded[:16] + last.to_bytes(16, "big"))[16:]


def doubled(value: int) -> int:
    return (value << 1 & (1 << 128) - 1) ^ (0x87 if value >> 127 else 0)


def cbc(key: bytes, plain: bytes) -> bytes:
    return Cipher(AES(key), CBC(bytes(16))).encryptor().update(plain)
