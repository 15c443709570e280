"""The end of a game: everything that broke is mended, people do what is theirs to do, and all that waited arrives."""

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from hub.fleet.models import Stream
from hub.leases.models import Lease, StockLease
from hub.leases.rules import OPEN
from hub.restores import service as restores
from hub.restores.models import AwaitedKiosk
from kiosk.outbox import Trust
from kiosk.visit.intents import Dismissed, VisitEnded
from tests.simulation.disk import SimDisk
from tests.simulation.faults import accept_epochs, decide_on
from tests.simulation.kiosk import SimKiosk
from tests.simulation.network import Weather

if TYPE_CHECKING:
    from tests.simulation.game import Game

CALM_S = 120.0
ROUNDS_MAX = 12
"""How often it is looked whether all has arrived, CALM_S apart."""


def heal(game: "Game") -> None:
    """Mend everything and let it come to rest."""
    chain = game.chain
    chain.broker.weather = game.weather = Weather()
    chain.broker.start()
    chain.watch.left, chain.dies_before_publishing, chain.comes_back_s = 0, False, None
    chain.start_hub()
    for copy in game.copies:
        copy.pull_the_plug()
    for kiosk in game.kiosks:
        _mend(kiosk)
    _settle(game)
    for kiosk in game.kiosks:
        _replace_if_forked(game, kiosk)
    _release_all(game)
    _settle(game)
    _decide_on_the_dead(game)
    game.do_jobs()
    _settle(game)


def _mend(kiosk: SimKiosk) -> None:
    if kiosk.is_running:
        # Whatever was still going to break has been mended in time, and a restart is always allowed.
        kiosk.kill()
    disk = kiosk.disk
    disk.faults.clear()
    disk.room_bytes = SimDisk().room_bytes
    disk.after_step = SimDisk().after_step
    kiosk.clock.offset, kiosk.clock.is_disciplined = timedelta(), True
    kiosk.is_cut_off = False
    kiosk.switch_on()


def _settle(game: "Game") -> None:
    for _ in range(ROUNDS_MAX):
        for kiosk in game.kiosks:
            kiosk.handle(Dismissed())
            kiosk.handle(VisitEnded())
        game.chain.run(CALM_S)
        for kiosk in game.kiosks:
            accept_epochs(game, kiosk.id)
        if all(kiosk.store.chain.unconfirmed == 0 and kiosk.sync.online for kiosk in game.kiosks):
            break


def _release_all(game: "Game") -> None:
    """A restored hub that still waits for a journal, because it ended with its disk, is told to wait no more."""
    database, now = game.chain.world.hub.database, game.chain.time.now()
    with database.write() as session:
        for awaited in session.execute(select(AwaitedKiosk).where(AwaitedKiosk.state == "waiting")).scalars():
            restores.release(awaited, now, by="person:test", reason="its disk was lost")


def _replace_if_forked(game: "Game", kiosk: SimKiosk) -> None:
    """Give a kiosk whose journal went two ways a new disk: nobody can say any more what it holds."""
    with game.chain.world.hub.database.read() as session:
        stream = session.get(Stream, (kiosk.id, kiosk.store.chain.epoch))
        is_forked = stream is not None and stream.state == "forked"
    if is_forked or kiosk.sync.outbox.trust is Trust.FORKED:
        game.truth.lost.add(kiosk.store.chain.epoch)
        kiosk.kill()
        kiosk.disk = SimDisk()
        kiosk.switch_on()


def _decide_on_the_dead(game: "Game") -> None:
    """Leases of journals that ended will never be closed by them: a person counts them as spent."""
    epochs = {(kiosk.id, kiosk.store.chain.epoch) for kiosk in game.kiosks}
    with game.chain.world.hub.database.read() as session:
        found = [
            row
            for table in (Lease, StockLease)
            for row in session.execute(select(table.kiosk, table.number, table.epoch).where(table.state.in_(OPEN)))
        ]
    for row in sorted(found):
        if (row.kiosk, row.epoch) not in epochs:
            decide_on(game, row.kiosk, row.number, "spent")
