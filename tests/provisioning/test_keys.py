import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis.strategies import DataObject, binary, data, integers

from provisioning import keys

KEY = keys.seeded_key(bytes(range(keys.SEED_BYTES)))
OTHER = keys.seeded_key(bytes(keys.SEED_BYTES))


@given(content=binary(max_size=300))
def test_signature_fits_what_was_signed(content: bytes) -> None:
    signature = keys.sign(KEY, content)

    assert keys.is_signed(KEY.public_key(), content, signature)
    assert not keys.is_signed(OTHER.public_key(), content, signature)


@given(content=binary(min_size=1, max_size=300), draw=data(), bit=integers(0, 7))
def test_one_changed_bit_of_what_was_signed_is_noticed(content: bytes, draw: DataObject, bit: int) -> None:
    place = draw.draw(integers(0, len(content) - 1))
    changed = bytearray(content)
    changed[place] ^= 1 << bit

    assert not keys.is_signed(KEY.public_key(), bytes(changed), keys.sign(KEY, content))


def test_one_changed_bit_of_the_signature_is_noticed() -> None:
    signature = base64.b64decode(keys.sign(KEY, b"content"))

    for place in range(len(signature)):
        changed = bytearray(signature)
        changed[place] ^= 1
        assert not keys.is_signed(KEY.public_key(), b"content", base64.b64encode(changed).decode())


def test_lengthened_and_shortened_content_is_noticed() -> None:
    signature = keys.sign(KEY, b"content")

    assert not keys.is_signed(KEY.public_key(), b"content ", signature)
    assert not keys.is_signed(KEY.public_key(), b"conten", signature)


@pytest.mark.parametrize("signature", ["", "????", "abc", "签名", "AAAA", base64.b64encode(bytes(72)).decode()])
def test_what_is_no_signature_does_not_fit(signature: str) -> None:
    assert not keys.is_signed(KEY.public_key(), b"content", signature)


def test_signature_repeats() -> None:
    assert keys.sign(KEY, b"content") == keys.sign(KEY, b"content")


def test_seed_gives_its_key_for_ever() -> None:
    again = keys.seeded_key(bytes(range(keys.SEED_BYTES)))

    assert again.private_numbers() == KEY.private_numbers()
    assert KEY.private_numbers().private_value == int.from_bytes(bytes(range(keys.SEED_BYTES)), "big") // 2 + 1


@pytest.mark.parametrize("seed", [bytes(keys.SEED_BYTES), b"\xff" * keys.SEED_BYTES])
def test_outermost_seeds_give_working_keys(seed: bytes) -> None:
    key = keys.seeded_key(seed)

    assert keys.is_signed(key.public_key(), b"content", keys.sign(key, b"content"))


@pytest.mark.parametrize("length", [0, keys.SEED_BYTES - 1, keys.SEED_BYTES + 1])
def test_seed_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        keys.seeded_key(bytes(length))


def test_new_keys_differ_and_lie_on_p256() -> None:
    first, second = keys.new_key(), keys.new_key()

    assert keys.public_der(first) != keys.public_der(second)
    assert isinstance(first.curve, SECP256R1)


def test_public_key_is_read_back() -> None:
    public = keys.load_public(keys.public_der(KEY))

    assert public.public_numbers() == KEY.public_key().public_numbers()
    assert keys.is_signed(public, b"content", keys.sign(KEY, b"content"))


def test_key_of_another_kind_is_refused() -> None:
    der = (
        Ed25519PrivateKey.generate()
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )

    with pytest.raises(TypeError, match="P-256"):
        keys.load_public(der)


def test_key_on_another_curve_is_refused() -> None:
    der = keys.public_der(generate_private_key(SECP384R1()))

    with pytest.raises(TypeError, match="P-256"):
        keys.load_public(der)


@pytest.mark.parametrize("der", [b"", b"no key", bytes(91)])
def test_what_is_no_key_is_refused(der: bytes) -> None:
    with pytest.raises(ValueError, match="key"):
        keys.load_public(der)
