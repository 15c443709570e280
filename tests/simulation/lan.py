"""The local network of a store: questions and answers of neighbours take their time, and now and then one is lost."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from kiosk.happenings import NoteCame, NothingElsewhere, PassAsked
from kiosk.link.asking import CALL_MAX_S
from kiosk.ports import Question
from kiosk.visit.redeeming import NEIGHBOURS_TIMEOUT_S
from protocol.passes import PassAnswer
from protocol.values import Address
from provisioning import keys

if TYPE_CHECKING:
    from tests.simulation.kiosk import SimKiosk

LOST = 0.15
"""How often a question does not come, and how often an answer does not."""

SLOW_S = 0.5
"""How long each of them is under way at most; together they may be slower than anybody waits."""


@dataclass
class Errand:
    """What one kiosk looks for: whom it has still to ask, and until when; `call` counts its calls."""

    spend: UUID
    left: list[Question]
    until: float
    call: int = 0


class SimLan:
    """One kiosk's end of its store's network. Whose box was made last answers under its name."""

    def __init__(self, kiosk: "SimKiosk") -> None:
        self.address: Address | None = f"{kiosk.id}.example:7443"
        self._kiosk = kiosk
        self._random = kiosk.random
        self._time = kiosk.chain.time

    def ask(self, spend: UUID, questions: Sequence[Question]) -> None:
        """See `kiosk.ports.Neighbours`."""
        self._call(Errand(spend, list(questions), self._time.elapsed + NEIGHBOURS_TIMEOUT_S))

    def _call(self, errand: Errand) -> None:
        errand.call += 1
        if not errand.left or self._time.elapsed >= errand.until:
            self._kiosk.handle(NothingElsewhere(errand.spend))
            return
        question, call = errand.left[0], errand.call
        peer = self._kiosk.chain.kiosks[question.giver]

        def answered(answer: PassAnswer) -> None:
            self._send(lambda: self._hear(errand, call, answer))

        def give_up() -> None:
            if errand.call == call:
                # Whoever did not answer is asked the same again, behind the others.
                errand.left.append(errand.left.pop(0))
                self._call(errand)

        self._send(lambda: peer.handle(PassAsked(self._kiosk.id, question.ask, answered)))
        self._time.after(CALL_MAX_S, give_up)

    def _hear(self, errand: Errand, call: int, answer: PassAnswer) -> None:
        if errand.call != call:
            return
        question = errand.left.pop(0)
        if not answer.note:
            self._call(errand)
            return
        errand.call += 1
        key = keys.public_der(self._kiosk.chain.kiosks[question.giver].fleet_member.key)
        self._kiosk.handle(NoteCame(errand.spend, question.giver, key, question.ask, answer.note))

    def _send(self, act: Callable[[], None]) -> None:
        if self._random.random() >= LOST:
            self._time.after(self._random.uniform(0.01, SLOW_S), act)
