"""What was delivered and is not booked yet, and whose turn it is. Pure: no thread, no clock, no client.

Somebody stands in front of a kiosk that asks; nobody waits for a journal that comes a month late. So births, requests
and reports go first, and journals share what is left of a round, one envelope of each kiosk after the other. An
envelope for which there is no room is let go: its kiosk sends again whatever no receipt confirms.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from protocol import topics
from protocol.limits import REQUEST_EXPIRY_S, WINDOW_MAX_BATCHES
from protocol.topics import Channel

ROUND_MAX_MESSAGES = 200
"""Most messages in one round that are not envelopes, and most envelopes."""

ROUND_MAX_BYTES = 512 * 1024
"""Most bytes of envelopes in one round, some 2,000 events: what a request that comes meanwhile has to wait for."""

SHARED_ROUND_MAX_BYTES = 64 * 1024
"""Most of them while somebody asks: a question waits for the round before its own, and for the end of its own."""

ASKING_S = 5.0
"""How long after a question another is expected."""

KIOSK_MAX_ENVELOPES = 2 * WINDOW_MAX_BATCHES
"""Most envelopes of one kiosk that wait: its window, and once more after it was born again."""

BACKLOG_MAX_BYTES = 64 * 1024 * 1024
"""Most bytes of envelopes that wait; beyond them a kiosk has no more than one."""

URGENT = (Channel.STATUS, Channel.REQUESTS, Channel.REPORTS)
"""What is never refused and goes first, in this order, before telemetry."""


class Delivered(Protocol):
    """A message as the line delivers it."""

    @property
    def topic(self) -> str:
        """Where it was published."""

    @property
    def payload(self) -> bytes:
        """What it says."""


Message = TypeVar("Message", bound=Delivered)


@dataclass(slots=True)
class Backlog(Generic[Message]):
    """Messages that wait. What it lets go of must be acknowledged all the same."""

    _urgent: dict[Channel | None, deque[tuple[datetime, Message]]] = field(
        default_factory=lambda: {channel: deque() for channel in (*URGENT, None)}
    )
    _envelopes: dict[str, deque[Message]] = field(default_factory=dict)
    _bytes: int = 0
    _asked_at: datetime | None = None

    def __len__(self) -> int:
        return self.urgent + sum(map(len, self._envelopes.values()))

    @property
    def urgent(self) -> int:
        """How many messages wait that are not envelopes: these are never refused."""
        return sum(map(len, self._urgent.values()))

    def put(self, message: Message, now: datetime) -> bool:
        """Let a message wait; False where it is let go."""
        address = topics.parse(message.topic)
        if address is not None and address.channel is Channel.EVENTS:
            return self._put_envelope(address.kiosk, message)
        channel = address.channel if address is not None and address.channel in URGENT else None
        if channel is Channel.REQUESTS:
            self._asked_at = now
        self._urgent[channel].append((now, message))
        return True

    def take(self, now: datetime) -> tuple[list[Message], list[Message]]:
        """The next round, and what is let go because nobody waits for its answer any more."""
        taken: list[Message] = []
        late: list[Message] = []
        oldest = now - timedelta(seconds=REQUEST_EXPIRY_S)
        is_asked = self._asked_at is not None and now - self._asked_at <= timedelta(seconds=ASKING_S)
        for channel, waiting in self._urgent.items():
            while waiting and len(taken) < ROUND_MAX_MESSAGES:
                came_at, message = waiting.popleft()
                (late if channel is Channel.REQUESTS and came_at < oldest else taken).append(message)
        self._take_envelopes(taken, SHARED_ROUND_MAX_BYTES if is_asked else ROUND_MAX_BYTES)
        return taken, late

    def _put_envelope(self, kiosk: str, message: Message) -> bool:
        waiting = self._envelopes.get(kiosk)
        size = len(message.payload)
        if waiting is None:
            self._envelopes[kiosk] = waiting = deque()
        elif len(waiting) >= KIOSK_MAX_ENVELOPES or self._bytes + size > BACKLOG_MAX_BYTES:
            return False
        elif any(message.payload == other.payload for other in waiting):
            # Its kiosk has waited too long for a receipt; once is enough.
            return False
        waiting.append(message)
        self._bytes += size
        return True

    def _take_envelopes(self, taken: list[Message], room: int) -> None:
        # Kiosks stand in a line: who has had a turn, and has more, goes to its end.
        most = len(taken) + ROUND_MAX_MESSAGES
        while self._envelopes and len(taken) < most and room > 0:
            kiosk = next(iter(self._envelopes))
            waiting = self._envelopes.pop(kiosk)
            message = waiting.popleft()
            taken.append(message)
            room -= len(message.payload)
            self._bytes -= len(message.payload)
            if waiting:
                self._envelopes[kiosk] = waiting
