"""From where a visit stands to what the screen shows: a pure function from state and scene to one frame."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import assert_never
from uuid import UUID

from kiosk.texts import LANGUAGES, Texts
from kiosk.views import (
    AttractView,
    ConfirmView,
    Frame,
    IdentifyingView,
    MemberView,
    RefusalView,
    VoucherView,
)
from kiosk.views.confirm import PriceRow
from kiosk.views.frame import Body, LanguageButton
from kiosk.views.member import Reach, RewardTile, Stat, VoucherLine
from kiosk.visit.states import (
    Browsing,
    Confirming,
    Guest,
    Identifying,
    Idle,
    Redeeming,
    Refused,
    Showing,
    Standing,
    State,
)
from protocol.errors import ErrorCode
from protocol.ids import voucher_code
from protocol.state import Configuration, MemberSnapshot, Programme, Reward, Tier
from protocol.values import text_in

EXPIRY_NOTICE_DAYS = 30
QR_PREFIX = "membertap:voucher:"

CARD_CODES = frozenset({ErrorCode.CARD_TORN, ErrorCode.CARD_UNSUPPORTED, ErrorCode.CARD_REPLAYED})
OFFLINE_CODES = frozenset({ErrorCode.REDEEM_OFFLINE, ErrorCode.CARD_UNKNOWN_OFFLINE, ErrorCode.REDEEM_NO_ANSWER})
ICONS = {
    ErrorCode.POINTS_SHORT: "hand-coins",
    ErrorCode.REWARD_GONE: "package",
    ErrorCode.REWARD_TIER: "crown",
    ErrorCode.REWARD_PRICE_CHANGED: "tag",
    ErrorCode.REDEEM_STATIC_CARD: "identification-card",
}

PictureOf = Callable[[str], Path | None]
"""Where the picture with a SHA-256 lies on this kiosk; None while it has not come."""


@dataclass(frozen=True, slots=True)
class Ending:
    """When the visit ends by itself: in so many seconds, None while nobody is here; and whether to ask first."""

    seconds: int | None = None
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """What the screen depends on besides the visit."""

    texts: Texts
    now: datetime
    online: bool
    reader_ready: bool
    writable: bool
    catalogue: tuple[Reward, ...]
    programme: Programme | None
    configuration: Configuration | None
    picture_of: PictureOf
    ending: Ending = Ending()

    def written(self, texts: dict[str, str]) -> str:
        """A text that HQ wrote, in the language of the screen."""
        return text_in(texts, self.texts.language)


def frame(state: State, scene: Scene) -> Frame:
    """The whole picture."""
    texts, configuration = scene.texts, scene.configuration
    languages = configuration.languages if configuration else list(LANGUAGES)
    ending = scene.ending
    others = [language for language in languages if language != texts.language]
    return Frame(
        body=_body(state, scene),
        confirm=_confirm(state, scene),
        chain_name=scene.written(configuration.chain_names) if configuration else "",
        store_name=scene.written(configuration.store_names) if configuration else "",
        languages=tuple(LanguageButton(language, _named(language, texts)) for language in others),
        banner="" if scene.online else texts.say("banner-offline"),
        countdown="" if ending.seconds is None else texts.say("countdown", seconds=ending.seconds),
        hurry=ending.asks,
        still_there=texts.say("still-there") if ending.asks else "",
        stay_label=texts.say("stay"),
    )


def _named(language: str, texts: Texts) -> str:
    return Texts(language, texts.zone).say("language-name")


def _body(state: State, scene: Scene) -> Body:
    match state:
        case Idle():
            return _attract(scene)
        case Identifying():
            return IdentifyingView(scene.texts.say("identifying"))
        case Browsing(guest) | Confirming(guest=guest) | Redeeming(guest=guest):
            return _member(guest, scene)
        case Showing():
            return _voucher(state, scene)
        case Refused():
            return _refusal(state, scene)
        case _:
            assert_never(state)


def _attract(scene: Scene) -> AttractView:
    texts = scene.texts
    other = Texts("en" if texts.language == "zh" else "zh", texts.zone)
    usable = scene.reader_ready and scene.writable
    problem = "attract-no-reader" if not scene.reader_ready else "attract-no-store"
    return AttractView(
        headline=texts.say("attract-headline" if usable else problem),
        subtitle=other.say("attract-headline" if usable else problem),
        hint=texts.say("attract-hint" if usable else "attract-call-staff"),
        card_label=texts.say("attract-card"),
        usable=usable,
    )


def _member(guest: Guest, scene: Scene) -> MemberView:
    texts, snapshot, programme = scene.texts, guest.snapshot, scene.programme
    tiers = programme.tiers if programme else []
    rank = next((rank for rank, tier in enumerate(tiers) if tier.tier == snapshot.tier), 0)
    provisional = guest.authority is None
    return MemberView(
        greeting=_greeting(snapshot, scene),
        tier_name=scene.written(tiers[rank].names) if tiers else "",
        tier_rank=rank,
        tier_ranks=max(len(tiers), 1),
        points=snapshot.points,
        points_label=texts.say("points-label"),
        progress=_progress(snapshot, tiers, rank),
        stats=tuple(_stats(snapshot, tiers, rank, scene)),
        stored_value=_stored_value(snapshot, programme, texts),
        note=_line(snapshot, programme, rank, scene),
        provisional=provisional,
        age_note=_age_note(guest, scene) if provisional else "",
        rewards_title=texts.say("rewards-title"),
        rewards_note=texts.say("rewards-note" if scene.catalogue else "rewards-none"),
        rewards=tuple(_tile(reward, snapshot, scene) for reward in scene.catalogue),
        vouchers=tuple(
            VoucherLine(
                voucher.spend,
                texts.say(
                    "voucher-waiting",
                    reward=_reward_name(voucher.reward, scene),
                    code=voucher_code(voucher.spend),
                ),
            )
            for voucher in snapshot.vouchers
        ),
        end_label=texts.say("end"),
    )


def _greeting(snapshot: MemberSnapshot, scene: Scene) -> str:
    if not snapshot.display_name:
        return scene.texts.say("greeting-nameless")
    hour = scene.now.astimezone(scene.texts.zone).hour
    part = "morning" if 5 <= hour < 11 else "noon" if 11 <= hour < 13 else "afternoon" if 13 <= hour < 18 else "evening"
    return scene.texts.say(f"greeting-{part}", name=snapshot.display_name)


def _progress(snapshot: MemberSnapshot, tiers: list[Tier], rank: int) -> float:
    if rank + 1 >= len(tiers):
        return 1.0
    start, end = tiers[rank].threshold, tiers[rank + 1].threshold
    return min(max((snapshot.qualifying - start) / max(end - start, 1), 0.0), 1.0)


def _stats(snapshot: MemberSnapshot, tiers: list[Tier], rank: int, scene: Scene) -> list[Stat]:
    texts = scene.texts
    if rank + 1 < len(tiers):
        upper = tiers[rank + 1]
        label = texts.say("stat-next-tier", tier=scene.written(upper.names))
        stats = [Stat(label, texts.number(max(upper.threshold - snapshot.qualifying, 0)))]
    else:
        stats = [Stat(texts.say("stat-top-tier"), texts.say("stat-top-tier-value"))]
    if snapshot.expiring:
        stats.append(Stat(texts.say("stat-expiring", days=EXPIRY_NOTICE_DAYS), texts.number(snapshot.expiring)))
    return stats


def _stored_value(snapshot: MemberSnapshot, programme: Programme | None, texts: Texts) -> str:
    if programme is None or not snapshot.stored_value:
        return ""
    value = texts.money(snapshot.stored_value, programme.currency)
    if not snapshot.bonus:
        return texts.say("stored-value", value=value)
    return texts.say("stored-value-bonus", value=value, bonus=texts.money(snapshot.bonus, programme.currency))


def _line(snapshot: MemberSnapshot, programme: Programme | None, rank: int, scene: Scene) -> str:
    """What the member should know most: a debt, points that are on their way, or else the rule of earning."""
    texts = scene.texts
    if snapshot.debt:
        return texts.say("debt-note", debt=snapshot.debt)
    if snapshot.pending and snapshot.pending_at:
        return texts.say("pending-note", pending=snapshot.pending, date=texts.date(snapshot.pending_at))
    return _rule_note(programme, rank, scene)


def _rule_note(programme: Programme | None, rank: int, scene: Scene) -> str:
    if programme is None or not programme.tiers:
        return ""
    texts, tier = scene.texts, programme.tiers[rank]
    amount = texts.money(programme.earn_per, programme.currency)
    if tier.multiplier == 10_000:
        return texts.say("rule-note", amount=amount, points=programme.earn_points)
    return texts.say(
        "rule-note-multiplied",
        amount=amount,
        points=programme.earn_points,
        tier=scene.written(tier.names),
        multiplier=texts.factor(tier.multiplier),
    )


def _age_note(guest: Guest, scene: Scene) -> str:
    time = scene.texts.time(guest.snapshot.as_of, scene.now)
    is_asking = scene.online and guest.asked_at is not None
    return scene.texts.say("age-note-asking" if is_asking else "age-note", time=time)


def _tile(reward: Reward, snapshot: MemberSnapshot, scene: Scene) -> RewardTile:
    texts, reach = scene.texts, _reach(reward, snapshot)
    return RewardTile(
        reward=reward.reward,
        name=scene.written(reward.names),
        description=scene.written(reward.descriptions),
        points=reward.points,
        price=texts.number(reward.points),
        unit=texts.say("points-unit"),
        note=_note(reach, reward, snapshot, scene),
        reach=reach,
        picture=scene.picture_of(reward.picture),
    )


def _note(reach: Reach, reward: Reward, snapshot: MemberSnapshot, scene: Scene) -> str:
    match reach:
        case Reach.READY:
            return ""
        case Reach.SHORT:
            return scene.texts.say("reach-short", short=reward.points - snapshot.points)
        case Reach.TIER:
            return scene.texts.say("reach-tier", tier=_lowest_tier(reward, scene))
        case Reach.GONE:
            return scene.texts.say("reach-gone")


def _reach(reward: Reward, snapshot: MemberSnapshot) -> Reach:
    if reward.stock == 0:
        return Reach.GONE
    if reward.tiers and snapshot.tier not in reward.tiers:
        return Reach.TIER
    return Reach.SHORT if snapshot.points < reward.points else Reach.READY


def _lowest_tier(reward: Reward, scene: Scene) -> str:
    tiers = scene.programme.tiers if scene.programme else []
    lowest = next((tier for tier in tiers if tier.tier in reward.tiers), None)
    return scene.written(lowest.names) if lowest else ""


def _reward_of(reward: UUID, scene: Scene) -> Reward | None:
    return next((known for known in scene.catalogue if known.reward == reward), None)


def _reward_name(reward: UUID, scene: Scene) -> str:
    known = _reward_of(reward, scene)
    return scene.written(known.names) if known else ""


def _confirm(state: State, scene: Scene) -> ConfirmView | None:
    if not isinstance(state, Confirming | Redeeming):
        return None
    texts, points, reward = scene.texts, state.guest.snapshot.points, _reward_of(state.reward, scene)
    return ConfirmView(
        title=texts.say("confirm-title", reward=_reward_name(state.reward, scene)),
        subtitle=texts.say("confirm-subtitle"),
        picture=scene.picture_of(reward.picture) if reward else None,
        rows=(
            PriceRow(texts.say("confirm-before"), texts.number(points), "plain"),
            PriceRow(texts.say("confirm-spend"), f"−{texts.number(state.points)}", "spend"),
            PriceRow(texts.say("confirm-rest"), texts.number(points - state.points), "rest"),
        ),
        confirm_label=texts.say("confirm"),
        cancel_label=texts.say("cancel"),
        waiting=isinstance(state, Redeeming),
        waiting_label=texts.say("redeeming"),
    )


def _voucher(state: Showing, scene: Scene) -> VoucherView:
    texts, rejected = scene.texts, state.standing is Standing.REJECTED
    name, code = _reward_name(state.voucher.reward, scene), voucher_code(state.voucher.spend)
    fresh = state.seq is not None
    if fresh:
        summary = texts.say("voucher-summary", reward=name, points=state.points)
    else:
        summary = texts.say("voucher-summary-again", reward=name, time=texts.time(state.voucher.redeemed_at, scene.now))
    title = "voucher-title-rejected" if rejected else "voucher-title" if fresh else "voucher-title-again"
    return VoucherView(
        title=texts.say(title),
        summary=summary,
        code=code,
        qr_text=f"{QR_PREFIX}{code}",
        hint=texts.say("voucher-hint-rejected" if rejected else "voucher-hint"),
        standing=state.standing,
        standing_label=texts.say(f"standing-{state.standing}"),
        done_label=texts.say("done"),
        more_label=texts.say("more"),
        fresh=fresh and not rejected,
    )


def _refusal(state: Refused, scene: Scene) -> RefusalView:
    code, texts = state.code, scene.texts
    offline, card = code in OFFLINE_CODES, code in CARD_CODES
    title = "refusal-title-offline" if offline else "refusal-title-card" if card else "refusal-title"
    icon = ICONS.get(code, "wifi-slash" if offline else "contactless-payment" if card else "info")
    return RefusalView(
        icon=icon,
        title=texts.say(title),
        sentence=texts.refusal(code, state.data),
        code=code.value,
        dismiss_label=texts.say("dismiss"),
    )
