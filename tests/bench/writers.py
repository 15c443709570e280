"""Writers of a ledger bench: processes of their own, each with its own connection, which book when they are told."""

from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Self
from uuid import UUID

from hub import secrets
from hub.commands.process import spare_the_collector
from hub.composition import compose
from hub.db.session import Database
from hub.intake import ByKey
from tests.bench.chain import Till


@dataclass(frozen=True, slots=True)
class Share:
    """What one writer works on."""

    url: str
    secrets: Path
    source: ByKey
    members: Sequence[UUID]
    seed: int


class Writer:
    """One process that books batches of purchases."""

    def __init__(self, share: Share) -> None:
        context = get_context("spawn")
        self._line, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(share, theirs), daemon=True)
        self._process.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._line.send(0)
        self._process.join()

    def prepare(self, batches: int) -> None:
        """Have it make so many batches and wait."""
        self._line.send(batches)

    def wait(self) -> None:
        """Wait until what it was told last is done.

        Raises:
            RuntimeError: if the writer failed; it has said why on standard error.
        """
        try:
            self._line.recv()
        except EOFError:
            raise RuntimeError("a writer has failed") from None

    def go(self) -> None:
        """Have it book what it has made."""
        self._line.send(None)


def _serve(share: Share, line: Connection) -> None:
    database = Database(share.url)
    hub = compose(database, secrets.read(share.secrets))
    till = Till(share.source, share.members, Random(share.seed))
    spare_the_collector()
    while count := line.recv():
        batches = till.batches(count)
        line.send("made")
        line.recv()
        for batch in batches:
            refused = [outcome for outcome in hub.book(batch) if not outcome.is_applied]
            assert not refused, refused[0]
        line.send("booked")
    database.close()
