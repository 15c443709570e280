"""Two kiosks over real TLS on loopback: who is asked, and what comes of it."""

import queue
import socket
import time

import pytest

from kiosk.happenings import NeighbourReport, NoteCame, NothingElsewhere, PassAsked
from kiosk.link import frames
from kiosk.link.asking import Asker
from kiosk.link.frames import Wait
from kiosk.link.neighbours import LocalNetwork
from kiosk.link.peers import Outside
from kiosk.ports import Question
from protocol.passes import PassAnswer
from provisioning import keys, pki
from tests.kiosk.builders import SPEND
from tests.kiosk.link.network import (
    ASK,
    GIVER,
    HOST,
    NOTE,
    PATIENCE_S,
    SHORT_S,
    STRANGER,
    TAKER,
    Giver,
    Trust,
    ask,
    ask_in_vain,
    free_address,
    giving,
    listen_until_it_answers,
)


def test_a_note_comes_back_with_the_key_of_who_gave_it(trust: Trust) -> None:
    with giving(trust, PassAnswer(note=NOTE)) as giver:
        report = ask(trust, giver)

        asked = giver.came.get_nowait()

    assert report == NoteCame(SPEND, GIVER, trust.keys[GIVER], ASK, NOTE)
    assert isinstance(asked, PassAsked)
    assert (asked.by, asked.ask) == (TAKER, ASK)


def test_the_next_one_is_asked_where_one_gives_nothing(trust: Trust) -> None:
    with giving(trust, PassAnswer(code="points.short")) as first, giving(trust, PassAnswer(note=NOTE)) as second:
        report = ask(trust, first, second)

        assert first.came.qsize() == 1

    assert isinstance(report, NoteCame)


def test_nothing_is_said_as_soon_as_nobody_gives(trust: Trust) -> None:
    with giving(trust, PassAnswer(code="points.short")) as giver:
        assert ask(trust, giver) == NothingElsewhere(SPEND)


def test_who_does_not_answer_is_asked_the_same_again(trust: Trust) -> None:
    with giving(trust, None, served_max_s=SHORT_S) as giver:
        report = ask(trust, giver)

        notes = [giver.came.get_nowait() for _ in range(giver.came.qsize())]

    assert report == NothingElsewhere(SPEND)
    assert len(notes) > 1
    assert {asked.ask.note for asked in notes if isinstance(asked, PassAsked)} == {ASK.note}


def test_who_was_silent_is_asked_last_until_it_answers(trust: Trust) -> None:
    came: queue.Queue[NeighbourReport] = queue.Queue()
    asker = Asker(trust.of(TAKER), Outside(came.put, dict, time.monotonic), patience_s=PATIENCE_S)
    with giving(trust, None, file=STRANGER) as silent, giving(trust, PassAnswer(NOTE)) as giver:
        questions = [Question(STRANGER, silent.address, ASK), Question(GIVER, giver.address, ASK)]
        asker.start()
        try:
            for _ in range(3):
                asker.ask(SPEND, questions)
                assert isinstance(came.get(timeout=PATIENCE_S), NoteCame)
        finally:
            asker.stop()

    assert (silent.came.qsize(), giver.came.qsize()) == (1, 3)


@pytest.mark.parametrize("address", ["a..b:7443", f"{'a' * 64}:7443", f"{HOST}:70000", "nowhere"])
def test_an_address_that_cannot_be_called_keeps_nobody_from_the_others(trust: Trust, address: str) -> None:
    with giving(trust, PassAnswer(note=NOTE)) as giver:
        report = ask(trust, Giver(address, queue.Queue()), giver, patience_s=PATIENCE_S)

    assert isinstance(report, NoteCame)


def test_a_broken_errand_finds_nothing_and_the_next_is_run(trust: Trust) -> None:
    came: queue.Queue[NeighbourReport] = queue.Queue()
    asker = Asker(trust.of(TAKER), Outside(came.put, dict, time.monotonic), patience_s=PATIENCE_S)
    broken = Question(STRANGER, None, ASK)  # type: ignore[arg-type]
    with giving(trust, PassAnswer(note=NOTE)) as giver:
        asker.start()
        try:
            asker.ask(SPEND, [broken])
            first = came.get(timeout=PATIENCE_S)
            asker.ask(SPEND, [Question(GIVER, giver.address, ASK)])
            second = came.get(timeout=PATIENCE_S)
        finally:
            asker.stop()

    assert first == NothingElsewhere(SPEND)
    assert isinstance(second, NoteCame)


def test_nobody_at_all_is_nothing(trust: Trust) -> None:
    assert ask_in_vain(trust, Giver(free_address(), queue.Queue())) == NothingElsewhere(SPEND)


def test_a_network_asks_and_answers(trust: Trust) -> None:
    came: queue.Queue[NeighbourReport] = queue.Queue()
    with giving(trust, PassAnswer(note=NOTE)) as giver:
        network = LocalNetwork(free_address(), trust.of(TAKER), Outside(came.put, dict, time.monotonic))
        network.start()
        listen_until_it_answers(network.address or "")

        network.ask(SPEND, [Question(GIVER, giver.address, ASK)])

        report = came.get(timeout=PATIENCE_S)
        network.stop()
    assert isinstance(report, NoteCame)


def test_a_device_of_this_chain_that_is_no_neighbour_is_refused(trust: Trust) -> None:
    with giving(trust, PassAnswer(note=NOTE)) as giver:
        report = ask_in_vain(trust, giver, STRANGER)

        assert giver.came.empty()

    assert report == NothingElsewhere(SPEND)


@pytest.mark.parametrize("issuer", ["servers", "others"])
def test_a_certificate_of_another_authority_is_refused(trust: Trust, issuer: str) -> None:
    trust.issue("forged", TAKER, getattr(trust, issuer))
    with giving(trust, PassAnswer(note=NOTE)) as giver:
        report = ask_in_vain(trust, giver, "forged")

        assert giver.came.empty()

    assert report == NothingElsewhere(SPEND)


@pytest.mark.parametrize("issuer", ["servers", "others"])
def test_a_giver_with_a_certificate_of_another_authority_is_told_nothing(trust: Trust, issuer: str) -> None:
    trust.issue("false", GIVER, getattr(trust, issuer))
    with giving(trust, PassAnswer(note=NOTE), file="false") as giver:
        report = ask_in_vain(trust, giver)

        assert giver.came.empty()

    assert report == NothingElsewhere(SPEND)


def test_a_giver_under_another_name_than_it_was_asked_by_is_told_nothing(trust: Trust) -> None:
    with giving(trust, PassAnswer(note=NOTE), file=STRANGER) as giver:
        report = ask_in_vain(trust, giver)

        assert giver.came.empty()

    assert report == NothingElsewhere(SPEND)


def test_the_hubs_own_certificate_gives_nothing(trust: Trust) -> None:
    key = keys.new_key()
    pki.save(trust.folder, "client", trust.devices.issue_client(GIVER, key, trust.now), key)
    with giving(trust, PassAnswer(note=NOTE), file="client") as giver:
        assert ask_in_vain(trust, giver) == NothingElsewhere(SPEND)


def test_an_answer_that_comes_twice_or_too_late_hurts_nobody(trust: Trust) -> None:
    with giving(trust, PassAnswer(note=NOTE)) as giver:
        ask(trust, giver)
        asked = giver.came.get_nowait()

        assert isinstance(asked, PassAsked)
        asked.answer(PassAnswer(note=NOTE))
        asked.answer(PassAnswer(note=NOTE))


def test_a_slow_byte_at_a_time_does_not_hold_a_reader_beyond_its_time() -> None:
    now = iter([0.0, 4.9, 5.1])
    here, there = socket.socketpair()
    with here, there:
        there.sendall((50).to_bytes(4, "big") + b"x" * 10)

        with pytest.raises(TimeoutError):
            frames.receive(here, PassAnswer, Wait(5.0, now.__next__))


def test_what_breaks_off_is_no_message() -> None:
    here, there = socket.socketpair()
    with here:
        there.sendall((50).to_bytes(4, "big") + b"{}")
        there.close()

        with pytest.raises(frames.FrameError):
            frames.receive(here, PassAnswer, Wait(5.0, lambda: 0.0))
