import nfc.clf.pn532
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.stand_ins.pn532_frames import ACK, crc_a, make_frame, take_commands

POSTAMBLE = b"\x00"


class Wire:
    """Takes nfcpy's frames and gives it ours."""

    def __init__(self, answer: bytes) -> None:
        self.sent = b""
        self._answers = [ACK, make_frame(answer)]

    def write(self, frame: bytes) -> None:
        self.sent += bytes(frame)

    def read(self, timeout: int) -> bytearray:
        assert timeout > 0
        return bytearray(self._answers.pop(0))


@given(st.binary(max_size=262), st.binary(max_size=262))
def test_frames_of_any_length_pass_between_nfcpy_and_the_chip(question: bytes, answer: bytes) -> None:
    wire = Wire(b"\x43" + answer)

    heard = nfc.clf.pn532.Chipset(wire, nfc.clf.pn532.log).command(0x42, question, 1.0)

    assert bytes(heard) == answer
    assert take_commands(wire.sent) == ([(0x42, question)], POSTAMBLE)


@given(st.lists(st.binary(max_size=300), max_size=4), st.lists(st.integers(0, 40), max_size=60))
def test_commands_that_come_in_pieces_are_put_together(questions: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(bytes(10) + command_frame(question) + ACK for question in questions)
    taken, rest = [], b""

    for size in [*cuts, len(stream)]:
        piece, stream = stream[:size], stream[size:]
        commands, rest = take_commands(rest + piece)
        taken += commands

    assert taken == [(0x42, question) for question in questions]
    assert b"\x00\xff" not in rest


def test_an_acknowledgement_is_no_command() -> None:
    assert take_commands(ACK + ACK) == ([], POSTAMBLE)


@given(st.binary(max_size=300), st.integers(0, 400), st.integers(1, 255))
def test_a_spoiled_frame_is_no_command_and_the_next_one_is(question: bytes, place: int, change: int) -> None:
    frame = bytearray(command_frame(question)[:-1])
    frame[3 + place % (len(frame) - 3)] ^= change

    taken, _ = take_commands(bytes(frame) + bytes(300) + command_frame(b"next"))

    assert taken == [(0x42, b"next")]


@given(st.lists(st.binary()))
def test_noise_on_the_line_does_no_harm(noise: list[bytes]) -> None:
    rest = b""

    for piece in noise:
        _, rest = take_commands(rest + piece)

    assert len(rest) <= sum(map(len, noise))


@pytest.mark.parametrize(("data", "crc"), [("0000", "a01e"), ("1234", "26cf"), ("3000", "02a8")])
def test_published_check_bytes(data: str, crc: str) -> None:
    assert crc_a(bytes.fromhex(data)).hex() == crc


def command_frame(question: bytes) -> bytes:
    wire = Wire(b"\x43")
    nfc.clf.pn532.Chipset(wire, nfc.clf.pn532.log).command(0x42, question[:262], 1.0)
    return wire.sent
