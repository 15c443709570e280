import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.stand_ins.activation import HLTA, REQA, WUPA, TypeACard, cascade_levels

FOUR = bytes.fromhex("deadbeef")
SEVEN = bytes.fromhex("04a1b2c3d4e5f6")


class EchoCard(TypeACard):
    def __init__(self, uid: bytes = SEVEN) -> None:
        super().__init__(uid, atqa=b"\x44\x00", sak=0x20)
        self.resets = 0

    def _command(self, frame: bytes) -> bytes:
        return b"echo " + frame

    def _reset(self) -> None:
        self.resets += 1


def select(card: TypeACard) -> bytes | None:
    answer = card.receive(REQA)
    for level, shown in zip((b"\x93", b"\x95", b"\x97"), cascade_levels(card.uid), strict=False):
        assert card.receive(level + b"\x20") == shown
        answer = card.receive(level + b"\x70" + shown)
    return answer


@pytest.mark.parametrize("size", [4, 7, 10])
def test_every_length_of_uid_is_selected_level_by_level(size: int) -> None:
    card = EchoCard(bytes(range(1, size + 1)))

    assert select(card) == b"\x20"
    assert card.receive(b"ping") == b"echo ping"


@pytest.mark.parametrize(
    ("uid", "levels"),
    [(FOUR, ["deadbeef22"]), (SEVEN, ["8804a1b29f", "c3d4e5f604"]), (bytes(10), ["8800000088"] * 2 + ["0000000000"])],
)
def test_each_level_shows_its_part_and_check_byte(uid: bytes, levels: list[str]) -> None:
    assert [level.hex() for level in cascade_levels(uid)] == levels


@pytest.mark.parametrize("size", [0, 3, 5, 8, 11])
def test_a_uid_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="4, 7 or 10 bytes"):
        EchoCard(bytes(size))


def test_a_card_takes_no_command_before_it_is_selected() -> None:
    card = EchoCard()

    assert card.receive(b"ping") is None
    card.receive(REQA)
    assert card.receive(b"ping") is None


def test_selecting_another_card_sends_this_one_back() -> None:
    card = EchoCard(FOUR)
    card.receive(REQA)

    assert card.receive(b"\x93\x70" + cascade_levels(bytes(4))[0]) is None
    assert card.receive(b"\x93\x20") is None
    assert select(card) == b"\x20"


def test_a_halted_card_wakes_only_to_the_strong_call() -> None:
    card = EchoCard()
    select(card)

    assert card.receive(HLTA) is None
    assert card.receive(REQA) is None
    assert card.receive(WUPA) == b"\x44\x00"


def test_a_card_without_power_forgets_that_it_was_selected() -> None:
    card = EchoCard()
    select(card)

    card.power_off()

    assert card.receive(b"ping") is None
    assert card.resets == 1


@given(st.lists(st.binary(min_size=1, max_size=8)))
def test_no_frame_upsets_a_card(frames: list[bytes]) -> None:
    card = EchoCard()

    for frame in frames:
        card.receive(frame)

    card.power_off()
    assert select(card) == b"\x20"
