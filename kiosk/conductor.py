"""The one place where a kiosk's parts meet: what happens comes in here, one after the other, on one thread.

Readers, screens and the line only put things on the conductor's queue. It takes them to the visit, carries out what the
visit wants done, keeps the store and the line going, and shows a new frame whenever it differs from the last.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, assert_never, get_args
from zoneinfo import ZoneInfo

import structlog

from devices.reader import CardRefused, CardRemoved, CardTapped, ReaderMissing, ReaderReady, ReaderReport
from kiosk.idle import DEFAULTS, Patience
from kiosk.link.hub import Granted
from kiosk.ports import Clock
from kiosk.presenter import Ending, PictureOf, Scene, frame
from kiosk.store.errors import StoreError, StoreFullError
from kiosk.store.local import LocalStore
from kiosk.sync import Denied, Disowned, Forgotten, News, Settled, Sync, Vouched
from kiosk.texts import LANGUAGES, Texts
from kiosk.views import Frame
from kiosk.visit import machine
from kiosk.visit.intents import Intent, LanguageChosen
from kiosk.visit.machine import AskLease, Effect, Fresh, KeepEvidence, PresentCard, Step, World
from kiosk.visit.states import Guest, Idle, Refused, State, card_of, guest_of
from protocol import requests
from protocol.errors import ErrorCode
from protocol.events import CardSeen
from protocol.state import Heartbeat, MemberSnapshot, OpenVoucher

REOPEN_S = 5.0
"""How long a store that failed rests before it is opened again."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class LineUp:
    """The broker has accepted us."""


@dataclass(frozen=True, slots=True)
class LineDown:
    """The connection is gone."""

    reason: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message came."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class PictureCame:
    """A picture that was missing lies in the cache now."""


Happening = ReaderReport | Intent | LineUp | LineDown | Arrived | PictureCame
_READER = get_args(ReaderReport)
_INTENT = get_args(Intent)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a kiosk shows itself, and what it can tell of itself there."""

    show: Callable[[Frame], None]
    picture_of: PictureOf
    frame_age_ms: Callable[[], int]
    room_bytes: Callable[[], tuple[int, int]]


class Conductor:
    """One kiosk. Give it what happens, and a tick now and then; it is never called from two threads at once."""

    def __init__(self, store: LocalStore, sync: Sync, stage: Stage, *, clock: Clock, zone: ZoneInfo) -> None:
        self._store = store
        self._sync = sync
        self._stage = stage
        self._clock = clock
        self._texts = Texts(self._default_language(), zone)
        self._patience = Patience()
        self._state: State = Idle()
        self._shown: Frame | None = None
        self._reader_ready = False
        self._failed_at: float | None = None

    @property
    def state(self) -> State:
        """Where the visit stands."""
        return self._state

    def handle(self, happening: Happening) -> None:
        """Take one thing that happened, and do everything that follows from it."""
        try:
            self._dispatch(happening)
        except StoreError as error:
            self._store_failed(error)
        self._follow_up()

    def tick(self) -> None:
        """Time has passed; call it several times a second."""
        ending = self._ending()
        if ending.seconds == 0:
            self._move((Idle(), ()))
        try:
            self._move(machine.passed(self._state, self._world()))
        except StoreError as error:
            self._store_failed(error)
        self._reopen_if_due()
        if self._sync.is_beat_due:
            self._sync.beat(self._health())
        self._follow_up()

    def _dispatch(self, happening: Happening) -> None:
        match happening:
            case LineUp():
                self._sync.connected()
            case LineDown(reason):
                log.warning("no connection to the broker", reason=reason)
                self._sync.disconnected()
            case Arrived(topic, payload):
                for news in self._sync.hear(topic, payload):
                    self._take_news(news)
            case PictureCame():
                pass
            case _ if isinstance(happening, _READER):
                self._take_report(happening)
            case _ if isinstance(happening, _INTENT):
                self._take_intent(happening)

    def _take_report(self, report: ReaderReport) -> None:
        match report:
            case CardTapped(card):
                log.info("card", technology=card.technology)
                self._move(machine.tapped(self._state, card, self._store.snapshots.of_card(card.uid), self._world()))
                self._patience.touch(self._clock.monotonic())
            case CardRefused(code):
                self._move(machine.unreadable(self._state, code, self._world()))
            case CardRemoved():
                pass
            case ReaderReady():
                self._reader_ready = True
            case ReaderMissing(reason):
                log.warning("no card reader", reason=reason)
                self._reader_ready = False
            case _:
                assert_never(report)

    def _take_intent(self, intent: Intent) -> None:
        self._patience.touch(self._clock.monotonic())
        if isinstance(intent, LanguageChosen):
            self._speak(intent.language)
        self._move(machine.touched(self._state, intent, self._world()))

    def _take_news(self, news: News) -> None:
        now = self._clock.monotonic()
        match news:
            case Vouched(uid, authority, snapshot):
                self._move(machine.vouched(self._state, uid, authority, snapshot))
            case Disowned(uid, code):
                self._move(machine.disowned(self._state, uid, code, self._world()))
            case Denied(request, code, data):
                self._move(machine.refused(self._state, request, code, (data, now)))
            case Settled(upto, refused, parked):
                self._move(machine.settled(self._state, upto, refused, parked))
            case MemberSnapshot():
                self._move(machine.learned(self._state, news))
            case Granted():
                self._take_grant(news)
            case Forgotten(member):
                guest = guest_of(self._state)
                if guest is not None and guest.snapshot.member == member:
                    self._move((Idle(), ()))
            case _:
                assert_never(news)

    def _take_grant(self, granted: Granted) -> None:
        if not self._sync.is_new(granted):
            return
        grant = granted.grant
        waiting = machine.granted(self._state, grant.spend)
        if waiting is None or (grant.deadline <= self._clock.now() and self._clock.trust() == "ntp"):
            self._sync.give_back(granted)
            return
        seq = self._sync.spend(granted)
        voucher = OpenVoucher(grant.spend, grant.reward, self._clock.now())
        newest = self._store.snapshots.of_member(grant.member) or waiting.guest.snapshot
        self._move(machine.spent(waiting, voucher, seq, newest))

    def _move(self, step: Step) -> None:
        state, effects = step
        before, self._state = self._state, state
        if _uid_of(state) not in (None, _uid_of(before)):
            self._patience.begin(self._clock.monotonic())
        self._greet(guest_of(before), guest_of(state))
        for effect in effects:
            self._carry_out(effect)

    def _greet(self, before: Guest | None, now: Guest | None) -> None:
        """Speak the language of whoever has just been recognised, and the store's again when they are gone."""
        if now is not None and (before is None or before.card.uid != now.card.uid):
            if now.snapshot.language in LANGUAGES:
                self._speak(str(now.snapshot.language))
        elif isinstance(self._state, Idle) and before is not None:
            self._speak(self._default_language())

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case PresentCard(request, card):
                self._sync.ask(request, requests.PresentCard(card))
            case AskLease():
                body = requests.AskLease(effect.spend, effect.visit, effect.reward, effect.points)
                self._sync.ask(effect.request, body)
            case KeepEvidence(card):
                self._store.chain.append([CardSeen(card)], self._sync.stamp("kiosk"), self._sync.draw(1))
            case _:
                assert_never(effect)

    def _follow_up(self) -> None:
        try:
            self._sync.pump()
        except StoreError as error:
            self._store_failed(error)
        shown = frame(self._state, self._scene())
        if shown != self._shown:
            self._shown = shown
            self._stage.show(shown)

    def _world(self) -> World:
        fresh = Fresh(self._sync.new_id(), self._sync.new_id())
        return World(self._sync.online, self._sync.may_spend, self._clock.monotonic(), fresh)

    def _scene(self) -> Scene:
        documents = self._store.documents
        return Scene(
            texts=self._texts,
            now=self._clock.now(),
            online=self._sync.online,
            reader_ready=self._reader_ready,
            writable=self._store.is_writable,
            catalogue=documents.catalogue,
            programme=documents.programme,
            configuration=documents.configuration,
            picture_of=self._stage.picture_of,
            ending=self._ending(),
        )

    def _ending(self) -> Ending:
        configuration = self._store.documents.configuration or DEFAULTS
        return self._patience.ending(self._state, configuration, self._clock.monotonic())

    def _default_language(self) -> str:
        return (self._store.documents.configuration or DEFAULTS).languages[0]

    def _speak(self, language: str) -> None:
        self._texts = Texts(language, self._texts.zone)

    def _store_failed(self, error: StoreError) -> None:
        log.critical("the store does not take anything", reason=str(error))
        now = self._clock.monotonic()
        self._failed_at = now
        code = ErrorCode.STORE_FULL if isinstance(error, StoreFullError) else ErrorCode.STORE_READ_ONLY
        self._state = Refused(code, {}, None, now)

    def _reopen_if_due(self) -> None:
        now = self._clock.monotonic()
        if self._failed_at is None or now - self._failed_at < REOPEN_S:
            return
        self._failed_at = None
        if self._store.is_whole or self._store.reopen(self._clock.now()):
            self._sync.reopened()
        else:
            self._failed_at = now

    def _health(self) -> Heartbeat:
        chain, now = self._store.chain, self._clock.now()
        disk_free, memory = self._stage.room_bytes()
        reader: Literal["ready", "missing"] = "ready" if self._reader_ready else "missing"
        return Heartbeat(
            at=now,
            clock=self._clock.trust(),
            unconfirmed=chain.unconfirmed,
            oldest_unconfirmed_s=chain.oldest_unconfirmed_age_s(now),
            reader=reader,
            frame_age_ms=self._stage.frame_age_ms(),
            disk_free_bytes=disk_free,
            memory_bytes=memory,
            journal="writable" if self._store.is_writable else "read_only",
            snapshots=len(self._store.snapshots),
        )


def _uid_of(state: State) -> str | None:
    card = card_of(state)
    return None if card is None else card.uid
