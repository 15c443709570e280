"""What people do in a game: each move makes one item, sensible, clumsy or dishonest."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

from msgspec import UNSET, Struct

from hub.holds.service import HoldCaptured, HoldPlaced, HoldReleased
from hub.intake import Item
from hub.leases.orders import LeaseRecalled, LeaseWrittenOff, PointsLent, order
from hub.packages.intake import PackageRefunded, PackageSold, PackageUsed, PackageUseRefunded
from hub.payments.intake import PaymentRecorded, PaymentRefunded
from hub.points.intake import PointsAdjusted, PointsTransferred
from hub.purchases.checkout import PurchasePosted
from hub.returns.intake import LineReturned, PurchaseReturned
from hub.staff.permissions import Role
from hub.wallet.intake import TopUpRecorded, TopUpRefunded, WalletClosed
from protocol.events import LeaseAccepted, LeaseClosed, LeaseSpent, PurchaseLine, PurchaseRecorded
from protocol.requests import AskLease, PresentCard
from tests.model.holds import Hold
from tests.model.leases import Lease
from tests.model.purchases import Sale
from tests.model.stage import BLOCKED

if TYPE_CHECKING:
    from tests.model.game import Game

Move = Callable[["Game", Random], Item | None]

MOVES: dict[str, Move] = {}
"""Every move by name; it gives None where there is nothing yet to do it with."""

NOBODY = UUID(int=5 << 64)
LATE_MINUTES = (0, 0, 7, 60 * 24, 60 * 24 * 34)
"""How long a kiosk may have been offline before it tells something."""


def move(act: Move) -> Move:
    """Enter a move under the name of its function."""
    MOVES[act.__name__] = act
    return act


def someone(game: "Game", choose: Random) -> UUID:
    """A member; rarely the one who is blocked, or nobody."""
    return choose.choice([*game.members[:BLOCKED] * 12, game.members[BLOCKED], NOBODY])


def receipt(game: "Game", choose: Random) -> str:
    """A receipt's number: mostly a new one, sometimes one that may have been used."""
    return f"R{choose.randrange(20)}" if choose.randrange(6) == 0 else f"N{game.next()}"


def store(choose: Random) -> str:
    """A store, rarely none of ours."""
    return choose.choice(["S01"] * 6 + ["S02"] * 3 + ["S99"])


def _lines(choose: Random) -> list[PurchaseLine]:
    return [
        PurchaseLine(
            product=choose.choice(["p1", "p2", "p3"]),
            category=choose.choice(["coffee", "tea"]),
            quantity=choose.randint(1, 3),
            amount=choose.choice([0, 1, 99, 333, 1_250, 5_999, 20_000]),
        )
        for _ in range(choose.randint(1, 3))
    ]


@move
def buy(game: "Game", choose: Random) -> Item:
    """Buy something at a till; sometimes points pay."""
    paid = choose.choice([0, 0, 0, 6, 15, 30, 33, 300])
    currency = choose.choice(["CNY"] * 15 + ["USD"])
    body = PurchasePosted(receipt(game, choose), someone(game, choose), currency, game.now, _lines(choose), paid)
    where = store(choose)
    game.just_sold.append((where, body.receipt))
    return game.post("purchase.recorded", body, store=where)


@move
def buy_at_kiosk(game: "Game", choose: Random) -> Item:
    """Buy something that staff enters at a kiosk; the kiosk may tell it days later."""
    body = PurchaseRecorded(receipt(game, choose), someone(game, choose), "CNY", game.now, _lines(choose))
    return game.tell(choose.choice([0, 0, 0, 1]), body, late=timedelta(minutes=choose.choice(LATE_MINUTES)))


@move
def return_goods(game: "Game", choose: Random) -> Item | None:
    """Bring goods back, all or a part; rarely more than there was."""
    sales = game.noted("sale")
    if not sales:
        return None
    sale: Sale = choose.choice(sales)
    places = choose.sample(range(len(sale.lines)), choose.randint(1, len(sale.lines)))
    lines = []
    for place in places:
        line = sale.lines[place]
        quantity, amount = line.quantity - line.quantity_back, line.amount - line.amount_back
        if choose.randrange(2):
            quantity, amount = choose.randint(0, quantity), choose.randint(0, amount)
        lines.append(LineReturned(place + 1, quantity + (choose.randrange(12) == 0), amount))
    return game.post("purchase.returned", PurchaseReturned(receipt(game, choose), lines, sale.id), store="S01")


@move
def return_at_once(game: "Game", choose: Random) -> Item | None:
    """Bring something back that was sold a moment ago, named by its receipt."""
    if not game.just_sold:
        return None
    sold_in, sold_as = choose.choice(game.just_sold[-5:])
    lines = [LineReturned(1, 1, choose.choice([0, 99, 333]))]
    body = PurchaseReturned(receipt(game, choose), lines, None, sold_in, sold_as)
    return game.post("purchase.returned", body)


@move
def adjust(game: "Game", choose: Random) -> Item:
    """Give or take points by hand, sometimes with somebody's agreement."""
    points = choose.choice([-200, -40, -7, 0, 3, 45, 150, 900])
    body = PointsAdjusted(someone(game, choose), points, "a spoilt coffee")
    item = game.post("points.adjusted", body, role=choose.choice([None, Role.CASHIER, Role.STORE_MANAGER]))
    agreed = choose.randrange(4)
    if agreed == 0:
        game.approve(item)
    elif agreed == 1 and choose.randrange(4) == 0:
        game.approve(replace(item, fingerprint=bytes(32)), of=item)
    return item


@move
def pass_on(game: "Game", choose: Random) -> Item:
    """Give points to somebody else."""
    points = choose.choice([1, 5, 20, 50, 130])
    body = PointsTransferred(someone(game, choose), someone(game, choose), points, "happy birthday")
    return game.post("points.transferred", body)


@move
def top_up(game: "Game", choose: Random) -> Item:
    """Pay money in."""
    amount = choose.choice([1, 999, 5_000, 10_000, 25_000, 60_000, 500_001])
    body = TopUpRecorded(receipt(game, choose), someone(game, choose), "CNY", amount)
    return game.post("top_up.recorded", body, store=choose.choice(["S01", "S02"]))


@move
def refund_top_up(game: "Game", choose: Random) -> Item | None:
    """Want the money back."""
    made = game.noted("top_up")
    if not made:
        return None
    # The latest are the only ones that are not too old.
    body = TopUpRefunded(receipt(game, choose), "changed their mind", choose.choice(made[-4:]).id)
    return game.post("top_up.refunded", body)


@move
def close_wallet(game: "Game", choose: Random) -> Item | None:
    """Want all money back; not too often, because nothing is left then."""
    if choose.randrange(4):
        return None
    return game.post("wallet.closed", WalletClosed(receipt(game, choose), "moves away", someone(game, choose)))


@move
def pay(game: "Game", choose: Random) -> Item:
    """Pay with stored value."""
    amount = choose.choice([1, 500, 3_333, 12_000, 70_000])
    body = PaymentRecorded(receipt(game, choose), someone(game, choose), "CNY", amount)
    return game.post("payment.recorded", body)


@move
def refund_payment(game: "Game", choose: Random) -> Item | None:
    """Have some of a payment given back."""
    paid = game.noted("payment")
    if not paid:
        return None
    payment = choose.choice(paid)
    whole = payment.principal + payment.bonus
    amount = choose.choice([1, 1 + whole // 3, 1 + whole // 7, whole])
    return game.post("payment.refunded", PaymentRefunded(receipt(game, choose), "cold soup", payment.id, amount))


@move
def buy_package(game: "Game", choose: Random) -> Item:
    """Buy many of something at once."""
    name = choose.choice(["wash", "tea", "tea", "nothing"])
    return game.post("package.sold", PackageSold(receipt(game, choose), name, someone(game, choose), "CNY"))


@move
def use_package(game: "Game", choose: Random) -> Item:
    """Use some of it."""
    item, count = choose.choice(["wash", "wax", "tea"]), choose.randint(1, 3)
    return game.post("package.used", PackageUsed(receipt(game, choose), someone(game, choose), item, count))


@move
def give_use_back(game: "Game", choose: Random) -> Item | None:
    """Have a use undone."""
    used = game.noted("package_use")
    if not used:
        return None
    body = PackageUseRefunded(receipt(game, choose), "rain", choose.choice(used).id, choose.randint(1, 2))
    return game.post("package.use_refunded", body)


@move
def refund_package(game: "Game", choose: Random) -> Item | None:
    """Have what is left of a package paid out."""
    sold = game.noted("package_sale")
    if not sold or choose.randrange(2):
        return None
    return game.post("package.refunded", PackageRefunded(receipt(game, choose), "moves away", choose.choice(sold).id))


@move
def tap(game: "Game", choose: Random) -> Item:
    """Hold a card to a kiosk."""
    member = choose.choice([*game.members[:BLOCKED] * 4, game.members[BLOCKED]])
    return game.ask(choose.randrange(2), PresentCard(game.world.tap(game.stage.cards[member])))


@move
def redeem(game: "Game", choose: Random) -> Item | None:
    """Ask for a reward in a visit, which may be over or elsewhere; sometimes for the same one again."""
    visits = game.named("visit")
    if not visits:
        return None
    visit, spends = visits[-1], game.named("spend")
    known = game.chain.notes["visit", visit]
    if known.ends_at <= game.now and choose.randrange(4):
        return None
    kiosk = game.number_of(known.kiosk) ^ (choose.randrange(12) == 0)
    spend = choose.choice(spends) if spends and choose.randrange(6) == 0 else game.new_id()
    name = choose.choice(list(game.stage.rewards))
    points = game.chain.notes["reward", game.stage.rewards[name]].points + (choose.randrange(12) == 0)
    return game.ask(kiosk, AskLease(spend, visit, game.stage.rewards[name], points))


@move
def report_lease(game: "Game", choose: Random) -> Item | None:
    """Have a kiosk report on a lease: what is due next, mostly."""
    leases: list[Lease] = game.noted("spend")
    if not leases:
        return None
    still_there = [lease for lease in leases if not lease.is_ended]
    lease = choose.choice(still_there if still_there and choose.randrange(5) else leases[-8:])
    wrong = choose.randrange(15) == 0
    bodies: list[Struct] = [
        _accepted(game, lease, choose, wrong=wrong),
        _spent(game, lease, choose, wrong=wrong),
        LeaseClosed(lease.number, lease.spent + wrong),
    ]
    late = timedelta(minutes=choose.choice(LATE_MINUTES))
    return game.tell(game.number_of(lease.kiosk), choose.choice(bodies), late=late)


def _accepted(game: "Game", lease: Lease, choose: Random, *, wrong: bool) -> LeaseAccepted:
    seal = game.seal(lease.kiosk, lease.number, lease.member, lease.points)
    told: Any = choose.choice([seal, seal, "0" * 64, UNSET])
    return LeaseAccepted(lease.number, lease.member, lease.points + wrong, told)


def _spent(game: "Game", lease: Lease, choose: Random, *, wrong: bool) -> LeaseSpent:
    if lease.reward is not None:
        return LeaseSpent(lease.number, lease.spend, lease.member, lease.reward, lease.points - wrong)
    spends = game.named("spend")
    spend = choose.choice(spends) if wrong else game.new_id()
    reward = choose.choice([*game.stage.rewards.values()] * 6 + [NOBODY])
    return LeaseSpent(lease.number, spend, lease.member, reward, choose.choice([0, 1, 5, 25, 60, lease.rest]))


@move
def lend_ahead(game: "Game", choose: Random) -> Item:
    """Lend points to a kiosk before anybody wants them there."""
    kiosk, points = choose.choice([*[one.id for one in game.kiosks] * 6, "k-none"]), choose.choice([6, 25, 70, 300])
    return order(PointsLent(kiosk, someone(game, choose), points), game.new_id(), game.now)


@move
def recall_lease(game: "Game", choose: Random) -> Item | None:
    """Call back what lies at a kiosk."""
    leases: list[Lease] = game.noted("spend")
    if not leases or choose.randrange(4):
        return None
    lease = choose.choice(leases[-8:])
    body = LeaseRecalled(lease.kiosk, lease.number + (choose.randrange(9) == 0), "it is wanted in town")
    return game.post("lease.recalled", body)


@move
def take_lease_up(game: "Game", choose: Random) -> Item | None:
    """Have a kiosk accept a lease that the hub has forgotten, or that nobody ever gave."""
    if choose.randrange(6):
        return None
    place = choose.randrange(2)
    kiosk = game.kiosks[place].id
    number, points = game.chain.kiosks[kiosk].leases + choose.choice([1, 1, 4]), choose.choice([30, 250])
    member = someone(game, choose)
    seal = game.seal(kiosk, number, member, points)
    body = LeaseAccepted(number, member, points + (choose.randrange(9) == 0), seal)
    return game.tell(place, body, late=timedelta(minutes=choose.choice(LATE_MINUTES)))


@move
def write_lease_off(game: "Game", choose: Random) -> Item | None:
    """Decide by hand about a lease."""
    leases: list[Lease] = game.noted("spend")
    if not leases or choose.randrange(8):
        return None
    lease = choose.choice(leases[-8:])
    outcome: Any = choose.choice(["give_back", "spent"])
    return game.post("lease.written_off", LeaseWrittenOff(lease.kiosk, lease.number, outcome, "kiosk stolen"))


@move
def hold(game: "Game", choose: Random) -> Item:
    """Have points or money put aside."""
    book, amount = choose.choice([("points", 25), ("points", 90), ("money", 700), ("money", 9_000)])
    body = HoldPlaced(someone(game, choose), book, amount, choose.choice([1, 5, 30, 30, 30, 31]))  # type: ignore[arg-type]
    return game.post("hold.placed", body, store=store(choose))


def _some_hold(game: "Game", choose: Random) -> Hold | None:
    holds: list[Hold] = game.noted("hold")
    still_there = [held for held in holds if held.state == "open"]
    if still_there and choose.randrange(5):
        return choose.choice(still_there)
    return choose.choice(holds[-4:]) if holds else None


@move
def capture_hold(game: "Game", choose: Random) -> Item | None:
    """Spend what was put aside, or a part of it."""
    held = _some_hold(game, choose)
    if held is None:
        return None
    amount = choose.choice([1, held.amount // 2, held.amount, held.amount, held.amount + 1])
    where = choose.choice([held.store] * 9 + ["S01"])
    return game.post("hold.captured", HoldCaptured(held.id, amount, receipt(game, choose)), store=where)


@move
def release_hold(game: "Game", choose: Random) -> Item | None:
    """Give back what was put aside."""
    held = _some_hold(game, choose)
    if held is None or choose.randrange(2):
        return None
    return game.post("hold.released", HoldReleased(held.id), store=held.store)


@move
def place_and_capture(game: "Game", choose: Random) -> Item | None:
    """Spend what the same batch may have put aside."""
    placed = [item for item in game.making if item.kind == "hold.placed"]
    if not placed:
        return None
    item = choose.choice(placed)
    assert isinstance(item.body, HoldPlaced)
    body = HoldCaptured(item.id, item.body.amount - 1, receipt(game, choose))
    return game.post("hold.captured", body, store=item.store or "")


@move
def repeat(game: "Game", choose: Random) -> Item | None:
    """Send something again that was sent before or in the same batch, exactly or with its id on other content."""
    known = [*game.sent[-12:], *game.making[-6:]]
    if not known:
        return None
    before = choose.choice(known)
    if before.raw is not None:
        return before if choose.randrange(2) else game.tell_again(before)
    match choose.randrange(3):
        case 0:
            return before
        case 1:
            return replace(before, id=game.new_id())
        case _:
            return replace(before, fingerprint=bytes(choose.randbytes(32)))
