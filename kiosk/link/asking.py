"""Asks neighbours one after the other, on a thread of its own, until one gives or the time is up."""

import queue
import socket
import ssl
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import structlog
from msgspec import UNSET

from kiosk.happenings import NeighbourReport, NoteCame, NothingElsewhere
from kiosk.link import frames
from kiosk.link.frames import FrameError
from kiosk.link.peers import Credentials, Outside, holder, place
from kiosk.ports import Question
from kiosk.visit.redeeming import NEIGHBOURS_TIMEOUT_S
from protocol.passes import PassAnswer

CALL_MAX_S = 0.7
"""How long one neighbour is given before the next is asked."""

AGAIN_S = 0.1
"""How long neighbours that could not be reached are left alone before they are asked the same again."""

WAITING_MAX = 4
"""Most spends for which neighbours are still to be asked; by then nobody waits for one more."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Errand:
    """What is to be found, and until when by the clock that only grows somebody waits for it."""

    spend: UUID
    questions: Sequence[Question]
    until: float


class Asker:
    """Runs errands, one at a time. Each ends in one report."""

    def __init__(self, credentials: Credentials, outside: Outside, *, patience_s: float = NEIGHBOURS_TIMEOUT_S) -> None:
        self._outside = outside
        self._patience_s = patience_s
        self._context = credentials.context(ssl.PROTOCOL_TLS_CLIENT)
        self._errands: queue.Queue[Errand | None] = queue.Queue(WAITING_MAX)
        self._silent_at: dict[str, float] = {}
        """When neighbours last left a call without an answer: they are asked after those that have answered since."""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="asker", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, after at most one call."""
        self._stopping.set()
        with suppress(queue.Full):
            self._errands.put_nowait(None)
        self._thread.join(CALL_MAX_S * 2)

    def ask(self, spend: UUID, questions: Sequence[Question]) -> None:
        """Take an errand; returns at once. One that is too many is left, and its customer's time runs out."""
        until = self._outside.monotonic() + self._patience_s
        with suppress(queue.Full):
            self._errands.put_nowait(Errand(spend, questions, until))

    def _run(self) -> None:
        while not self._stopping.is_set():
            errand = self._errands.get()
            if errand is not None:
                self._outside.put(self._report(errand))

    def _report(self, errand: Errand) -> NeighbourReport:
        # One broken errand must not take those of all later customers with it.
        try:
            return self._find(errand)
        except Exception:
            log.exception("asking neighbours stumbled")
            return NothingElsewhere(errand.spend)

    def _find(self, errand: Errand) -> NeighbourReport:
        left = sorted(errand.questions, key=lambda question: self._silent_at.get(question.giver, 0.0))
        while left:
            for question in tuple(left):
                if self._stopping.is_set() or self._outside.monotonic() >= errand.until:
                    return NothingElsewhere(errand.spend)
                try:
                    came = self._call(errand.spend, question)
                except (OSError, ValueError) as error:
                    # It may have journaled its fence all the same: the same question has the same note. What is no
                    # name of a host raises UnicodeError, a ValueError.
                    log.info("a neighbour does not answer", neighbour=question.giver, reason=str(error))
                    self._silent_at[question.giver] = self._outside.monotonic()
                    continue
                self._silent_at.pop(question.giver, None)
                if came is not None:
                    return came
                left.remove(question)
            if left:
                self._stopping.wait(AGAIN_S)
        return NothingElsewhere(errand.spend)

    def _call(self, spend: UUID, question: Question) -> NoteCame | None:
        wait = self._outside.wait(CALL_MAX_S)
        with (
            socket.create_connection(place(question.address), timeout=wait.left_s) as raw,
            self._context.wrap_socket(raw) as connection,
        ):
            peer = holder(connection)
            if peer.name != question.giver:
                raise FrameError(f"{peer.name} answers for {question.giver}")
            frames.send(connection, question.ask, wait)
            answer = frames.receive(connection, PassAnswer, wait)
        if answer.note is UNSET:
            log.info("a neighbour gives nothing", neighbour=question.giver, code=answer.code or "")
            return None
        return NoteCame(spend, question.giver, peer.key, question.ask, answer.note)
