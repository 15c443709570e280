"""The store's other kiosks, while the hub is away: asking them for a member's points, and answering when they ask.

Who asks is known by its certificate, and that it is a neighbour was looked at before anything comes here.
"""

from collections.abc import Sequence
from uuid import UUID

import structlog

from kiosk.happenings import NoteCame, PassAsked
from kiosk.ports import Clock, Neighbours, Question
from kiosk.store.errors import StoreError
from kiosk.store.holdings import Wish
from kiosk.store.local import LocalStore
from kiosk.store.passing import Asked, Author, Noted
from kiosk.store.verifiers import Code
from kiosk.sync import Sync
from kiosk.visit.effects import AskNeighbours
from protocol import passes
from protocol.errors import ErrorCode
from protocol.limits import VISIT_MAX_S
from protocol.passes import AskPass, PassAnswer, PassNote
from protocol.values import Address
from provisioning import keys

VOUCHED_MAX = 1_000
"""Most taps of neighbours' visits that are remembered at a time."""

log = structlog.get_logger()


class Alone:
    """In the place of neighbours, where there are none."""

    address: Address | None = None

    def ask(self, spend: UUID, questions: Sequence[Question]) -> None:
        """Nobody hears it."""


def neighbours_of(store: LocalStore) -> dict[str, Address]:
    """The store's other kiosks as the hub names them, each with where it answers."""
    configuration = store.documents.configuration
    return {} if configuration is None else configuration.neighbours or {}


class Neighbourhood:
    """What this kiosk has to do with its neighbours."""

    def __init__(self, store: LocalStore, sync: Sync, clock: Clock, port: Neighbours) -> None:
        self._store = store
        self._sync = sync
        self._clock = clock
        self._port = port
        self._author = Author(sync.identity.kiosk, sync.identity.sign)
        self._vouched: dict[tuple[str, bytes], float] = {}

    @property
    def can_be_asked(self) -> bool:
        """Tell whether there is anybody to ask, and room for what they give."""
        may = self._port.address is not None and self._sync.may_spend and not self._sync.online
        return may and bool(neighbours_of(self._store)) and self._store.passing.may_take(self._sync.stamp("kiosk"))

    def ask(self, effect: AskNeighbours) -> None:
        """Ask one after the other, each under an id of its own: two of them must not give under the same one."""
        epoch = self._store.chain.epoch
        questions = [
            Question(
                giver,
                address,
                AskPass(
                    note=self._sync.new_id(),
                    epoch=epoch,
                    member=effect.member,
                    points=effect.points,
                    card=effect.card,
                ),
            )
            for giver, address in neighbours_of(self._store).items()
        ]
        self._port.ask(effect.spend, questions)

    def answer(self, asked: PassAsked) -> None:
        """Answer a neighbour: with a note once its fence is durable, else with the code of why there is none."""
        try:
            given = self._give(asked.by, asked.ask)
        except StoreError:
            asked.answer(PassAnswer(code=ErrorCode.STORE_READ_ONLY))
            raise
        if isinstance(given, ErrorCode):
            log.info("nothing is passed on", to=asked.by, code=given)
            asked.answer(PassAnswer(code=given))
        else:
            log.info("points are passed on", to=asked.by, note=str(asked.ask.note))
            asked.answer(PassAnswer(note=given))

    def take(self, came: NoteCame, wish: Wish | None) -> int | None:
        """Take a note for somebody who waits; returns the place of the spend, None where it could not be granted."""
        note = self._read(came)
        if note is None or not self._sync.may_spend:
            log.warning("a note of a neighbour is not taken", giver=came.giver, readable=note is not None)
            return None
        return self._store.passing.take(Noted(note, came.text), wish, self._sync.pen(f"member:{note.member}"))

    def _give(self, to: str, ask: AskPass) -> str | ErrorCode:
        passing = self._store.passing
        known = passing.given(to, ask)
        if known is not None:
            return known
        if not self._sync.may_spend:
            return ErrorCode.STORE_READ_ONLY
        if self._clock.trust() == "none":
            return ErrorCode.REDEEM_CLOCK
        code = self._store.lent.verifiers.recognise(ask.member, ask.card)
        if code is None:
            return ErrorCode.REDEEM_OFFLINE_CARD
        if not code.is_fresh and not self._is_vouched(to, code):
            return ErrorCode.CARD_REPLAYED
        pen = self._sync.pen(f"member:{ask.member}")
        text = passing.give(Asked(to, ask, code if code.is_fresh else None), self._author, pen)
        if text is None:
            return ErrorCode.POINTS_SHORT
        self._vouch(to, code)
        return text

    def _is_vouched(self, to: str, code: Code) -> bool:
        """Tell whether the same visit at that neighbour has shown this tap before: it may take more than one reward."""
        return self._vouched.get((to, code.mac), 0.0) > self._clock.monotonic()

    def _vouch(self, to: str, code: Code) -> None:
        now = self._clock.monotonic()
        if code.is_fresh:
            self._vouched[to, code.mac] = now + VISIT_MAX_S
        while len(self._vouched) > VOUCHED_MAX:
            del self._vouched[next(iter(self._vouched))]

    def _read(self, came: NoteCame) -> PassNote | None:
        """What a note says, if it is the answer to what was asked, by the neighbour that was asked."""
        signed, ask = passes.read(came.text), came.ask
        if signed is None or not keys.is_signed(keys.load_public(came.key), signed.payload, signed.signature):
            return None
        note = signed.body
        said = (note.kiosk, note.to, note.id, note.to_epoch, note.member, note.points)
        wanted = (came.giver, self._author.kiosk, ask.note, ask.epoch, ask.member, ask.points)
        return note if said == wanted else None
