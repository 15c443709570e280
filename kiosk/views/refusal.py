"""The refusal screen: a kind sentence that says what happened and what to do."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RefusalView:
    """`icon` is the name of a Phosphor icon; `code` is shown small, for whoever helps the customer."""

    icon: str
    title: str
    sentence: str
    code: str
    dismiss_label: str
