"""The hub's own secrets, in one file that only its owner may read: keys of personal data and of member cards.

A key-encryption key stands in it as it is, or only says where it comes from: a variable of the environment, or a key
management service that unwraps it at each start.
"""

import base64
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from devices.cards.keys import FleetKeys
from hub import kms
from hub.audit.service import AuditKey
from hub.errors import SetupError
from hub.intake import RandomBytes
from hub.kms import KeyService
from hub.members.vault import KEY_BYTES, Renewed, VaultKeys, unchanged

CARD_KEY_BYTES = 16
SYSTEM_BYTES = 8


class SecretsError(SetupError):
    """The file of secrets cannot be used, or not be made."""


class FromEnvironment(msgspec.Struct, frozen=True, tag="environment", tag_field="from"):
    """A key that stands in a variable of the environment, in base64."""

    variable: str


class FromService(msgspec.Struct, frozen=True, tag="kms", tag_field="from"):
    """A key that a key management service unwraps."""

    service: str
    wrapped: str


IndexStep = Literal["resting", "prepared", "rewriting"]
"""Nothing is being rotated; another key is there to search with; and what there is is being indexed under it."""

Kept = str | FromEnvironment | FromService
"""A key-encryption key as the file has it: itself in base64, or where it comes from."""


class _File(msgspec.Struct, omit_defaults=True):
    current: str
    wrapping: dict[str, Kept]
    index: str
    card_meta: str
    card_master: str
    card_system: str
    index_next: str | None = None
    index_old: str | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the hub alone knows. `renewed` gives other keys of the vault, once they have changed."""

    vault: VaultKeys
    cards: FleetKeys
    renewed: Renewed = field(default=unchanged, compare=False)

    @property
    def lease_key(self) -> bytes:
        """What leases are sealed with."""
        return self._derived(b"membertap leases")

    @property
    def audit_key(self) -> AuditKey:
        """What entries of the audit log are hashed under."""
        return AuditKey("1", self._derived(b"membertap audit log"))

    def _derived(self, purpose: bytes) -> bytes:
        """A key for one purpose (RFC 5869), from the one key that is never rotated. None of them tells another one."""
        derived = HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=purpose)
        return derived.derive(self.vault.digest or self.vault.index)


@dataclass(frozen=True, slots=True)
class Sources:
    """Where keys come from that do not stand in the file."""

    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    service: Callable[[str], KeyService] = kms.service


SOURCES = Sources()


def read(path: Path, sources: Sources = SOURCES) -> Secrets:
    """Read the secrets.

    Raises:
        SecretsError: if it is not there, others may read it too, or it is damaged, or a key is not where it should be.
        KeyServiceError: if a key management service is not installed.
    """
    mark, content = _mark(path) if path.exists() else (0, 0), _load(path)
    try:
        wrapping = {name: _opened(kept, sources) for name, kept in content.wrapping.items()}
        others = [_key(key, KEY_BYTES) for key in (content.index_next, content.index_old) if key is not None]
        index, digest = _key(content.index, KEY_BYTES), _key(content.digest or content.index, KEY_BYTES)
        vault = VaultKeys(content.current, wrapping, index, tuple(others), digest)
        cards = FleetKeys(
            meta=_key(content.card_meta, CARD_KEY_BYTES),
            master=_key(content.card_master, CARD_KEY_BYTES),
            system=_key(content.card_system, SYSTEM_BYTES),
        )
    except ValueError:
        # What is wrong with it might quote it, so the cause is not shown.
        raise SecretsError(f"{path.name} is damaged; restore it from its copy") from None
    if vault.current not in wrapping:
        raise SecretsError(f"{path.name} lacks the key in use, {vault.current}; restore it from its copy")
    return Secrets(vault, cards, Watch(path, sources, mark))


def _load(path: Path) -> _File:
    if not path.exists():
        raise SecretsError(f"{path.name} is not there; restore it from its copy, or draw new secrets for a new hub")
    if path.stat().st_mode & 0o077:
        raise SecretsError(f"{path.name} may be read by others; give it mode 600")
    try:
        return msgspec.json.decode(path.read_bytes(), type=_File)
    except msgspec.DecodeError:
        raise SecretsError(f"{path.name} is damaged; restore it from its copy") from None


def _opened(kept: Kept, sources: Sources) -> bytes:
    match kept:
        case FromEnvironment(variable):
            if variable not in sources.environment:
                raise SecretsError(f"the environment has no {variable}, which holds a key")
            return _key(sources.environment[variable], KEY_BYTES)
        case FromService(service, wrapped):
            return _sized(sources.service(service).unwrap(base64.b64decode(wrapped, validate=True)), KEY_BYTES)
        case str():
            return _key(kept, KEY_BYTES)


def _key(text: str, size: int) -> bytes:
    return _sized(base64.b64decode(text, validate=True), size)


def _sized(key: bytes, size: int) -> bytes:
    if len(key) != size:
        raise ValueError(f"a key of {len(key)} bytes instead of {size}")
    return key


def create(path: Path, random_bytes: RandomBytes) -> Secrets:
    """Draw new secrets and write them.

    Raises:
        SecretsError: if there is such a file already; it is never overwritten.
    """
    draw = [base64.b64encode(random_bytes(KEY_BYTES)).decode() for _ in range(3)]
    card = [base64.b64encode(random_bytes(size)).decode() for size in (CARD_KEY_BYTES, CARD_KEY_BYTES, SYSTEM_BYTES)]
    meta, master, system = card
    content = _File("1", {"1": draw[0]}, draw[1], meta, master, system, digest=draw[2])
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise SecretsError(f"{path.name} exists already; without it no personal data can be read again") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(_encoded(content))
    return read(path)


def add_key(path: Path, into: str, random_bytes: RandomBytes, sources: Sources = SOURCES) -> str:
    """Have everything be wrapped by a new key-encryption key from now on; its name. The old ones stay.

    `into` says where the new key is to be kept: `file`, `environment:VARIABLE`, where it must stand already, or
    `kms:SERVICE`.

    Raises:
        SecretsError: if the environment lacks the variable, or there is no such place.
    """
    content = _load(path)
    name = str(max(int(each) for each in content.wrapping) + 1)
    place, _colon, which = into.partition(":")
    kept: Kept
    match place:
        case "file":
            kept = base64.b64encode(random_bytes(KEY_BYTES)).decode()
        case "environment":
            kept = FromEnvironment(which)
        case "kms":
            wrapped = sources.service(which).wrap(random_bytes(KEY_BYTES))
            kept = FromService(which, base64.b64encode(wrapped).decode())
        case _:
            raise SecretsError(f"a key is kept in `file`, `environment:VARIABLE` or `kms:SERVICE`, not in {into}")
    _opened(kept, sources)
    content.current, content.wrapping = name, {**content.wrapping, name: kept}
    _replace(path, content)
    return name


def names(path: Path) -> tuple[str, list[str]]:
    """The name of the key-encryption key in use, and those of older ones."""
    content = _load(path)
    return content.current, sorted(content.wrapping.keys() - {content.current})


def drop_old_keys(path: Path) -> None:
    """Have only the key-encryption key in use be left. Whatever an older one wraps cannot be opened any more."""
    content = _load(path)
    content.wrapping = {content.current: content.wrapping[content.current]}
    _replace(path, content)


def index_step(path: Path) -> IndexStep:
    """How far the rotation of the index key is."""
    content = _load(path)
    return "rewriting" if content.index_old else "prepared" if content.index_next else "resting"


def prepare_index_key(path: Path, random_bytes: RandomBytes) -> None:
    """Draw another index key. Until it is taken into use, nothing but searches knows it.

    What only digests are compared with was hashed under the first index key, where there was no key of its own yet:
    that one stays for it.
    """
    content = _load(path)
    content.digest = content.digest or content.index
    content.index_next = base64.b64encode(random_bytes(KEY_BYTES)).decode()
    _replace(path, content)


def take_index_key(path: Path) -> None:
    """Have everything be indexed under the key that was prepared; what is under the old one is still found."""
    content = _load(path)
    if content.index_next is None:
        raise SecretsError("no index key was prepared")
    content.index, content.index_old, content.index_next = content.index_next, content.index, None
    _replace(path, content)


def drop_old_index_key(path: Path) -> None:
    """Forget the old index key. What is still indexed under it is not found any more."""
    content = _load(path)
    content.index_old = None
    _replace(path, content)


@dataclass(slots=True)
class Watch:
    """Tells of new keys: a process that runs while they are rotated must not go on wrapping with the old one."""

    path: Path
    sources: Sources = SOURCES
    seen: tuple[int, int] = (0, 0)
    _keys: VaultKeys | None = None

    def __call__(self) -> VaultKeys | None:
        """The keys of the file as it is now; None as long as it is the one that was read first."""
        mark = _mark(self.path)
        if mark != self.seen:
            self._keys = read(self.path, self.sources).vault
            self.seen = mark
        return self._keys


def _mark(path: Path) -> tuple[int, int]:
    state = path.stat()
    return state.st_ino, state.st_mtime_ns


def _encoded(content: _File) -> bytes:
    return msgspec.json.format(msgspec.json.encode(content))


def _replace(path: Path, content: _File) -> None:
    # Whoever reads meanwhile gets the old file or the new one, and so does whoever starts after a loss of power.
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(_encoded(content))
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
