"""What breaks in a game, and what a person does about it."""

import errno
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from hub.booking import queries as booking
from hub.fleet import service as fleet
from hub.fleet.endpoints import WAITING
from hub.fleet.models import Kiosk, Stream
from hub.intake import Outcome
from hub.leases.models import Lease
from hub.leases.orders import LeaseWrittenOff
from hub.leases.rules import OPEN
from hub.messaging import versions
from hub.programme.service import Change, publish
from hub.restores import service as restores
from kiosk.store.local import EVENTS
from tests.simulation.deeds import deed
from tests.simulation.disk import Extent, Fault, SimDisk
from tests.simulation.kiosk import SimKiosk
from tests.simulation.schedule import draw_weather

if TYPE_CHECKING:
    from tests.simulation.game import Game

ACCEPTED_S = 300.0
"""How long it takes until a person accepts a new journal."""

MUTE_MAX_S = 45.0
"""How long a dead connection looks alive: one and a half keepalives."""

CHANGES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("expiry", {"kind": "rolling", "months": 1}),
    ("expiry", {"kind": "rolling", "months": 12}),
    ("expiry", {"kind": "rolling", "months": 1, "pending_days": 1}),
    ("earning.1", {"kind": "rate", "points": 2, "per_minor": 100}),
    ("transfers", {"offered": False}),
    ("cash", {"points": 2, "minor": 100, "max_share_bp": 5_000}),
    ("lending", {"share_percent": 100, "cap_points": 500, "kiosks_max": 2, "stock_pieces_max": 1}),
    ("lending", {"share_percent": 100, "cap_points": 700, "kiosks_max": 1, "min_points": 20}),
    ("lending", {"share_percent": 50, "cap_points": 200, "days": 2, "min_points": 20}),
    ("lending", {"share_percent": 0}),
)


@deed
def cut_line(game: "Game", what: dict[str, Any]) -> None:
    """A kiosk has no network for a while."""
    kiosk = game.kiosk(what)
    kiosk.disconnect()
    game.after(what["for_s"], kiosk.connect)


@deed
def cut_store(game: "Game", what: dict[str, Any]) -> None:
    """A store has no network but its own for a while: its kiosks have each other."""
    stores = game.arena.founded.stores
    for kiosk in game.kiosks:
        if stores[kiosk.id] == stores[game.kiosk(what).id]:
            kiosk.disconnect()
            game.after(what["for_s"], kiosk.connect)


@deed
def mute_line(game: "Game", what: dict[str, Any]) -> None:
    """A connection looks alive and carries nothing, until a keepalive finds out."""
    line = game.kiosk(what).uplink.line
    if line is not None:
        line.is_muted = True
        game.after(min(what["for_s"], MUTE_MAX_S), line.fail)


@deed
def slow_line(game: "Game", what: dict[str, Any]) -> None:
    """A kiosk's line is slow for a while."""
    line = game.kiosk(what).uplink.line
    if line is None:
        return
    line.slowness_s = what["slowness_s"]

    def recover() -> None:
        line.slowness_s = 0.0

    game.after(what["for_s"], recover)


@deed
def stop_broker(game: "Game", what: dict[str, Any]) -> None:
    """The broker is away for a while, and may have forgotten everything when it is back."""
    game.chain.broker.stop(is_empty=what["is_empty"])
    game.after(what["for_s"], game.chain.broker.start)


@deed
def change_weather(game: "Game", what: dict[str, Any]) -> None:
    """The network is otherwise for a while."""
    game.chain.broker.weather = draw_weather(Random(what["seed"]), is_bad=True)

    def clear_up() -> None:
        game.chain.broker.weather = game.weather

    game.after(what["for_s"], clear_up)


@deed
def kill_hub(game: "Game", what: dict[str, Any]) -> None:
    """The hub is gone for a while."""
    game.chain.comes_back_s = what["for_s"]
    game.chain.kill_hub()


@deed
def hub_dies_at_statement(game: "Game", what: dict[str, Any]) -> None:
    """The hub dies at a statement or commit that is still to come: in the middle of a booking, or before the next."""
    game.chain.watch.left = what["statement"]
    game.chain.comes_back_s = what["for_s"]


@deed
def hub_dies_before_publishing(game: "Game", what: dict[str, Any]) -> None:
    """The hub dies between its next commit and what it would have sent."""
    game.chain.dies_before_publishing = True
    game.chain.comes_back_s = what["for_s"]


@deed
def kill_kiosk(game: "Game", what: dict[str, Any]) -> None:
    """A kiosk's program ends in the middle of whatever it does."""
    kiosk = game.kiosk(what)
    if kiosk.is_running:
        kiosk.kill()
        game.after(what["for_s"], kiosk.switch_on)


@deed
def cut_power(game: "Game", what: dict[str, Any]) -> None:
    """A kiosk has no power for a while."""
    kiosk = game.kiosk(what)
    if kiosk.is_running:
        kiosk.cut_power()
        game.after(what["for_s"], kiosk.switch_on)


@deed
def cut_power_at_step(game: "Game", what: dict[str, Any]) -> None:
    """A kiosk loses its power at a step of its disk that is still to come."""
    game.kiosk(what).cut_power_at_step(what["step"])


@deed
def break_disk(game: "Game", what: dict[str, Any]) -> None:
    """Some steps of a kiosk's disk will be refused."""
    disk = game.kiosk(what).disk
    fault = Fault(getattr(errno, what["error"]), Extent(what["extent"]))
    first = disk.steps + what["step"]
    disk.faults.update(dict.fromkeys(range(first, first + what["steps"]), fault))


@deed
def fill_disk(game: "Game", what: dict[str, Any]) -> None:
    """A kiosk's disk is full for a while."""
    kiosk = game.kiosk(what)
    kiosk.disk.room_bytes -= max(0, kiosk.disk.free_bytes())

    def clear_away() -> None:
        kiosk.disk.room_bytes = SimDisk().room_bytes

    game.after(what["for_s"], clear_away)


@deed
def set_clock(game: "Game", what: dict[str, Any]) -> None:
    """A kiosk's clock is wrong for a while."""
    clock = game.kiosk(what).clock
    clock.offset, clock.is_disciplined = timedelta(seconds=what["offset_s"]), False

    def set_right() -> None:
        clock.offset, clock.is_disciplined = timedelta(), True

    game.after(what["for_s"], set_right)


@deed
def change_terms(game: "Game", what: dict[str, Any]) -> None:
    """Headquarters changes the programme."""
    if game.chain.is_hub_up:
        name, document = CHANGES[what["terms"] % len(CHANGES)]
        with game.chain.dying(), game.chain.world.hub.database.write() as session:
            publish(session, Change(name, document, "test"), game.chain.time.now())


@deed
def write_off(game: "Game", what: dict[str, Any]) -> None:
    """A person decides on a lease of a kiosk, which may come back all the same."""
    with game.chain.world.hub.database.read() as session:
        asked = select(Lease.number).where(Lease.kiosk == game.kiosk(what).id, Lease.state.in_(OPEN))
        numbers = session.execute(asked.order_by(Lease.number)).scalars().all()
    if numbers:
        decide_on(game, game.kiosk(what).id, numbers[0], what["outcome"])


def decide_on(game: "Game", kiosk: str, number: int, outcome: str) -> None:
    """Write a lease off."""
    body = LeaseWrittenOff(kiosk, number, outcome, "the kiosk does not come back")  # type: ignore[arg-type]

    def told(answer: Outcome) -> None:
        if answer.is_applied:
            game.truth.written_off.add((kiosk, number))

    game.post(game.chain.world.posted(body, kind="lease.written_off"), told)


@deed
def back_up(game: "Game", what: dict[str, Any]) -> None:  # noqa: ARG001 - it is the hub's
    """Somebody copies the hub's database."""
    game.backups.append((game.chain.time.elapsed, game.arena.copy()))


@deed
def restore_backup(game: "Game", what: dict[str, Any]) -> None:
    """The hub's database is lost, and an older copy is put back; kiosks are told that it is another."""
    if not game.backups:
        return
    chain = game.chain
    made_at_s, content = game.backups[what["age"] % len(game.backups)]
    chain.comes_back_s = None
    chain.kill_hub()
    game.arena.put(content)
    hub, now = chain.world.hub, chain.time.now()
    with hub.database.write() as session:
        newest_at = booking.newest_at(session)
        restores.begin(session, fleet.begin_epoch(session, now, hub.random_bytes), now, newest_at)
        versions.raise_all(session, now)
    game.truth.restore(made_at_s)
    game.backups = [backup for backup in game.backups if backup[0] <= made_at_s]
    game.after(what["for_s"], chain.start_hub)


@deed
def lose_disk(game: "Game", what: dict[str, Any]) -> None:
    """A kiosk's disk is gone, and it is given a new one."""
    kiosk = game.kiosk(what)
    if kiosk.is_running:
        game.truth.lost.add(kiosk.store.chain.epoch)
        kiosk.kill()
        kiosk.disk = SimDisk()
        game.after(what["for_s"], kiosk.switch_on)
        game.after(what["for_s"] + ACCEPTED_S, lambda: accept_epochs(game, kiosk.id))


@deed
def rot(game: "Game", what: dict[str, Any]) -> None:
    """A byte inside a kiosk's journal changes while it is off."""
    kiosk = game.kiosk(what)
    if not kiosk.is_running:
        return
    epoch = kiosk.store.chain.epoch
    kiosk.kill()
    used = len(kiosk.disk.contents(EVENTS).rstrip(b"\0"))
    if used:
        game.truth.lost.add(epoch)
        kiosk.disk.rot(EVENTS, kiosk.random.randrange(used))
    game.after(what["for_s"], kiosk.switch_on)
    game.after(what["for_s"] + ACCEPTED_S, lambda: accept_epochs(game, kiosk.id))


def accept_epochs(game: "Game", kiosk: str) -> None:
    """A person takes the newest journal of a kiosk that waits for it, and so ends the others."""
    if not game.chain.is_hub_up:
        return
    with game.chain.dying(), game.chain.world.hub.database.write() as session:
        asked = select(Stream).where(Stream.kiosk == kiosk, Stream.state.in_(WAITING))
        streams = session.execute(asked.order_by(Stream.opened_at, Stream.epoch)).scalars().all()
        if any(stream.state == "pending" for stream in streams):
            for stream in streams:
                stream.state = "ended"
            streams[-1].state = "accepted"


@deed
def copy_disk(game: "Game", what: dict[str, Any]) -> None:
    """Somebody copies a kiosk's disk, and runs the copy in another box under the same name."""
    kiosk = game.kiosk(what)
    if not kiosk.is_running or kiosk.id in game.truth.bounds:
        return
    game.truth.bounds[kiosk.id] = sum(lease.rest for lease in kiosk.lent.values() if lease.member is not None)
    game.truth.copied[kiosk.id] = _highest_lease(game, kiosk)
    copy = game.box(kiosk.fleet_member, kiosk.disk.killed())
    game.copies.append(copy)
    game.after(what["for_s"], copy.switch_on)
    game.after(what["for_s"] + what["takes_over_s"], copy.pull_the_plug)


def _highest_lease(game: "Game", kiosk: SimKiosk) -> int:
    with game.chain.world.hub.database.read() as session:
        return session.get_one(Kiosk, kiosk.id).last_lease
