from random import Random
from uuid import UUID

import pytest

from hub.members.vault import Vault, VaultError, VaultKeys, WrappedKey, place_of

KEYS = VaultKeys("2", {"1": b"\1" * 32, "2": b"\2" * 32}, b"\3" * 32)
HERE = place_of(UUID(int=1), "phone")
PHONE = "+8614000000001"


@pytest.fixture
def vault() -> Vault:
    return Vault(KEYS, Random(1).randbytes)


def test_what_is_sealed_can_be_opened(vault: Vault) -> None:
    key, wrapped = vault.new_key()

    sealed = vault.seal(key, PHONE, HERE)

    assert vault.open(vault.unwrap(wrapped), sealed, HERE) == PHONE
    assert PHONE.encode() not in sealed


@pytest.mark.parametrize("where", [place_of(UUID(int=2), "phone"), place_of(UUID(int=1), "name")])
def test_a_field_that_was_moved_does_not_open(vault: Vault, where: str) -> None:
    key, _wrapped = vault.new_key()
    sealed = vault.seal(key, PHONE, HERE)

    with pytest.raises(VaultError):
        vault.open(key, sealed, where)


def test_a_field_under_another_key_does_not_open(vault: Vault) -> None:
    sealed = vault.seal(vault.new_key()[0], PHONE, HERE)

    with pytest.raises(VaultError):
        vault.open(vault.new_key()[0], sealed, HERE)


def test_a_changed_field_does_not_open(vault: Vault) -> None:
    key, _wrapped = vault.new_key()
    sealed = bytearray(vault.seal(key, PHONE, HERE))
    sealed[-1] ^= 1

    with pytest.raises(VaultError):
        vault.open(key, bytes(sealed), HERE)


def test_the_same_text_never_looks_the_same(vault: Vault) -> None:
    key, _wrapped = vault.new_key()

    assert vault.seal(key, PHONE, HERE) != vault.seal(key, PHONE, HERE)


def test_a_key_wrapped_before_a_rotation_still_opens(vault: Vault) -> None:
    key, wrapped = Vault(VaultKeys("1", KEYS.wrapping, KEYS.index), Random(2).randbytes).new_key()

    assert wrapped.wrapped_by == "1"
    assert vault.unwrap(wrapped) == key


@pytest.mark.parametrize("wrapped", [WrappedKey("9", b"x" * 40), WrappedKey("1", b"x" * 40), WrappedKey("", b"")])
def test_a_wrap_that_nothing_opens_is_a_clear_error(vault: Vault, wrapped: WrappedKey) -> None:
    with pytest.raises(VaultError):
        vault.unwrap(wrapped)


def test_search_finds_exactly_and_tells_columns_apart(vault: Vault) -> None:
    assert vault.index_of("phone", PHONE) == vault.index_of("phone", PHONE)
    assert vault.index_of("phone", PHONE) != vault.index_of("card", PHONE)
    assert Vault(VaultKeys("1", KEYS.wrapping, b"\4" * 32), bytes).index_of("phone", PHONE) != vault.index_of(
        "phone", PHONE
    )


def test_a_secret_opens_where_it_was_put_and_nowhere_else(vault: Vault) -> None:
    wrapped = vault.wrap_secret(b"secret" * 6, "kiosks|k-1|wrapping_key")

    assert vault.unwrap_secret(wrapped, "kiosks|k-1|wrapping_key") == b"secret" * 6
    with pytest.raises(VaultError):
        vault.unwrap_secret(wrapped, "kiosks|k-2|wrapping_key")


def test_keys_never_show_themselves() -> None:
    assert "\\x02" not in repr(KEYS)
