"""Members brought in from a file, every field sealed and indexed, into SQLite and PostgreSQL; every commit on the disk.

The file goes the whole way: taken in, checked, run piece by piece. Only the run is timed. Beside it as many rows of the
same width are written bare, by COPY or by one prepared statement, in the same number of transactions.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from uuid import UUID

from sqlalchemy import LargeBinary, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from hub import migrations, secrets
from hub.clock import system_random
from hub.commands.process import spare_the_collector
from hub.composition import Hub, compose
from hub.db.bulk import insert_rows
from hub.db.session import Database
from hub.imports import service
from hub.imports.columns import guessed
from hub.imports.models import Import
from hub.imports.service import PIECE_ROWS, Plan
from hub.jobs import import_worker
from hub.ledger import service as ledger
from protocol.ids import event_id
from tests.bench import chain
from tests.bench.report import Options, Report, Size, options, publish
from tests.services.postgresql import DURABLE, Server, free_port

ROWS = {Size.QUICK: 5_000, Size.NORMAL: 100_000, Size.FULL: 100_000}
BARE_BYTES = 600
"""About what one member's rows have together."""

HEADER = "姓名,手机号,邮箱,生日,性别,地址,积分"


class Bases(DeclarativeBase):
    """Base of what is no table of the hub's."""


class Bare(Bases):
    """A row that is only written."""

    __tablename__ = "bare"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    filler: Mapped[bytes] = mapped_column(LargeBinary)


def main() -> None:
    """Measure and publish."""
    asked = options(__doc__ or "")
    with tempfile.TemporaryDirectory(prefix="membertap-bench-") as folder:
        publish(measure(Path(folder), asked), asked)


def measure(folder: Path, asked: Options) -> Report:
    """Measure on both databases, one after the other."""
    rows = ROWS[asked.size]
    figures: dict[str, float] = {"rows": rows}
    ratios: dict[str, float] = {}
    spare_the_collector()
    server = Server.start(free_port(), DURABLE)
    try:
        server.create("hub")
        for name, url in (("sqlite", f"sqlite:///{folder / 'hub.db'}"), ("postgresql", server.url("hub"))):
            hub = _hub(url, folder)
            taken_s, bare_s = _run(hub, rows), _bare(hub, rows)
            figures[f"{name}_s"], figures[f"rows_per_s_{name}"] = taken_s, rows / taken_s
            ratios[f"{name}_to_bare"] = taken_s / bare_s
            hub.database.close()
    finally:
        server.stop()
    return Report("import", figures, ratios)


def _hub(url: str, folder: Path) -> Hub:
    migrations.upgrade(url)
    path = folder / "secrets.json"
    known = secrets.read(path) if path.exists() else secrets.create(path, system_random)
    hub = compose(Database(url), known)
    chain.found(hub)
    return hub


def _run(hub: Hub, rows: int) -> float:
    """Bring a file in; how long its run took, in seconds."""
    worker = import_worker(hub)
    id_ = event_id(int(hub.clock().timestamp() * 1000), hub.random_bytes(10))
    taken = service.take_in(hub.vault, id_, "\n".join([HEADER, *_lines(rows, Random(1))]).encode())
    with hub.database.write() as session:
        one = service.add(session, id_, taken, actor="bench", now=hub.clock())
        columns = guessed(service.header_of(hub.vault, one))
        service.begin_check(session, one, Plan(columns, "skip", chain.STORE))
    worker.run()
    with hub.database.write() as session:
        service.begin_run(session, session.get_one(Import, id_), hub.clock())
    began = time.perf_counter()
    worker.run()
    taken_s = time.perf_counter() - began
    _prove(hub, id_, rows)
    return taken_s


def _lines(rows: int, random: Random) -> Iterator[str]:
    """People whose names share surnames, as people's do."""
    surnames = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"
    for number in range(rows):
        given = "".join(chr(random.randrange(0x4E00, 0x5E00)) for _ in range(random.randint(1, 2)))
        birthday = f"{random.randint(1950, 2008)}-{random.randint(1, 12):02d}-{random.randint(1, 28):02d}"
        contact = f"139{number:08d},u{number}@example.com"
        yield f"{random.choice(surnames)}{given},{contact},{birthday},女,幸福路{number}号,{random.randrange(500)}"


def _prove(hub: Hub, id_: UUID, rows: int) -> None:
    """A time counts only if everybody has joined and the books are right."""
    with hub.database.read() as session:
        one = session.get_one(Import, id_)
        assert (one.state, one.joined) == ("done", rows), service.shown(one)
        assert ledger.prove(session).faults == ()


def _bare(hub: Hub, rows: int) -> float:
    """Write as many rows bare; how long that took, in seconds."""
    Bases.metadata.create_all(hub.database.engine)
    filler, now_ms = hub.random_bytes(BARE_BYTES), int(hub.clock().timestamp() * 1000)
    began = time.perf_counter()
    for first in range(0, rows, PIECE_ROWS):
        ids = [event_id(now_ms, hub.random_bytes(10)) for _ in range(min(PIECE_ROWS, rows - first))]
        with hub.database.write() as session:
            insert_rows(session, Bare, ("id", "filler"), [(id_, filler) for id_ in ids])  # type: ignore[arg-type]
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
