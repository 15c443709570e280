from pathlib import Path

import pytest

from devices.desk.cards import CopyEntry
from devices.desk.counters import CounterFile
from devices.desk.desk import Desk
from devices.desk.errors import CardError, Problem
from devices.stand_ins.activation import REQA
from devices.stand_ins.field import Field
from devices.stand_ins.foreign import BankCard, MifareClassicCard, Phone
from devices.stand_ins.ntag21x import Ntag21xCard
from devices.stand_ins.ntag424 import Ntag424Card
from tests.devices.builders import DYNAMIC_UID, STATIC_UID, counted_bytes, make_cards_file


def read(field: Field) -> str:
    """Read the dynamic card on the antenna, as a terminal would do behind all protocol."""
    card = field.card
    assert isinstance(card, Ntag424Card)
    for command in ("00A4040007D276000085010100", "00A4000C02E104", "00B0000000"):
        card._apdu(bytes.fromhex(command))
    assert card.last_url is not None
    return card.last_url


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("lin", Ntag424Card),
        ("wang", Ntag21xCard),
        ("unknown", Ntag21xCard),
        ("torn", Ntag424Card),
        ("bank", BankCard),
        ("access", MifareClassicCard),
        ("phone", Phone),
    ],
)
def test_every_entry_becomes_a_card_on_the_antenna(desk: Desk, field: Field, name: str, kind: type) -> None:
    laid = desk.lay(name)

    assert isinstance(field.card, kind)
    assert desk.on_antenna == laid
    assert laid.name == name


def test_the_cards_have_the_uids_of_the_file(desk: Desk, field: Field) -> None:
    uids = []
    for name in ("lin", "wang"):
        desk.lay(name)
        assert field.card is not None
        uids.append(field.card.uid)

    assert uids == [DYNAMIC_UID, STATIC_UID]


def test_an_empty_antenna_has_nothing_on_it(desk: Desk) -> None:
    desk.lay("lin")

    desk.lift()

    assert desk.on_antenna is None


def test_lifting_an_earlier_laying_leaves_a_later_one(desk: Desk) -> None:
    first = desk.lay("lin")
    second = desk.lay("lin")

    desk.lift(first.number)

    assert desk.on_antenna == second
    desk.lift(second.number)
    assert desk.on_antenna is None


def test_lifting_before_anything_was_laid_does_nothing(desk: Desk) -> None:
    desk.lift(1)
    desk.lift()

    assert desk.on_antenna is None


def test_a_torn_card_leaves_by_itself(desk: Desk, field: Field) -> None:
    desk.lay("torn")

    for _ in range(20):
        field.exchange(REQA)

    assert desk.on_antenna is None


def test_a_name_that_is_not_on_the_desk_is_refused(desk: Desk) -> None:
    with pytest.raises(CardError, match="nobody") as refused:
        desk.lay("nobody")

    assert refused.value.problem is Problem.NAME_UNKNOWN


def test_there_is_nothing_to_copy_before_the_card_was_read(desk: Desk) -> None:
    copy = desk.entries["copied"]
    assert isinstance(copy, CopyEntry)

    with pytest.raises(CardError, match="lin") as refused:
        desk.lay("copied")

    assert refused.value.problem is Problem.NOTHING_TO_COPY
    assert not desk.can_copy(copy)


def test_a_copy_has_the_uid_and_the_last_url_of_its_original(desk: Desk, field: Field) -> None:
    desk.lay("lin")
    read(field)
    last = read(field)

    desk.lay("copied")

    assert isinstance(field.card, Ntag21xCard)
    assert field.card.uid == DYNAMIC_UID
    assert last.removeprefix("https://").encode() in field.card._memory


def test_a_desk_that_is_started_again_goes_on_counting(tmp_path: Path) -> None:
    urls = set()

    for _ in range(3):
        field = Field()
        with CounterFile(tmp_path / "state.json") as counters:
            desk = Desk(make_cards_file(), field, counters=counters, random_bytes=bytes)
            desk.lay("lin")
            urls |= {read(field), read(field)}

    assert len(urls) == 6


def test_phones_draw_their_uids_from_the_desk(field: Field, counters: CounterFile) -> None:
    desk = Desk(make_cards_file(), field, counters=counters, random_bytes=counted_bytes())

    desk.lay("phone")

    assert field.card is not None
    assert field.card.uid[0] == 0x08
