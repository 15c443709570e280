"""Two kiosks of a store that has lost the hub, and between them a local network that is played by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from devices.reader import CardTapped
from kiosk.happenings import NoteCame, NothingElsewhere, PassAsked
from kiosk.ports import Question
from protocol import codec
from protocol.envelope import Event
from protocol.events import CardEvidence, LeasePassed
from protocol.passes import AskPass, PassAnswer
from protocol.requests import DocumentPage
from provisioning import keys
from tests.kiosk.builders import LIN, make_configuration, make_lend_points, make_verifiers
from tests.kiosk.lent_rig import Store
from tests.simulation.disk import SimDisk

GIVER, TAKER = "k-giver", "k-taker"
KEYS = {name: keys.seeded_key(name.encode().ljust(32)) for name in (GIVER, TAKER)}
ADDRESSES = {GIVER: "10.0.0.1:7443", TAKER: "10.0.0.2:7443"}


@dataclass
class Wire:
    """A kiosk's end of the local network; it keeps what is asked until somebody carries it over."""

    address: str | None
    asked: list[tuple[UUID, Sequence[Question]]] = field(default_factory=list)

    def ask(self, spend: UUID, questions: Sequence[Question]) -> None:
        self.asked.append((spend, questions))


def boot(name: str, disk: SimDisk | None = None) -> tuple[Store, Wire]:
    """A kiosk that has not heard of the hub."""
    wire = Wire(ADDRESSES[name])
    return Store(disk, kiosk=name, key=KEYS[name], neighbours=wire), wire


class Pair:
    """The giver has points of a member ahead; the taker knows the member and nothing more."""

    def __init__(self, points: int = 1_000) -> None:
        self.giver, _ = boot(GIVER)
        self.taker, self.wire = boot(TAKER)
        for kiosk, other in ((self.giver, TAKER), (self.taker, GIVER)):
            kiosk.open()
            configuration = make_configuration(neighbours={other: ADDRESSES[other]})
            kiosk.store.documents.take(DocumentPage("configuration", 1, 0, 1, [codec.raw(configuration)]))
        self.giver.do(make_lend_points(epoch=self.giver.store.chain.epoch, points=points, cards=[make_verifiers(10)]))
        for kiosk in (self.giver, self.taker):
            kiosk.hub_is(online=False)

    def close(self) -> None:
        self.giver.store.close()
        self.taker.store.close()

    def restart_giver(self, disk: SimDisk | None = None) -> None:
        self.giver, _ = boot(GIVER, disk or self.giver.disk.killed())

    def restart_taker(self, disk: SimDisk | None = None) -> None:
        self.taker, self.wire = boot(TAKER, disk or self.taker.disk.killed())

    def question(self) -> tuple[UUID, AskPass]:
        """What the taker has asked last."""
        spend, [question] = self.wire.asked[-1]
        return spend, question.ask

    def hear(self, ask: AskPass, by: str = TAKER) -> PassAnswer:
        """Let the giver hear a question; what it answers."""
        answers: list[PassAnswer] = []
        self.giver.conductor.handle(PassAsked(by, ask, answers.append))
        [answer] = answers
        return answer

    def bring(self, spend: UUID, ask: AskPass, answer: PassAnswer, signer: str = GIVER) -> None:
        """Let the taker have an answer, over a connection on which `signer` has proved its key."""
        if answer.note:
            key = keys.public_der(KEYS[signer])
            self.taker.conductor.handle(NoteCame(spend, GIVER, key, ask, answer.note))
        else:
            self.taker.conductor.handle(NothingElsewhere(spend))

    def carry(self) -> PassAnswer:
        """Take the last question to the giver and its answer back."""
        spend, ask = self.question()
        answer = self.hear(ask)
        self.bring(spend, ask, answer)
        return answer

    def passed(self) -> list[LeasePassed]:
        events = [codec.decode(event, Event) for event in self.giver.store.chain.read(1, 99)]
        return [codec.decode(event.body, LeasePassed) for event in events if event.kind == "lease.passed"]

    def lent(self) -> int:
        """What the giver still has of the member's."""
        return self.giver.store.lent.points(LIN, self.giver.sync.pen())

    def tap(self, card: CardEvidence) -> None:
        self.taker.conductor.handle(CardTapped(card))
