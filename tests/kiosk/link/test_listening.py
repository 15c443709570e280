"""Who is listened to, and how soon whoever is not is cut off."""

import select
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress

import pytest

from kiosk.happenings import NoteCame
from kiosk.link.listening import CONNECTIONS_MAX, DOORSTEP_MAX, DOORSTEP_MAX_OF_ADDRESS, Doorstep
from protocol.limits import MESSAGE_MAX_BYTES
from protocol.passes import PassAnswer
from tests.kiosk.builders import SPEND
from tests.kiosk.link.network import (
    ASK,
    GIVER,
    NOTE,
    PATIENCE_S,
    SHORT_S,
    Trust,
    ask,
    connected,
    giving,
    is_cut_off,
)

ELSEWHERE = "127.0.0.2"

RUBBISH: dict[str, bytes] = {
    "no message": (5).to_bytes(4, "big") + b"hello",
    "another message": (2).to_bytes(4, "big") + b"{}",
    "too long": (MESSAGE_MAX_BYTES + 1).to_bytes(4, "big"),
    "an end of the world": b"\xff" * 4,
}


@pytest.mark.parametrize("said", RUBBISH)
def test_rubbish_is_cut_off(trust: Trust, said: str) -> None:
    with giving(trust, PassAnswer(note=NOTE)) as giver, connected(trust, giver) as connection:
        connection.sendall(RUBBISH[said])

        assert is_cut_off(connection)
        assert giver.came.empty()


def test_plain_words_are_cut_off(trust: Trust) -> None:
    with giving(trust, PassAnswer(note=NOTE)) as giver, socket.create_connection(giver.place) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")

        until = time.monotonic() + PATIENCE_S
        with suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(1_000) and time.monotonic() < until:
                pass
        assert ask(trust, giver) == NoteCame(SPEND, GIVER, trust.keys[GIVER], ASK, NOTE)


def silent(_connection: socket.socket) -> None:
    """Say nothing."""


def half(connection: socket.socket) -> None:
    connection.sendall((100).to_bytes(4, "big") + b"{")


@pytest.mark.parametrize("say", [silent, half])
def test_who_says_nothing_more_is_cut_off(trust: Trust, say: Callable[[socket.socket], None]) -> None:
    with (
        giving(trust, PassAnswer(note=NOTE), served_max_s=SHORT_S) as giver,
        connected(trust, giver) as connection,
    ):
        say(connection)

        assert is_cut_off(connection)


def test_who_never_begins_a_handshake_is_cut_off(trust: Trust) -> None:
    with (
        giving(trust, None, handshake_max_s=SHORT_S, served_max_s=PATIENCE_S) as giver,
        socket.create_connection(giver.place) as connection,
    ):
        assert is_cut_off(connection)


def test_a_stranger_who_holds_connections_keeps_no_neighbour_out(trust: Trust) -> None:
    with giving(trust, PassAnswer(note=NOTE)) as giver, ExitStack() as held:
        for _ in range(DOORSTEP_MAX):
            held.enter_context(socket.create_connection(giver.place, source_address=(ELSEWHERE, 0)))

        report = ask(trust, giver, patience_s=PATIENCE_S)

    assert isinstance(report, NoteCame)


def test_only_so_many_stand_on_the_doorstep_and_then_others_again(trust: Trust) -> None:
    with giving(trust, PassAnswer(note=NOTE), handshake_max_s=1.0) as giver:
        idle = [socket.create_connection(giver.place) for _ in range(DOORSTEP_MAX_OF_ADDRESS + 4)]

        assert all(is_cut_off(connection) for connection in idle)
        report = ask(trust, giver, patience_s=PATIENCE_S)
        for connection in idle:
            connection.close()

    assert isinstance(report, NoteCame)


def test_only_so_many_neighbours_are_listened_to_and_then_others_again(trust: Trust) -> None:
    with giving(trust, PassAnswer(note=NOTE), served_max_s=PATIENCE_S) as giver:
        with ExitStack() as held:
            silent_ones = [held.enter_context(connected(trust, giver)) for _ in range(CONNECTIONS_MAX + 1)]

            cut_off, _, _ = select.select(silent_ones, [], [], PATIENCE_S)
        report = ask(trust, giver, patience_s=PATIENCE_S)

    assert len(cut_off) == 1
    assert isinstance(report, NoteCame)


def test_a_doorstep_has_room_for_all_and_for_each_address() -> None:
    doorstep = Doorstep()
    from_one = [doorstep.enter("one") for _ in range(DOORSTEP_MAX_OF_ADDRESS + 1)]
    from_many = [doorstep.enter(f"other {number}") for number in range(DOORSTEP_MAX)]

    doorstep.leave("one")

    assert from_one == [True] * DOORSTEP_MAX_OF_ADDRESS + [False]
    assert from_many.count(True) == DOORSTEP_MAX - DOORSTEP_MAX_OF_ADDRESS
    assert doorstep.enter("one")
    assert not doorstep.enter("another")
