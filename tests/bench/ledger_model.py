"""Random games on both databases against a naive model, writers that race on a ring of accounts, and deaths.

Games are decided by their seeds, one after the other; `--seed N` goes on from there. After each game every balance, lot
and tier is compared with the model, and all balances are rebuilt from their entries. Then WRITERS threads move value
round rings and out of single accounts at once, for so many rounds, and batches and a day end are killed at every
statement. No figure here is a time: what counts is that `mismatches` is 0.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random

from hub import migrations
from hub.db.session import Database
from hub.ledger import service as ledger
from protocol.ids import derived_id
from tests.bench.report import Options, Report, Size, options, publish
from tests.hub.world import START
from tests.model.crash import Batch, DayEnd, Scene
from tests.model.game import Game, MismatchError
from tests.model.moves import MOVES
from tests.model.races import AMOUNT_MAX, WRITERS, all_at_once, held, move, move_around, open_accounts, ring
from tests.model.seeded import play
from tests.model.stage import Stage
from tests.model.state import dump
from tests.services.postgresql import FORGETFUL, Server, free_port

ITEMS = {Size.QUICK: 1_000, Size.NORMAL: 50_000, Size.FULL: 500_000}
"""Items on each database."""
GAME_ITEMS = 1_000
ROUNDS = {Size.QUICK: 10, Size.NORMAL: 1_000, Size.FULL: 5_000}
"""Moves of each writer, on rings and out of single accounts."""
RING_ROUNDS = 25
"""After so many moves of each writer there is a new ring: value that goes round splits into ever smaller lots."""
RING_ACCOUNTS = 4
EACH = 60
"""What every account of a ring begins with: little, so that writers often find too little."""
RETURN_TIMEOUT_S = 3_600
LONG = timedelta(days=40)
"""After so long a day end has something to do."""

STRIDE = {Size.QUICK: 29, Size.NORMAL: 1, Size.FULL: 1}
"""Every so manieth statement is deadly."""


def main() -> None:
    """Play, race and die; a mismatch makes the bench fail."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--seed", type=int, default=0)
    known, sys.argv[1:] = parser.parse_known_args()
    asked = options(__doc__ or "")
    report = measure(asked, known.seed)
    publish(report, asked)
    sys.exit(1 if report.figures["mismatches"] else 0)


def measure(asked: Options, seed: int) -> Report:
    """Do everything on both databases, and add up what was found."""
    results: Counter[str] = Counter()
    with _databases() as databases:
        for database in databases:
            stage = Stage.build(database)
            results += games(stage, seed, ITEMS[asked.size])
            results["deaths"] += deaths(stage, STRIDE[asked.size])
            moves, difference = race(database, ROUNDS[asked.size])
            results += Counter(race_moves=moves, mismatches=difference + faults(database))
    figures = {name: results.pop(name, 0) for name in ("items", "applied", "mismatches", "race_moves", "deaths")}
    return Report("ledger-model", {**figures, **{f"refused {code}": count for code, count in results.most_common()}})


@contextmanager
def _databases() -> Iterator[list[Database]]:
    server = Server.start(free_port(), FORGETFUL)
    try:
        with tempfile.TemporaryDirectory(prefix="membertap-bench-") as folder:
            server.create("hub")
            urls = [f"sqlite:///{Path(folder) / 'hub.db'}", server.url("hub")]
            for url in urls:
                migrations.upgrade(url)
            databases = [Database(url) for url in urls]
            yield databases
            for database in databases:
                database.close()
    finally:
        server.stop()


def games(stage: Stage, seed: int, items: int) -> Counter[str]:
    """Play one game after the other until so many items were booked; how often what became of them."""
    results: Counter[str] = Counter()
    while results["items"] < items:
        try:
            found = play(stage, seed, GAME_ITEMS).results
        except MismatchError as error:
            sys.stderr.write(f"{error}\n")
            found = Counter(mismatches=1, items=GAME_ITEMS)
        else:
            found["items"] = found.total()
        results += found
        seed += 1
    return results


def deaths(stage: Stage, stride: int) -> int:
    """Kill batches of three sizes and a day end at their statements; how often they died."""
    database, choose = stage.world.hub.database, Random(3)
    game = Game.begin(stage)
    for _ in range(4):
        game.play(list(MOVES), choose)
        game.pass_time(timedelta(minutes=1))
    before, died = dump(database), 0
    for moves in (["buy", "return_goods", "hold", "top_up"], list(MOVES), list(MOVES) * 3):
        scene = Scene(database, before, Batch(game.make(moves, choose)), game.now)
        died += scene.die_everywhere(is_whole=True, stride=stride)
    return died + Scene(database, before, DayEnd(), game.now + LONG).die_everywhere(is_whole=False, stride=stride)


def race(database: Database, rounds: int) -> tuple[int, int]:
    """Have writers move value between the same accounts at once; how often, and what is too much or too little.

    They are spread over two pools of connections, as over two processes: one has fewer connections than WRITERS.
    """
    moves = difference = 0
    with closing(Database(database.url.render_as_string(hide_password=False))) as other:
        pools = (database, other)
        for number, first in enumerate(range(0, rounds, RING_ROUNDS)):
            accounts, length = ring(RING_ACCOUNTS, f"{number}"), min(RING_ROUNDS, rounds - first)
            open_accounts(database, accounts, each=EACH, now=START)
            round_ring = [
                partial(move_around, pools[one % 2], accounts, length, seed=number * WRITERS + one, now=START)
                for one in range(WRITERS)
            ]
            moves += sum(all_at_once(round_ring, timeout_s=RETURN_TIMEOUT_S)) + WRITERS
            # Now all writers want what the first account holds, and the last one takes it in.
            path, shares = (accounts[0], accounts[-1]), held(database, accounts)
            facts = [derived_id(accounts[0], f"out.{one}") for one in range(WRITERS)]
            out_of_one = [
                partial(move, pools[one % 2], fact, path, AMOUNT_MAX, now=START) for one, fact in enumerate(facts)
            ]
            taken = all_at_once(out_of_one, timeout_s=RETURN_TIMEOUT_S).count(None)
            difference += abs(sum(shares) - RING_ACCOUNTS * EACH) + abs(taken - shares[0] // AMOUNT_MAX)
            difference += abs(sum(held(database, accounts)) - RING_ACCOUNTS * EACH)
    return moves, difference


def faults(database: Database) -> int:
    """Rebuild all balances; how many do not agree."""
    with database.read() as session:
        found = ledger.prove(session).faults
    for fault in found:
        sys.stderr.write(f"{fault}\n")
    return len(found)


if __name__ == "__main__":
    main()
