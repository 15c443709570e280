"""Pure rules of logging in: which passwords are taken, how long who failed waits, who needs a second factor."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from zxcvbn import zxcvbn

from hub.staff.permissions import WITHOUT_SECOND_FACTOR
from protocol.errors import ErrorCode

PASSWORD_MIN_CHARS = 12
PASSWORD_MAX_CHARS = 128
PASSWORD_MIN_DISTINCT_CHARS = 5
PASSWORD_MIN_STRENGTH = 3
"""Of 0 to 4: more than 10^8 guesses."""

JUDGED_MAX_CHARS = 72
"""So many characters are judged, because judging takes longer than in proportion."""

TELLING_MIN_CHARS = 4
"""So long a part of somebody's login or name makes a password easy to guess; shorter ones stand in many words."""


def password_refusal(password: str, telling: Iterable[str]) -> ErrorCode | None:
    """Why a password is not taken; None where it is. `telling` is what others know of the person: login and name.

    Length counts and composition does not (OWASP ASVS 5.0, 6.2.1 and 6.2.5). zxcvbn knows 30,000 common passwords, rows
    of keys and dates, and tells how many guesses somebody needs who knows them too (6.2.4).
    """
    if len(password) < PASSWORD_MIN_CHARS:
        return ErrorCode.PASSWORD_TOO_SHORT
    if len(password) > PASSWORD_MAX_CHARS:
        return ErrorCode.PASSWORD_TOO_LONG
    folded = password.casefold()
    words = {word for text in telling for word in (text, *text.split())}
    tells = any(word.casefold() in folded for word in words if len(word) >= TELLING_MIN_CHARS)
    if tells or len(set(folded)) < PASSWORD_MIN_DISTINCT_CHARS or _strength(password, words) < PASSWORD_MIN_STRENGTH:
        return ErrorCode.PASSWORD_GUESSABLE
    return None


def _strength(password: str, words: Iterable[str]) -> int:
    strength: int = zxcvbn(password[:JUDGED_MAX_CHARS], user_inputs=sorted(words))["score"]
    return strength


def needs_second_factor(permissions: Iterable[str]) -> bool:
    """Tell whether whoever may do this must prove it is them in a second way."""
    return not set(permissions) <= {permission.value for permission in WITHOUT_SECOND_FACTOR}


@dataclass(frozen=True, slots=True)
class Patience:
    """How failures slow somebody down: the first few are free, then each doubles the wait, up to a longest one."""

    free: int
    longest_s: int

    def wait_s(self, failures: int) -> int:
        """How long to wait after so many failures in a row."""
        if failures < self.free:
            return 0
        return min(1 << min(failures - self.free, 30), self.longest_s)


PATIENCE_LOGIN = Patience(free=5, longest_s=900)
"""With one login: at its slowest 96 tries a day, and never locked for good."""

PATIENCE_SOURCE = Patience(free=30, longest_s=60)
"""From one address: a whole shop may stand behind it."""

FORGOTTEN_AFTER_H = 24
"""Failures so long ago count no more."""


@dataclass(frozen=True, slots=True)
class Failures:
    """How often somebody failed in a row, and when last."""

    count: int
    last_at: datetime

    def wait_s(self, patience: Patience, now: datetime) -> int:
        """How many seconds are still to wait, rounded up; 0 where the next try is welcome."""
        if now - self.last_at >= timedelta(hours=FORGOTTEN_AFTER_H):
            return 0
        left = self.last_at + timedelta(seconds=patience.wait_s(self.count)) - now
        return max(0, -(-left // timedelta(seconds=1)))
