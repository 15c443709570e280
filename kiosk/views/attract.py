"""The attract screen: what a passer-by sees."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AttractView:
    """`headline` is the one thing to do; `subtitle` says it in the other language; `hint` says how.

    With `usable` false (no reader, no storage) the headline says what is wrong and nothing invites a tap.
    """

    headline: str
    subtitle: str
    hint: str
    card_label: str
    usable: bool
