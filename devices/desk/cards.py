"""The cards file of a desk: which cards lie on it, and what is on them. JSON, with one object for each card.

Every card has a `technology`, a `name` (for the command line), a `label` by language and, if wished, a `note`:

    {"format": 1, "cards": [
      {"technology": "ntag424", "name": "lin", "label": {"zh": "林", "en": "Lin"}, "design": "gold",
       "uid": "04a1b2c3d4e5f6", "url": "https://m.example/t?e={e}&c={c}",
       "meta_key": "<32 hex digits>", "file_key": "<32 hex digits>", "counter": 0},
      {"technology": "ntag21x", "name": "wang", "label": {"zh": "王", "en": "Wang"}, "design": "silver",
       "uid": "04112233445566", "url": "https://m.example/c/M000123456"},
      {"technology": "copy", "name": "copied", "label": {"zh": "复制卡", "en": "Copy"}, "of": "lin"},
      {"technology": "torn", "name": "hasty", "label": {"zh": "一碰就走", "en": "Too quick"}, "of": "lin", "frames": 9},
      {"technology": "bank", "name": "bank", "label": {"zh": "银行卡", "en": "Bank card"}},
      {"technology": "classic", "name": "access", "label": {"zh": "门禁卡", "en": "Access card"}},
      {"technology": "phone", "name": "phone", "label": {"zh": "手机", "en": "Phone"}}]}

It holds card keys, so only its owner may read it.
"""

import os
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from devices.cards.technology import Technology
from devices.desk.errors import DeskError
from protocol.values import Texts, Token, Url

CARDS_MAX = 200
TORN_FRAMES = 8
"""A card that leaves after so many frames has been found, and has not been read."""

Uid = Annotated[str, Meta(pattern="^[0-9a-f]{14}$")]
KeyHex = Annotated[str, Meta(pattern="^[0-9a-fA-F]{32}$")]
Design = Literal["plain", "silver", "gold", "diamond", "blank"]
"""How a card looks: the four tiers in rising order, and one with nothing printed on it."""


class _Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="technology"):
    name: Token
    label: Texts
    note: Texts = {}


class DynamicEntry(_Entry, frozen=True, kw_only=True, tag=Technology.NTAG424.value):
    """An NTAG 424 DNA. `url` has `{e}` and `{c}` in it; `counter` is where it starts when the desk has no memory."""

    uid: Uid
    url: Annotated[Url, Meta(pattern=r"^https://[^{}]+\?e=\{e\}&c=\{c\}$")]
    meta_key: KeyHex
    file_key: KeyHex
    counter: Annotated[int, Meta(ge=0, le=16_000_000)] = 0
    design: Design = "plain"


class StaticEntry(_Entry, frozen=True, kw_only=True, tag=Technology.NTAG21X.value):
    """An NTAG216 with a URL that never changes."""

    uid: Uid
    url: Url
    design: Design = "plain"


class CopyEntry(_Entry, frozen=True, kw_only=True, tag="copy"):
    """A cloned chip, with the UID of a dynamic card and the URL that it said last."""

    of: Token


class TornEntry(_Entry, frozen=True, kw_only=True, tag="torn"):
    """Another card of the file, taken away in mid-reading."""

    of: Token
    frames: Annotated[int, Meta(ge=1, le=50)] = TORN_FRAMES


class BankEntry(_Entry, frozen=True, kw_only=True, tag="bank"):
    """A payment card."""


class ClassicEntry(_Entry, frozen=True, kw_only=True, tag="classic"):
    """An older access or transport card (MIFARE Classic)."""


class PhoneEntry(_Entry, frozen=True, kw_only=True, tag="phone"):
    """A phone with its wallet open."""


Entry: TypeAlias = DynamicEntry | StaticEntry | CopyEntry | TornEntry | BankEntry | ClassicEntry | PhoneEntry


class CardsFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that lies on a desk, in the order in which it is shown."""

    format: Literal[1] = 1
    cards: Annotated[tuple[Entry, ...], Meta(max_length=CARDS_MAX)]


def load(path: Path) -> CardsFile:
    """Read and check a cards file.

    Raises:
        DeskError: with a sentence that says what is wrong and where.
    """
    try:
        file = msgspec.json.decode(path.read_bytes(), type=CardsFile)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DeskError(f"The cards file {path} cannot be used: {error}") from error
    _check(file, path)
    return file


def save(file: CardsFile, path: Path) -> None:
    """Write a cards file that only its owner can read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        os.fchmod(descriptor, 0o600)
        stream.write(msgspec.json.format(msgspec.json.encode(file)) + b"\n")


def odd_cards(model: DynamicEntry, *, unknown_url: str) -> tuple[Entry, ...]:
    """Cards that should be refused, each with its reason: to lie beside the members' cards on a demonstration desk.

    `model` is the card that is copied and torn; `unknown_url` is a static card's URL that nobody has registered.
    """
    unknown_uid = f"{int(model.uid, 16) ^ 0xFFFF_FFFF:014x}"
    return (
        StaticEntry(
            name="unknown",
            label={"zh": "空白新卡", "en": "Blank card"},
            note={"zh": "还没有登记", "en": "Not registered yet"},
            uid=unknown_uid,
            url=unknown_url,
            design="blank",
        ),
        TornEntry(
            name="torn",
            label={"zh": "一碰就走", "en": "Gone too soon"},
            note={"zh": "读到一半就移开", "en": "Taken away while being read"},
            of=model.name,
        ),
        CopyEntry(
            name="copied",
            label={"zh": "复制的卡", "en": "Copied card"},
            note={"zh": "重放上一次的验证码", "en": "Replays the last dynamic URL"},
            of=model.name,
        ),
        BankEntry(name="bank", label={"zh": "银行卡", "en": "Bank card"}),
        ClassicEntry(name="access", label={"zh": "门禁卡", "en": "Access card"}),
        PhoneEntry(name="phone", label={"zh": "手机", "en": "Phone"}),
    )


def _check(file: CardsFile, path: Path) -> None:
    """Check what no single card can know: that names are not given twice, and lead to a card that fits."""
    kinds = {entry.name: type(entry) for entry in file.cards}
    if len(kinds) < len(file.cards):
        raise DeskError(f"The cards file {path} gives a name twice.")
    for entry in file.cards:
        fits = (DynamicEntry,) if isinstance(entry, CopyEntry) else (DynamicEntry, StaticEntry)
        if isinstance(entry, CopyEntry | TornEntry) and kinds.get(entry.of) not in fits:
            raise DeskError(f"In the cards file {path}, {entry.name!r} is of {entry.of!r}, which is no card that fits.")
