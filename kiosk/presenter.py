"""From where a visit stands to what the screen shows: a pure function from state and scene to one frame."""

from collections.abc import Iterator
from typing import assert_never
from uuid import UUID

from kiosk.scene import Scene
from kiosk.shelf import shelf
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
from kiosk.views.member import Stat
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
    Told,
)
from protocol.errors import ErrorCode
from protocol.ids import voucher_code
from protocol.state import MemberSnapshot, Programme, Tier
from protocol.values import text_in

EXPIRY_NOTICE_DAYS = 30
FULL_SOON_PERCENT = 80
"""From here on staff are asked, on the attract screen, to look after the kiosk's storage."""

FIELD_GAP = "  ·  "
QR_PREFIX = "membertap:voucher:"

CARD_CODES = frozenset(
    {ErrorCode.CARD_TORN, ErrorCode.CARD_UNSUPPORTED, ErrorCode.CARD_REPLAYED, ErrorCode.RECEIPT_NO_CARD}
)
OFFLINE_CODES = frozenset(
    {
        ErrorCode.REDEEM_OFFLINE,
        ErrorCode.REDEEM_OFFLINE_SHORT,
        ErrorCode.REDEEM_OFFLINE_STOCK,
        ErrorCode.REDEEM_OFFLINE_CARD,
        ErrorCode.CARD_UNKNOWN_OFFLINE,
        ErrorCode.REDEEM_NO_ANSWER,
    }
)
ICONS = {
    ErrorCode.POINTS_SHORT: "hand-coins",
    ErrorCode.RECEIPT_INVALID: "receipt",
    ErrorCode.POINTS_RECALLED: "hourglass-medium",
    ErrorCode.POINTS_LENT: "storefront",
    ErrorCode.REDEEM_CLOCK: "clock-countdown",
    ErrorCode.REWARD_GONE: "package",
    ErrorCode.REWARD_RECALLED: "hourglass-medium",
    ErrorCode.REWARD_TIER: "crown",
    ErrorCode.REWARD_PRICE_CHANGED: "tag",
    ErrorCode.REDEEM_STATIC_CARD: "identification-card",
}


def frame(state: State, scene: Scene) -> Frame:
    """The whole picture."""
    texts, configuration = scene.texts, scene.configuration
    languages = configuration.languages if configuration else list(LANGUAGES)
    ending = scene.ending
    banner, icon = _for_staff(scene) if isinstance(state, Idle) else ("", "")
    if not banner:
        banner, icon = "" if scene.online else texts.say("banner-offline"), "wifi-slash"
    others = [language for language in languages if language != texts.language]
    return Frame(
        body=_body(state, scene),
        confirm=_confirm(state, scene),
        chain_name=scene.written(configuration.chain_names) if configuration else "",
        store_name=scene.written(configuration.store_names) if configuration else "",
        languages=tuple(LanguageButton(language, _named(language, texts)) for language in others),
        banner=banner,
        banner_icon=icon,
        countdown="" if ending.seconds is None else texts.say("countdown", seconds=ending.seconds),
        hurry=ending.asks,
        still_there=texts.say("still-there") if ending.asks else "",
        stay_label=texts.say("stay"),
    )


def _for_staff(scene: Scene) -> tuple[str, str]:
    """What whoever works here must look after, and its icon; customers can do nothing about it."""
    match scene.chain:
        case "waiting":
            return scene.texts.say("banner-waiting"), "x-circle"
        case "forked":
            return scene.texts.say("banner-forked"), "x-circle"
        case "revoked":
            return scene.texts.say("banner-revoked"), "x-circle"
    if scene.journal_used_percent >= FULL_SOON_PERCENT:
        return scene.texts.say("banner-storage", percent=scene.journal_used_percent), "hard-drives"
    return "", ""


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
        case Told():
            return _told(state, scene)
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
    provisional, lower = guest.authority is None, shelf(guest, scene)
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
        note=_line(guest, programme, rank, scene),
        fields=FIELD_GAP.join(_fields(snapshot, scene)),
        provisional=provisional,
        age_note=_age_note(guest, scene) if provisional else "",
        rewards_title=texts.say("rewards-title"),
        rewards_note=lower.note,
        rewards=lower.rewards,
        vouchers=lower.vouchers,
        end_label=texts.say("end"),
    )


def _fields(snapshot: MemberSnapshot, scene: Scene) -> Iterator[str]:
    for field in snapshot.fields or ():
        yield scene.texts.say("member-field", name=scene.written(field.names), value=scene.written(field.values))


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


def _line(guest: Guest, programme: Programme | None, rank: int, scene: Scene) -> str:
    """What the member should know most: what is unsure, a debt, points on their way, or else the rule of earning."""
    texts, snapshot = scene.texts, guest.snapshot
    if guest.unbooked.receipts:
        return texts.say("receipt-note", points=sum(guest.unbooked.receipts.values()))
    if guest.unbooked.points < 0:
        return texts.say("unbooked-note", points=-guest.unbooked.points)
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


def _confirm(state: State, scene: Scene) -> ConfirmView | None:
    if not isinstance(state, Confirming | Redeeming):
        return None
    texts, points, reward = scene.texts, state.guest.snapshot.points, scene.reward(state.reward)
    return ConfirmView(
        title=texts.say("confirm-title", reward=scene.reward_name(state.reward)),
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
        waiting_label=texts.say("redeeming-elsewhere" if _is_elsewhere(state) else "redeeming"),
    )


def _is_elsewhere(state: State) -> bool:
    return isinstance(state, Redeeming) and state.otherwise is not None


def _voucher(state: Showing, scene: Scene) -> VoucherView:
    texts, rejected = scene.texts, state.standing is Standing.REJECTED
    name, code = scene.reward_name(state.voucher.reward), voucher_code(state.voucher.spend)
    fresh = state.is_fresh
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


def _told(state: Told, scene: Scene) -> RefusalView:
    texts, notice = scene.texts, state.notice
    reward = scene.reward_name(UUID(str(notice.data["reward"]))) if "reward" in notice.data else ""
    points, time = notice.data.get("act_points", 0), texts.time(notice.at, scene.now)
    message = "notice-reward" if reward else "notice-points" if points else "notice-general"
    if "receipt" in notice.data:
        message = "notice-receipt"
    sentence = texts.say(message, reward=reward, points=points, time=time)
    return RefusalView(
        icon="info",
        title=texts.say("notice-title"),
        sentence=sentence,
        code=notice.code,
        dismiss_label=texts.say("dismiss"),
    )


def _refusal(state: Refused, scene: Scene) -> RefusalView:
    code, texts = state.code, scene.texts
    offline, card = code in OFFLINE_CODES, code in CARD_CODES
    title = "refusal-title-offline" if offline else "refusal-title-card" if card else "refusal-title"
    icon = ICONS.get(code, "wifi-slash" if offline else "contactless-payment" if card else "info")
    return RefusalView(
        icon=icon,
        title=texts.say(title),
        sentence=texts.refusal(code, _with_store(state.data, texts.language)),
        code=code.value,
        dismiss_label=texts.say("dismiss"),
    )


def _with_store(data: dict[str, int | str], language: str) -> dict[str, int | str]:
    """Name the store that a sentence mentions in the language of the screen, where the hub has sent its names."""
    names = {tag: str(data[f"store_{tag}"]) for tag in LANGUAGES if f"store_{tag}" in data}
    return {**data, "store": text_in(names, language)} if names else data
