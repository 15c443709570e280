import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest

from devices.cards import ntag21x
from devices.desk import cards
from devices.desk.cards import CardsFile, CopyEntry, DynamicEntry, StaticEntry, TornEntry, load, odd_cards, save
from devices.desk.errors import DeskError
from tests.devices.builders import make_cards_file, make_dynamic_entry, make_static_entry


def make_card(**overrides: Any) -> dict[str, Any]:
    card: dict[str, Any] = {
        "technology": "ntag424",
        "name": "lin",
        "label": {"en": "Lin"},
        "uid": "04a1b2c3d4e5f6",
        "url": "https://m.example/t?e={e}&c={c}",
        "meta_key": "0" * 32,
        "file_key": "1" * 32,
    }
    return {key: value for key, value in (card | overrides).items() if value is not None}


def written(folder: Path, *entries: dict[str, Any], **overrides: Any) -> Path:
    path = folder / "cards.json"
    path.write_text(json.dumps({"format": 1, "cards": entries} | overrides))
    return path


def test_a_file_with_every_kind_of_card_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = make_cards_file()

    save(file, tmp_path / "cards.json")

    assert load(tmp_path / "cards.json") == file


def test_the_example_in_the_documentation_is_a_cards_file(tmp_path: Path) -> None:
    assert cards.__doc__ is not None
    example = cards.__doc__[cards.__doc__.index("    {") : cards.__doc__.rindex("}") + 1]
    path = tmp_path / "cards.json"
    path.write_text(re.sub(r"<32 hex digits>", "6d" * 16, example))

    assert len(load(path).cards) == 7


def test_only_its_owner_may_read_the_keys(tmp_path: Path) -> None:
    path = tmp_path / "cards.json"
    path.touch(mode=0o644)

    save(make_cards_file(), path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_is_not_said_has_a_default(tmp_path: Path) -> None:
    (card,) = load(written(tmp_path, make_card())).cards

    assert isinstance(card, DynamicEntry)
    assert (card.counter, card.design, card.note) == (0, "plain", {})


@pytest.mark.parametrize(
    ("overrides", "complaint"),
    [
        ({"technology": "barcode"}, "technology"),
        ({"technology": None}, "technology"),
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"uid": "04a1b2"}, "uid"),
        ({"uid": "04A1B2C3D4E5F6"}, "uid"),
        ({"url": "https://m.example/t"}, "url"),
        ({"url": "https://m.example/{x}?e={e}&c={c}"}, "url"),
        ({"meta_key": "0" * 31}, "meta_key"),
        ({"file_key": None}, "file_key"),
        ({"counter": -1}, "counter"),
        ({"counter": 2**24}, "counter"),
        ({"design": "wood"}, "design"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_card_that_cannot_be_is_refused_with_the_place(
    tmp_path: Path, overrides: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(DeskError, match=complaint):
        load(written(tmp_path, make_card(**overrides)))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"format": 2, "cards": []}', b'{"format": 1}'])
def test_what_is_no_cards_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cards.json"
    path.write_bytes(content)

    with pytest.raises(DeskError, match=r"cards\.json cannot be used"):
        load(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeskError, match="No such file"):
        load(tmp_path / "cards.json")


def test_a_name_given_twice_is_refused(tmp_path: Path) -> None:
    save(CardsFile(cards=(make_dynamic_entry(name="lin"), make_static_entry(name="lin"))), tmp_path / "cards.json")

    with pytest.raises(DeskError, match="twice"):
        load(tmp_path / "cards.json")


@pytest.mark.parametrize(
    "entry",
    [
        CopyEntry(name="odd", label={}, of="nobody"),
        CopyEntry(name="odd", label={}, of="wang"),
        CopyEntry(name="odd", label={}, of="odd"),
        TornEntry(name="odd", label={}, of="nobody"),
        TornEntry(name="odd", label={}, of="odd"),
    ],
)
def test_a_card_made_of_one_that_does_not_fit_is_refused(tmp_path: Path, entry: CopyEntry | TornEntry) -> None:
    save(CardsFile(cards=(make_dynamic_entry(), make_static_entry(), entry)), tmp_path / "cards.json")

    with pytest.raises(DeskError, match="no card that fits"):
        load(tmp_path / "cards.json")


def test_the_unknown_card_is_a_static_card_with_a_uid_of_its_own() -> None:
    lin = make_dynamic_entry()

    unknown = odd_cards(lin, unknown_url="https://m.example/c/UNKNOWN0001")[0]

    assert isinstance(unknown, StaticEntry)
    assert ntag21x.parse(unknown.url) == "UNKNOWN0001"
    assert unknown.uid.startswith("04")
    assert unknown.uid != lin.uid


def test_every_odd_card_has_a_label_in_both_languages() -> None:
    odd = odd_cards(make_dynamic_entry(), unknown_url="https://m.example/c/UNKNOWN0001")

    assert all(set(entry.label) == {"zh", "en"} for entry in odd)
    assert all(set(entry.note) in (set(), {"zh", "en"}) for entry in odd)
