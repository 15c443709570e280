"""Somebody who taps, redeems and goes, again and again, told to a kiosk as its reader and its screen would tell it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from uuid import UUID

from devices.cards import ntag424
from devices.cards.keys import CardKeys
from devices.reader import CardRemoved, CardTapped
from kiosk.happenings import Happening
from kiosk.visit.intents import RedeemConfirmed, RewardChosen, VisitEnded
from protocol.events import CardEvidence

STEP_S = 0.4
"""Between what somebody does at the screen: long enough for an answer of the hub, most of the time."""
TAPS_PER_S = 4


@dataclass(frozen=True, slots=True)
class Visitor:
    """A member's dynamic card, with its keys in hexadecimal digits, and the reward that the member wants."""

    uid: str
    meta_key: str
    file_key: str
    reward: UUID
    points: int

    def come_for_ever(self, put: Callable[[Happening], None]) -> None:
        """Come, ask for the reward and go."""
        random = Random()
        while True:
            time.sleep(random.uniform(0, 4 * STEP_S))
            put(CardTapped(self._tap(random)))
            put(CardRemoved())
            time.sleep(STEP_S)
            put(RewardChosen(self.reward, self.points))
            put(RedeemConfirmed())
            time.sleep(random.uniform(0, 4 * STEP_S))
            put(VisitEnded())

    def _tap(self, random: Random) -> CardEvidence:
        # A card remembers how often it was read; the time stands in for that over kills. It wraps after weeks.
        counter = int(time.time() * TAPS_PER_S) % (ntag424.COUNTER_MAX // 2) + 1
        keys = CardKeys(bytes.fromhex(self.meta_key), bytes.fromhex(self.file_key))
        message = ntag424.compose(keys, ntag424.Tap(bytes.fromhex(self.uid), counter), random.randbytes(5))
        url = f"https://card.example/t?e={message.picc.hex()}&c={message.mac.hex()}"
        return CardEvidence("ntag424", self.uid, url)
