"""The hub's own secrets, in one file that only its owner may read: keys of personal data and of member cards."""

import base64
import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from devices.cards.keys import FleetKeys
from hub.intake import RandomBytes
from hub.members.vault import KEY_BYTES, VaultKeys

CARD_KEY_BYTES = 16
SYSTEM_BYTES = 8


class SecretsError(Exception):
    """The file of secrets cannot be used. Not retryable."""


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
        SecretsError: if others may read the file too, or it is damaged.
    """
    if path.stat().st_mode & 0o077:
        raise SecretsError(f"{path.name} may be read by others; give it mode 600")
    try:
        content = msgspec.json.decode(path.read_bytes(), type=_File)
        wrapping = {name: base64.b64decode(key) for name, key in content.wrapping.items()}
        vault = VaultKeys(content.current, wrapping, base64.b64decode(content.index))
        cards = FleetKeys(
            meta=base64.b64decode(content.card_meta),
            master=base64.b64decode(content.card_master),
            system=base64.b64decode(content.card_system),
        )
    except (msgspec.DecodeError, ValueError) as error:
        raise SecretsError(f"{path.name} is not a file of secrets") from error
    return Secrets(vault, cards)


def create(path: Path, random_bytes: RandomBytes) -> Secrets:
    """Draw new secrets and write them; an existing file is never overwritten."""
    draw = [base64.b64encode(random_bytes(size)).decode() for size in (KEY_BYTES, KEY_BYTES)]
    card = [base64.b64encode(random_bytes(size)).decode() for size in (CARD_KEY_BYTES, CARD_KEY_BYTES, SYSTEM_BYTES)]
    content = _File("1", {"1": draw[0]}, draw[1], *card)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(content)))
    return read(path)
