"""Cards and fleets that tests are made of."""

from collections.abc import Callable
from itertools import count

from devices.cards.keys import FILE_KEY_NUMBER, META_KEY_NUMBER, FleetKeys
from devices.desk.cards import CardsFile, DynamicEntry, StaticEntry, odd_cards
from devices.stand_ins import ndef
from devices.stand_ins.ntag21x import Ntag21xCard
from devices.stand_ins.ntag424 import MemoryCounter, Ntag424Card

FLEET = FleetKeys(meta=b"meta key of test", master=b"master of a test", system=b"chain-1")
DYNAMIC_UID = bytes.fromhex("04a1b2c3d4e5f6")
DYNAMIC_URL = "https://m.example/t?e={e}&c={c}"
STATIC_UID = bytes.fromhex("04112233445566")
STATIC_URL = "https://m.example/c/M000123456"


def counted_bytes() -> Callable[[int], bytes]:
    """Random bytes that are the same in every run and never the same within one."""
    numbers = count(1)
    return lambda size: next(numbers).to_bytes(size, "big")


def make_dynamic_card(
    *, uid: bytes = DYNAMIC_UID, url: str = DYNAMIC_URL, fleet: FleetKeys = FLEET, counter: int = 0
) -> Ntag424Card:
    keys = fleet.of_card(uid)
    return Ntag424Card(
        uid,
        url,
        keys={META_KEY_NUMBER: keys.meta, FILE_KEY_NUMBER: keys.file},
        counter=MemoryCounter(counter),
        random_bytes=counted_bytes(),
    )


def make_static_card(*, uid: bytes = STATIC_UID, url: str = STATIC_URL) -> Ntag21xCard:
    return Ntag21xCard(uid, ndef.url_message(url))


def make_dynamic_entry(*, name: str = "lin", uid: bytes = DYNAMIC_UID, counter: int = 0) -> DynamicEntry:
    keys = FLEET.of_card(uid)
    return DynamicEntry(
        name=name,
        label={"zh": "林", "en": "Lin"},
        uid=uid.hex(),
        url=DYNAMIC_URL,
        meta_key=keys.meta.hex(),
        file_key=keys.file.hex(),
        counter=counter,
        design="gold",
    )


def make_static_entry(*, name: str = "wang", url: str = STATIC_URL) -> StaticEntry:
    return StaticEntry(name=name, label={"zh": "王", "en": "Wang"}, uid=STATIC_UID.hex(), url=url, design="silver")


def make_cards_file() -> CardsFile:
    """One card of each kind."""
    lin = make_dynamic_entry()
    odd = odd_cards(lin, unknown_url="https://m.example/c/UNKNOWN0001")
    return CardsFile(cards=(lin, make_static_entry(), *odd))
