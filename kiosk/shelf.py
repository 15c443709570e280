"""What a member can have: tiles of rewards, and vouchers that wait to be handed out. Pure."""

from dataclasses import dataclass

from msgspec import UNSET

from kiosk.scene import Scene
from kiosk.views.member import Reach, RewardTile, VoucherLine
from kiosk.visit.states import Guest
from protocol.ids import voucher_code
from protocol.state import Reward


@dataclass(frozen=True, slots=True)
class Shelf:
    """The lower part of the member screen."""

    note: str
    rewards: tuple[RewardTile, ...]
    vouchers: tuple[VoucherLine, ...]


def shelf(guest: Guest, scene: Scene) -> Shelf:
    """Rewards with what keeps this member from them here and now, and the member's vouchers."""
    return Shelf(
        _shelf_note(guest, scene),
        tuple(_tile(reward, guest, scene) for reward in scene.catalogue),
        tuple(_voucher_lines(guest, scene)),
    )


def _shelf_note(guest: Guest, scene: Scene) -> str:
    texts = scene.texts
    if not scene.catalogue:
        return texts.say("rewards-none")
    if scene.online:
        return texts.say("rewards-note")
    if not _is_served(guest, scene):
        return texts.say("rewards-note-offline-ask" if _asks(guest, scene) else "rewards-note-offline-none")
    return texts.say("rewards-note-offline", points=min(scene.allowance.points, guest.snapshot.points))


def _voucher_lines(guest: Guest, scene: Scene) -> list[VoucherLine]:
    lines = []
    for voucher in guest.snapshot.vouchers:
        message = "voucher-unbooked" if voucher.spend in guest.unbooked.spends else "voucher-waiting"
        reward, code = scene.reward_name(voucher.reward), voucher_code(voucher.spend)
        lines.append(VoucherLine(voucher.spend, scene.texts.say(message, reward=reward, code=code)))
    return lines


def _tile(reward: Reward, guest: Guest, scene: Scene) -> RewardTile:
    texts, reach = scene.texts, _reach(reward, guest, scene)
    return RewardTile(
        reward=reward.reward,
        name=scene.written(reward.names),
        description=scene.written(reward.descriptions),
        points=reward.points,
        price=texts.number(reward.points),
        unit=texts.say("points-unit"),
        note=_note(reach, reward, guest, scene),
        reach=reach,
        picture=scene.picture_of(reward.picture),
    )


def _note(reach: Reach, reward: Reward, guest: Guest, scene: Scene) -> str:
    match reach:
        case Reach.READY:
            return "" if scene.online else scene.texts.say("reach-here")
        case Reach.LATER:
            is_asked_for = _asks(guest, scene) and scene.allowance.is_open(reward.reward, reward.points)
            return scene.texts.say("reach-ask" if is_asked_for else "reach-later")
        case Reach.SHORT:
            return scene.texts.say("reach-short", short=reward.points - guest.snapshot.points)
        case Reach.TIER:
            return scene.texts.say("reach-tier", tier=_lowest_tier(reward, scene))
        case Reach.GONE:
            return scene.texts.say("reach-gone")


def _reach(reward: Reward, guest: Guest, scene: Scene) -> Reach:
    snapshot = guest.snapshot
    if reward.stock == 0 and not _is_here(reward, guest, scene):
        return Reach.GONE
    if reward.tiers and snapshot.tier not in reward.tiers:
        return Reach.TIER
    if snapshot.points < reward.points:
        return Reach.SHORT
    return Reach.READY if scene.online or _is_here(reward, guest, scene) else Reach.LATER


def _is_here(reward: Reward, guest: Guest, scene: Scene) -> bool:
    return _is_served(guest, scene) and scene.allowance.covers(reward.reward, reward.points)


def _is_served(guest: Guest, scene: Scene) -> bool:
    """Tell whether anything could be given to this guest without the hub."""
    redeems = guest.recognised if guest.authority is None else guest.authority.redeems
    return redeems and scene.clock and scene.allowance.points > 0


def _asks(guest: Guest, scene: Scene) -> bool:
    """Tell whether the store's other kiosks can be asked for this guest's points."""
    redeems = guest.authority is None or guest.authority.redeems
    return scene.neighbours and scene.clock and redeems and guest.card.url is not UNSET


def _lowest_tier(reward: Reward, scene: Scene) -> str:
    tiers = scene.programme.tiers if scene.programme else []
    lowest = next((tier for tier in tiers if tier.tier in reward.tiers), None)
    return scene.written(lowest.names) if lowest else ""
