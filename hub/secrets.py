"""The hub's own secrets, in one file that only its owner may read: keys of personal data and of member cards."""

import base64
import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from devices.cards.keys import FleetKeys
from hub.errors import SetupError
from hub.intake import RandomBytes
from hub.members.vault import KEY_BYTES, VaultKeys

CARD_KEY_BYTES = 16
SYSTEM_BYTES = 8


class SecretsError(SetupError):
    """The file of secrets cannot be used, or not be made."""


class _File(msgspec.Struct):
    current: str
    wrapping: dict[str, str]
    index: str
    card_meta: str
    card_master: str
    card_system: str


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the hub alone knows."""

    vault: VaultKeys
    cards: FleetKeys


def read(path: Path) -> Secrets:
    """Read the secrets.

    Raises:
        SecretsError: if it is not there, others may read it too, or it is damaged.
    """
    if not path.exists():
        raise SecretsError(f"{path.name} is not there; restore it from its copy, or draw new secrets for a new hub")
    if path.stat().st_mode & 0o077:
        raise SecretsError(f"{path.name} may be read by others; give it mode 600")
    try:
        content = msgspec.json.decode(path.read_bytes(), type=_File)
        wrapping = {name: _key(key, KEY_BYTES) for name, key in content.wrapping.items()}
        vault = VaultKeys(content.current, wrapping, _key(content.index, KEY_BYTES))
        cards = FleetKeys(
            meta=_key(content.card_meta, CARD_KEY_BYTES),
            master=_key(content.card_master, CARD_KEY_BYTES),
            system=_key(content.card_system, SYSTEM_BYTES),
        )
    except (msgspec.DecodeError, ValueError):
        # What is wrong with it might quote it, so the cause is not shown.
        raise SecretsError(f"{path.name} is damaged; restore it from its copy") from None
    if vault.current not in wrapping:
        raise SecretsError(f"{path.name} lacks the key in use, {vault.current}; restore it from its copy")
    return Secrets(vault, cards)


def _key(text: str, size: int) -> bytes:
    key = base64.b64decode(text, validate=True)
    if len(key) != size:
        raise ValueError(f"a key of {len(key)} bytes instead of {size}")
    return key


def create(path: Path, random_bytes: RandomBytes) -> Secrets:
    """Draw new secrets and write them.

    Raises:
        SecretsError: if there is such a file already; it is never overwritten.
    """
    draw = [base64.b64encode(random_bytes(size)).decode() for size in (KEY_BYTES, KEY_BYTES)]
    card = [base64.b64encode(random_bytes(size)).decode() for size in (CARD_KEY_BYTES, CARD_KEY_BYTES, SYSTEM_BYTES)]
    content = _File("1", {"1": draw[0]}, draw[1], *card)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise SecretsError(f"{path.name} exists already; without it no personal data can be read again") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(content)))
    return read(path)
