"""When a visit ends by itself, and when to ask whether anybody is still there. Pure."""

from dataclasses import dataclass
from math import ceil

from kiosk.scene import Ending
from kiosk.visit.states import Idle, Redeeming, Refused, Showing, State
from protocol.state import Configuration

VOUCHER_EXTRA_S = 20
"""A voucher stays longer than other screens: the customer takes a picture of it."""

DEFAULTS = Configuration(chain_names={}, store_names={}, languages=["zh", "en"])
"""Times that hold until the hub's configuration has come for the first time."""


@dataclass(slots=True)
class Patience:
    """Since when somebody is here, and when they last did something; seconds of a clock that only grows."""

    began: float = 0.0
    touched: float = 0.0

    def begin(self, now: float) -> None:
        """A visit begins."""
        self.began = self.touched = now

    def touch(self, now: float) -> None:
        """Somebody did something."""
        self.touched = now

    def ending(self, state: State, configuration: Configuration, now: float) -> Ending:
        """How long the visit still lasts if nobody does anything."""
        if isinstance(state, Idle | Redeeming) or (isinstance(state, Refused) and state.guest is None):
            return Ending()
        extra = VOUCHER_EXTRA_S if isinstance(state, Showing) else 0
        left = min(
            self.touched + configuration.idle_end_s + extra - now,
            self.began + configuration.visit_s + extra - now,
        )
        asks = now - self.touched >= configuration.idle_warn_s + extra
        return Ending(max(ceil(left), 0), asks)
