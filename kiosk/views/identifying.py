"""The short moment between a tap and the hub's answer, for a card this kiosk does not know yet."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IdentifyingView:
    """One calm line while the hub looks the card up."""

    message: str
