from collections.abc import Iterator

import nfc.clf
import nfc.tag.tt4
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.stand_ins.activation import REQA, cascade_levels
from devices.stand_ins.iso_dep import FRAME_SIZES, IsoDepCard

UID = bytes.fromhex("deadbeef")
ATS = bytes.fromhex("067777710280")
FWT_S = 0.077


class Echo(IsoDepCard):
    """Answers each command with a number of bytes that grows out of it."""

    def __init__(self) -> None:
        self.commands: list[bytes] = []
        super().__init__(UID, atqa=b"\x04\x00", sak=0x20, ats=ATS)

    def _leave(self) -> None:
        self.commands.clear()

    def _apdu(self, command: bytes) -> bytes:
        self.commands.append(command)
        return answer_to(command)


class Line:
    """Stands where nfcpy expects its reader, and loses the frames it is told to, on the way there or back."""

    def __init__(self, card: IsoDepCard, losses: Iterator[str]) -> None:
        self._card = card
        self._losses = losses
        self.longest_bytes = 0

    def exchange(self, frame: bytes, timeout: float) -> bytearray:
        assert timeout > 0
        loss = next(self._losses, "")
        answer = None if loss == "there" else self._card.receive(bytes(frame))
        if answer is None or loss == "back":
            raise nfc.clf.TimeoutError
        self.longest_bytes = max(self.longest_bytes, len(answer) + 2)
        return bytearray(answer)


def answer_to(command: bytes) -> bytes:
    return command * (sum(command) % 4) + b"\x90\x00"


def make_connection(
    *, card_frame_code: int = 7, reader_frame_code: int = 8, losses: str = ""
) -> tuple[Echo, Line, nfc.tag.tt4.IsoDepInitiator]:
    card = Echo()
    shown = cascade_levels(UID)[0]
    for frame in (REQA, b"\x93\x20", b"\x93\x70" + shown):
        card.receive(frame)
    assert card.receive(bytes([0xE0, reader_frame_code << 4])) == ATS
    line = Line(card, iter({".": "", "<": "back", ">": "there"}[loss] for loss in losses))
    return card, line, nfc.tag.tt4.IsoDepInitiator(line, FRAME_SIZES[card_frame_code], FWT_S)


@given(
    commands=st.lists(st.binary(min_size=1, max_size=600), min_size=1, max_size=4),
    card_frame_code=st.integers(0, 8),
    reader_frame_code=st.integers(0, 8),
)
def test_commands_and_answers_of_any_length_pass_in_frames_of_any_size(
    commands: list[bytes], card_frame_code: int, reader_frame_code: int
) -> None:
    card, line, reader = make_connection(card_frame_code=card_frame_code, reader_frame_code=reader_frame_code)

    answers = [bytes(reader.exchange(command)) for command in commands]

    assert card.commands == commands
    assert answers == [answer_to(command) for command in commands]
    assert line.longest_bytes <= FRAME_SIZES[reader_frame_code]


@given(
    commands=st.lists(st.binary(min_size=1, max_size=60), min_size=1, max_size=4),
    losses=st.lists(st.sampled_from(["", ">", "<"]), max_size=40).map("..".join),
)
def test_frames_that_get_lost_are_made_good_and_no_command_runs_twice(commands: list[bytes], losses: str) -> None:
    card, _, reader = make_connection(card_frame_code=0, reader_frame_code=0, losses=losses)

    answers = [bytes(reader.exchange(command)) for command in commands]

    assert card.commands == commands
    assert answers == [answer_to(command) for command in commands]


def test_a_presence_check_changes_nothing() -> None:
    card, _, reader = make_connection()

    for command in (b"\x01", b"\x02", b"\x03"):
        reader.exchange(None)
        assert bytes(reader.exchange(command)) == answer_to(command)
        reader.exchange(None)

    assert card.commands == [b"\x01", b"\x02", b"\x03"]


def test_a_presence_check_fails_when_the_card_has_lost_its_field() -> None:
    card, _, reader = make_connection()
    reader.exchange(b"\x01")

    card.power_off()

    with pytest.raises(nfc.clf.TimeoutError):
        reader.exchange(None)


@pytest.mark.parametrize("frame", [b"\x02\x00", b"\xe0", b"\xe1\x80", b"\xe0\x80\x00"])
def test_a_card_that_was_not_asked_for_its_protocol_falls_asleep(frame: bytes) -> None:
    card = Echo()
    for request in (REQA, b"\x93\x20", b"\x93\x70" + cascade_levels(UID)[0]):
        card.receive(request)

    assert card.receive(frame) is None
    assert card.receive(b"\xe0\x80") is None
    assert card.receive(REQA) == b"\x04\x00"


def test_an_acknowledgement_out_of_place_is_not_answered() -> None:
    card, _, _ = make_connection()

    assert card.receive(b"\xa2") is None
    assert card.receive(b"\xa2\x00") is None


def test_a_deselected_card_is_halted() -> None:
    card, _, _ = make_connection()

    assert card.receive(b"\xc2") == b"\xc2"
    assert card.receive(b"\x02\x00") is None
    assert card.receive(REQA) is None


@given(st.lists(st.binary(min_size=1, max_size=20)))
def test_no_block_upsets_a_card(blocks: list[bytes]) -> None:
    card, _, _ = make_connection()

    for block in blocks:
        card.receive(block)

    card.power_off()
    assert card.receive(REQA) == b"\x04\x00"
