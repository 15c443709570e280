"""The one place where a kiosk's parts meet: what happens comes in here, one after the other, on one thread.

Readers, screens and the line only put things on the conductor's queue. It takes them to the visit, carries out what the
visit wants done, keeps the store and the line going, and shows a new frame whenever it differs from the last.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never, get_args
from zoneinfo import ZoneInfo

import structlog

from devices.reader import CardRefused, CardRemoved, CardTapped, ReaderMissing, ReaderReady, ReaderReport
from devices.scanner import CodeScanned, ScannerMissing, ScannerReady, ScannerReport
from kiosk.bookkeeping import Bookkeeping
from kiosk.happenings import (
    Arrived,
    Happening,
    LineDown,
    LineUp,
    NeighbourReport,
    NoteCame,
    PassAsked,
    PictureCame,
)
from kiosk.health import Surroundings, heartbeat
from kiosk.idle import DEFAULTS, Patience
from kiosk.knowledge import Knowledge
from kiosk.link.hub import Granted
from kiosk.neighbourhood import Alone, Neighbourhood
from kiosk.news import Denied, Disowned, Forgotten, News, Settled, Vouched
from kiosk.ports import Clock, Neighbours
from kiosk.presenter import frame
from kiosk.scene import Ending, PictureOf, Scene
from kiosk.store.errors import StoreError, StoreFullError
from kiosk.store.local import LocalStore
from kiosk.sync import Sync
from kiosk.texts import LANGUAGES, Texts
from kiosk.views import Frame
from kiosk.visit import earning, machine, redeeming
from kiosk.visit.effects import (
    AskLease,
    AskNeighbours,
    Effect,
    Fresh,
    KeepEvidence,
    KeepReceipt,
    PresentCard,
    SeeNotice,
    SpendLent,
    Step,
    UseUp,
    World,
)
from kiosk.visit.intents import Intent, LanguageChosen
from kiosk.visit.states import Guest, Idle, Redeeming, Refused, State, card_of, guest_of
from protocol import requests
from protocol.errors import ErrorCode
from protocol.events import CardEvidence
from protocol.state import Heartbeat, MemberSnapshot, OpenVoucher

REOPEN_S = 5.0
"""How long a store that failed rests before it is opened again."""

CLOSE_DUE_S = 5.0
"""How often is looked for leases ahead that are past their deadline; nothing is spent from them meanwhile."""

NOBODY = Alone()

log = structlog.get_logger()

_READER = get_args(ReaderReport) + get_args(ScannerReport)
_INTENT = get_args(Intent)
_NEIGHBOUR = get_args(NeighbourReport)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a kiosk shows itself, and what it can tell of itself there."""

    show: Callable[[Frame], None]
    picture_of: PictureOf
    frame_age_ms: Callable[[], int]
    room_bytes: Callable[[], tuple[int, int]]


class Conductor:
    """One kiosk. Give it what happens, and a tick now and then; it is never called from two threads at once."""

    def __init__(
        self,
        store: LocalStore,
        sync: Sync,
        stage: Stage,
        *,
        clock: Clock,
        zone: ZoneInfo,
        neighbours: Neighbours = NOBODY,
    ) -> None:
        self._store = store
        self._sync = sync
        self._stage = stage
        self._clock = clock
        self._texts = Texts(self._default_language(), zone)
        self._knowledge = Knowledge(store)
        self._bookkeeping = Bookkeeping(store, sync, self._knowledge)
        self._neighbourhood = Neighbourhood(store, sync, clock, neighbours)
        self._patience = Patience()
        self._state: State = Idle()
        self._shown: Frame | None = None
        self._reader_ready = False
        self._failed_at: float | None = None
        self._closes_at = 0.0

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
            self._close_due()
            self._leave_fork()
            if self._sync.is_beat_due:
                self._sync.beat(self._health())
        except StoreError as error:
            self._store_failed(error)
        self._reopen_if_due()
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
            case _ if isinstance(happening, _NEIGHBOUR):
                self._take_neighbours(happening)
            case _ if isinstance(happening, _READER):
                self._take_report(happening)
            case _ if isinstance(happening, _INTENT):
                self._take_intent(happening)

    def _take_report(self, report: ReaderReport | ScannerReport) -> None:
        match report:
            case CardTapped(card):
                log.info("card", technology=card.technology)
                self._tapped(card)
                self._patience.touch(self._clock.monotonic())
            case CardRefused(code):
                self._move(machine.unreadable(self._state, code, self._world()))
            case CodeScanned(text):
                self._scanned(text)
            case ScannerMissing(reason):
                log.warning("no scanner", reason=reason)
            case CardRemoved() | ScannerReady():
                pass
            case ReaderReady():
                self._reader_ready = True
            case ReaderMissing(reason):
                log.warning("no card reader", reason=reason)
                self._reader_ready = False
            case _:
                assert_never(report)

    def _tapped(self, card: CardEvidence) -> None:
        known, unbooked, recognition = self._knowledge.of_card(card)
        step = machine.tapped(self._state, card, known, self._world(), recognition=recognition, unbooked=unbooked)
        self._move(step)

    def _scanned(self, text: str) -> None:
        self._patience.touch(self._clock.monotonic())
        found = self._knowledge.scanned(text, guest_of(self._state))
        self._move(earning.scanned(self._state, found, self._world()))
        self._look_again()

    def _take_intent(self, intent: Intent) -> None:
        self._patience.touch(self._clock.monotonic())
        if isinstance(intent, LanguageChosen):
            self._speak(intent.language)
        self._move(machine.touched(self._state, intent, self._world()))

    def _take_news(self, news: News) -> None:
        now = self._clock.monotonic()
        match news:
            case Vouched(uid, authority, snapshot):
                shown, unbooked = self._knowledge.laid_over(snapshot)
                self._move(machine.vouched(self._state, uid, authority, shown, unbooked=unbooked))
            case Disowned(uid, code):
                self._move(machine.disowned(self._state, uid, code, self._world()))
            case Denied(request, code, data):
                self._move(machine.refused(self._state, request, code, (data, now)))
            case Settled(upto, refused, parked):
                self._move(machine.settled(self._state, upto, refused, parked))
                self._look_again()
            case MemberSnapshot():
                self._look_again()
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
        self._show_spent(waiting, seq)

    def _spend_lent(self, effect: SpendLent) -> None:
        waiting = machine.granted(self._state, effect.spend)
        assert waiting is not None, "whoever wants this spent waits for it"
        wish = self._knowledge.wish(waiting)
        seq = self._store.lent.spend(wish, self._sync.pen(f"member:{wish.member}"))
        if seq is None:
            # Its deadline fell between the touch and now: it goes back, and can be had again in a moment.
            self._move((Refused(ErrorCode.POINTS_RECALLED, {}, waiting.guest, self._clock.monotonic()), ()))
            return
        self._show_spent(waiting, seq)

    def _take_neighbours(self, report: NeighbourReport) -> None:
        if isinstance(report, PassAsked):
            self._neighbourhood.answer(report)
            return
        waiting = machine.granted(self._state, report.spend)
        wish = None if waiting is None else self._knowledge.wish(waiting)
        seq = self._neighbourhood.take(report, wish) if isinstance(report, NoteCame) else None
        if waiting is not None and seq is not None:
            self._show_spent(waiting, seq)
        else:
            self._move((redeeming.not_elsewhere(self._state, report.spend, self._clock.monotonic()), ()))

    def _show_spent(self, waiting: Redeeming, seq: int) -> None:
        voucher, guest = OpenVoucher(waiting.spend, waiting.reward, self._clock.now()), waiting.guest
        newest, unbooked = self._knowledge.of_member(guest.snapshot.member) or (guest.snapshot, guest.unbooked)
        self._move(machine.spent(waiting, voucher, seq, newest, unbooked=unbooked))

    def _look_again(self) -> None:
        """Show whoever is here what is known of them by now."""
        guest = guest_of(self._state)
        known = None if guest is None else self._knowledge.of_member(guest.snapshot.member)
        if known is not None:
            self._move(machine.learned(self._state, known[0], unbooked=known[1]))

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
            case SpendLent():
                self._spend_lent(effect)
            case AskNeighbours():
                self._neighbourhood.ask(effect)
            case KeepEvidence() | UseUp() | SeeNotice() | KeepReceipt():
                self._bookkeeping.write(effect)
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
        return World(
            self._sync.online,
            self._sync.may_spend,
            self._clock.monotonic(),
            fresh,
            allowance=self._knowledge.allowance(guest_of(self._state), self._sync.pen()),
            clock=self._clock.trust() != "none",
            neighbours=self._neighbourhood.can_be_asked,
        )

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
            allowance=self._knowledge.allowance(guest_of(self._state), self._sync.pen()),
            clock=self._clock.trust() != "none",
            journal_used_percent=self._store.used_percent,
            chain=self._sync.outbox.trust.value,
            neighbours=self._neighbourhood.can_be_asked,
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

    def _close_due(self) -> None:
        now = self._clock.monotonic()
        if now >= self._closes_at and self._store.is_writable:
            self._closes_at = now + CLOSE_DUE_S
            self._store.lent.close_due(self._sync.pen())

    def _reopen_if_due(self) -> None:
        now = self._clock.monotonic()
        if self._failed_at is None or now - self._failed_at < REOPEN_S:
            return
        self._failed_at = None
        if self._store.is_whole or self._store.reopen(self._clock.now()):
            self._sync.reopened()
        else:
            self._failed_at = now

    def _leave_fork(self) -> None:
        # Whoever stands here ends their visit first: what they have been shown is in the journal that is left.
        if self._store.chain.is_forked and isinstance(self._state, Idle):
            self._store.begin_epoch(self._clock.now())
            self._sync.reopened()

    def _health(self) -> Heartbeat:
        stage = self._stage
        around = Surroundings(self._reader_ready, stage.frame_age_ms(), *stage.room_bytes())
        return heartbeat(self._store, self._sync.outbox.trust, around, self._clock)


def _uid_of(state: State) -> str | None:
    card = card_of(state)
    return None if card is None else card.uid
