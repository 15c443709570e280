"""What a record of a journal can do. A record holds one or more of these and takes effect whole or not at all."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Put:
    """Store a document under its id, in the place of one that is there. `data` is kept byte for byte."""

    table: str
    doc_id: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Remove:
    """Take a document away; nothing happens if it is not there."""

    table: str
    doc_id: int


@dataclass(frozen=True, slots=True)
class Clear:
    """Empty a table, or begin it. Its next id stays."""

    table: str


@dataclass(frozen=True, slots=True)
class Drop:
    """End a table. Its next id stays, should it ever begin again."""

    table: str


@dataclass(frozen=True, slots=True)
class Advance:
    """Hand out no id below `next_id` in a table, whether it exists or not."""

    table: str
    next_id: int


Operation = Put | Remove | Clear | Drop | Advance
