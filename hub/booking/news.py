"""What a batch gives others to hear of: its outcomes, and the points, tiers and vouchers that it changed. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from hub.intake import Entry, Outcome, Work
from hub.ledger.rules import Books
from hub.points.service import POINTS
from hub.rewards.service import Rewards
from hub.tiers.service import Standings
from hub.webhooks.rules import EVENTS
from hub.webhooks.service import News
from protocol.ids import derived_id


def news_of(decided: Iterable[tuple[Entry, Outcome]], work: Work, now: datetime) -> Iterator[News]:
    """What happened, each under an id that follows from what it tells of. It names ids and figures, and no person."""
    for entry, outcome in decided:
        if outcome.is_applied and entry.item.kind in EVENTS:
            yield News(derived_id(entry.item.id, "news"), entry.item.kind, now, _told(entry, outcome))
    for account in work.part(Books).accounts.values():
        if account.is_changed and account.book == POINTS:
            told = {"member": str(account.owner), "balance": account.balance, "version": account.version}
            yield News(derived_id(account.id, f"news.{account.version}"), "points.changed", now, told)
    for change in work.part(Standings).promotions:
        told = {"member": str(change.member), "before": change.before, "after": change.after}
        yield News(derived_id(change.fact, f"news.{change.member}.{change.after}"), "tier.changed", now, told)
    for voucher in work.part(Rewards).vouchers:
        told = {name: value if name == "points" else str(value) for name, value in asdict(voucher).items()}
        yield News(derived_id(voucher.spend, "news"), "voucher.issued", now, told)


def _told(entry: Entry, outcome: Outcome) -> dict[str, Any]:
    member = getattr(entry.item.body, "member", None)
    whose = {} if member is None else {"member": str(member)}
    return {"id": str(entry.item.id), "store": entry.caller.store, **whose, **outcome.result}
