"""What can be wrong with a desk. Trying again is of no use before the cause is gone."""

from enum import StrEnum


class Problem(StrEnum):
    """Why a card was not laid down; the page has a sentence for each."""

    NAME_UNKNOWN = "name_unknown"
    NOTHING_TO_COPY = "nothing_to_copy"


class DeskError(Exception):
    """The desk cannot work with the files that it was given, or cannot be reached."""


class CardError(DeskError):
    """A card cannot be laid down."""

    def __init__(self, problem: Problem, message: str) -> None:
        super().__init__(message)
        self.problem = problem
