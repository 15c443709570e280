"""What people do in a game: members at kiosks and tills, the clumsy and the hasty among them."""

from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from hub.intake import Item, Outcome
from hub.points.intake import PointsTransferred
from hub.purchases.checkout import PurchasePosted
from kiosk.visit.intents import Dismissed, RedeemConfirmed, RewardChosen, VisitEnded
from kiosk.visit.states import Confirming, Idle
from protocol.events import PurchaseLine, PurchaseRecorded
from tests.simulation.arena import STORES
from tests.simulation.deeds import deed
from tests.simulation.kiosk import SimKiosk
from tests.simulation.truth import Receipt

if TYPE_CHECKING:
    from tests.simulation.game import Game

QUEUE_S = 9.0
"""How long a member waits until whoever is there has gone; then it is tried all the same."""

CARD_TAPS_KEPT = 4
"""How many readings of a card somebody may have overheard."""


@deed
def visit(game: "Game", what: dict[str, Any]) -> None:
    """Tap, choose, confirm, wait, end: or stop in the middle, or do it all once more."""
    kiosk, member = game.kiosk(what), game.member(what)
    if not kiosk.is_running:
        return
    if not what["pushes"] and not isinstance(kiosk.conductor.state, Idle):
        game.after(QUEUE_S, partial(visit, game, what | {"pushes": True}))
        return
    evidence = game.chain.world.tap(game.arena.founded.cards[member])
    game.taps[member] = [*game.taps.get(member, []), evidence][-CARD_TAPS_KEPT:]
    kiosk.present(evidence)
    at = what["thinks_s"] + 0.4
    if what["ends"] == "before_choosing":
        return
    for _ in range(2 if what["ends"] == "again" else 1):
        game.after(at, partial(_choose, game, kiosk, what["reward"]))
        at += what["hesitates_s"] + 0.2
        if what["ends"] == "before_confirming":
            return
        game.after(at, partial(_confirm, game, kiosk))
        at += what["waits_s"] + 0.5
        if what["ends"] != "walks":
            game.after(at, partial(kiosk.handle, Dismissed()))
            at += 0.5
    if what["ends"] != "walks":
        game.after(at, partial(kiosk.handle, VisitEnded()))


def _choose(game: "Game", kiosk: SimKiosk, name: str) -> None:
    reward, points = game.arena.founded.rewards[name]
    kiosk.handle(RewardChosen(reward, points))


def _confirm(game: "Game", kiosk: SimKiosk) -> None:
    if kiosk.is_running and isinstance(kiosk.conductor.state, Confirming):
        game.truth.counts["asked"] += 1
        kiosk.handle(RedeemConfirmed())


@deed
def copy_card(game: "Game", what: dict[str, Any]) -> None:
    """Somebody presents what was overheard of a card, and tries to redeem with it."""
    heard, kiosk = game.taps.get(game.member(what), []), game.kiosk(what)
    if len(heard) > what["age"]:
        kiosk.present(heard[-1 - what["age"]])
        game.after(0.6, partial(_choose, game, kiosk, "cookie"))
        game.after(1.0, partial(_confirm, game, kiosk))


@deed
def buy(game: "Game", what: dict[str, Any]) -> None:
    """Buy something at a till."""
    _sell(game, what, 0)


@deed
def pay(game: "Game", what: dict[str, Any]) -> None:
    """Pay at a till with points."""
    _sell(game, what | {"minor": 100_000}, what["points"])


def _sell(game: "Game", what: dict[str, Any], points_paid: int) -> None:
    member, world = game.member(what), game.chain.world
    lines = [PurchaseLine("p1", "coffee", 1, what["minor"])]
    moment = game.chain.time.now()
    body = PurchasePosted(_receipt(game), member, "CNY", moment, lines, points_paid)
    item = world.posted(body, kind="purchase.recorded", store=STORES[what["kiosk"] % len(STORES)])
    game.post(item, lambda outcome: _sold(game, member, item, outcome))


def _sold(game: "Game", member: UUID, item: Item, outcome: Outcome) -> None:
    if outcome.is_applied:
        figures = outcome.result
        game.truth.told(item.id, {member: (figures["points"], figures["points_paid"])}, game.chain.time.elapsed)


@deed
def pass_on(game: "Game", what: dict[str, Any]) -> None:
    """Pass points on to another member."""
    sender, recipient, points = game.member(what), game.member(what, "to"), what["points"]
    item = game.chain.world.posted(PointsTransferred(sender, recipient, points, "for you"), kind="points.transferred")

    def told(outcome: Outcome) -> None:
        if outcome.is_applied:
            moved = {sender: (0, points), recipient: (points, 0)}
            game.truth.told(item.id, moved, game.chain.time.elapsed)

    game.post(item, told)


@deed
def buy_at_kiosk(game: "Game", what: dict[str, Any]) -> None:
    """Buy something that staff enters at a kiosk, whether that has a line or not."""
    kiosk, member, number = game.kiosk(what), game.member(what), _receipt(game)
    if not kiosk.is_running:
        return
    lines = [PurchaseLine("p1", "coffee", 1, what["minor"])]
    epoch = kiosk.store.chain.epoch
    body = PurchaseRecorded(number, member, "CNY", kiosk.clock.now(), lines)
    if kiosk.journal(body, "staff"):
        game.truth.receipts.append(Receipt(kiosk.id, epoch, number, member))


def _receipt(game: "Game") -> str:
    game.truth.sales += 1
    return f"N{game.truth.sales}"
