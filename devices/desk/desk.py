"""The desk itself: turns the entries of a cards file into software cards, and lays them on an antenna."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from devices.cards.keys import FILE_KEY_NUMBER, META_KEY_NUMBER
from devices.desk.cards import (
    BankEntry,
    CardsFile,
    ClassicEntry,
    CopyEntry,
    DynamicEntry,
    Entry,
    PhoneEntry,
    StaticEntry,
    TornEntry,
)
from devices.desk.counters import CounterFile
from devices.desk.errors import CardError, Problem
from devices.stand_ins import ndef
from devices.stand_ins.field import Card, Field
from devices.stand_ins.foreign import BankCard, MifareClassicCard, Phone
from devices.stand_ins.ntag21x import Model, Ntag21xCard
from devices.stand_ins.ntag424 import Ntag424Card

_BANK_UID = bytes.fromhex("2a6f91c4")
_CLASSIC_UID = bytes.fromhex("5bd07e13")


@dataclass(frozen=True, slots=True)
class Laid:
    """One time that a card was laid down. `number` grows with each."""

    number: int
    name: str


class Desk:
    """Cards by name, at most one of them on the antenna. For one thread."""

    def __init__(
        self, file: CardsFile, field: Field, *, counters: CounterFile, random_bytes: Callable[[int], bytes]
    ) -> None:
        self.entries: dict[str, Entry] = {entry.name: entry for entry in file.cards}
        self._field = field
        self._random_bytes = random_bytes
        dynamic = [entry for entry in file.cards if isinstance(entry, DynamicEntry)]
        self._counters = {entry.name: counters.counter(entry.uid, after=entry.counter) for entry in dynamic}
        self._dynamic = {entry.name: self._dynamic_card(entry) for entry in dynamic}
        self._laid: Laid | None = None

    @property
    def on_antenna(self) -> Laid | None:
        """What lies on the antenna now."""
        return None if self._field.card is None else self._laid

    def can_copy(self, entry: CopyEntry) -> bool:
        """Tell whether the card to be copied has said anything yet."""
        return self._dynamic[entry.of].last_url is not None

    def lay(self, name: str) -> Laid:
        """Lay a card on the antenna, instead of one that lies there.

        Raises:
            CardError: there is no such card, or it is a copy of a card that has not been read yet.
        """
        entry = self.entries.get(name)
        if entry is None:
            raise CardError(Problem.NAME_UNKNOWN, f"There is no card named {name!r} on this desk.")
        card = self._card(entry)
        self._laid = Laid(self._laid.number + 1 if self._laid else 1, name)
        self._field.place(card, leaves_after_frames=entry.frames if isinstance(entry, TornEntry) else None)
        return self._laid

    def lift(self, number: int | None = None) -> None:
        """Take the card away; if a number is given, only if it is still that laying."""
        if number is None or (self._laid is not None and self._laid.number == number):
            self._field.remove()

    def _card(self, entry: Entry) -> Card:
        match entry:
            case DynamicEntry():
                self._counters[entry.name].prepare()
                return self._dynamic[entry.name]
            case StaticEntry():
                return _static_card(entry.uid, entry.url)
            case CopyEntry():
                return self._copy(entry)
            case TornEntry():
                return self._card(self.entries[entry.of])
            case _:
                return self._foreign_card(entry)

    def _foreign_card(self, entry: BankEntry | ClassicEntry | PhoneEntry) -> Card:
        match entry:
            case BankEntry():
                return BankCard(_BANK_UID)
            case ClassicEntry():
                return MifareClassicCard(_CLASSIC_UID)
            case PhoneEntry():
                return Phone(self._random_bytes)
            case _:
                assert_never(entry)

    def _dynamic_card(self, entry: DynamicEntry) -> Ntag424Card:
        return Ntag424Card(
            bytes.fromhex(entry.uid),
            entry.url,
            keys={META_KEY_NUMBER: bytes.fromhex(entry.meta_key), FILE_KEY_NUMBER: bytes.fromhex(entry.file_key)},
            counter=self._counters[entry.name],
            random_bytes=self._random_bytes,
        )

    def _copy(self, entry: CopyEntry) -> Ntag21xCard:
        original = self._dynamic[entry.of]
        if original.last_url is None:
            raise CardError(Problem.NOTHING_TO_COPY, f"Tap {entry.of!r} first: then there is something to copy.")
        return _static_card(original.uid.hex(), original.last_url)


def _static_card(uid: str, url: str) -> Ntag21xCard:
    return Ntag21xCard(bytes.fromhex(uid), ndef.url_message(url), model=Model.NTAG216)
