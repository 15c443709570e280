"""Gifts on top-ups within a booking: which rule gives what, and how far its caps reach."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from hub.ledger.rules import Books
from hub.programme.service import Terms, Version
from hub.wallet.rules import Gift, GiftRule, best_gift, gift_for
from hub.wallet.service import BONUS_ISSUED
from protocol.ids import derived_id

FAMILY = "gift"


def offered(terms: Terms, amount: int, store: str, at: datetime) -> list[Version]:
    """Rules in force that give something for such a top-up, to members of some tier at least."""
    return [rule for rule in terms.family(FAMILY, GiftRule) if rule.document.offers(amount, store, at)]


def rule_of(terms: Terms, name: str) -> Version | None:
    """The rule in force under the full name that a receipt tells; None where it was withdrawn."""
    return terms.one(FAMILY, name.removeprefix(f"{FAMILY}."), GiftRule)


def limits(rule: Version, member: UUID) -> Iterator[tuple[UUID, int]]:
    """Tallies that a rule's gifts count on, each with how far it may go."""
    if rule.document.cap_member is not None:
        yield derived_id(member, f"{rule.name}.given"), rule.document.cap_member
    if rule.document.budget is not None:
        yield derived_id(BONUS_ISSUED, f"{rule.name}.given"), rule.document.budget


def choose(rules: list[Version], member: UUID, amount: int, books: Books) -> Gift | None:
    """The one gift that counts, of rules that are for this member; None where there is none. Want their tallies."""
    gifts = []
    for rule in rules:
        room = min((books.room(tally, limit) for tally, limit in limits(rule, member)), default=None)
        gifts.append(Gift(rule.name, rule.version, *gift_for(rule.document, amount, room)))
    return best_gift(gifts)


def count(rule: Version | None, member: UUID, money: int, books: Books) -> None:
    """Count a gift on its rule's tallies; negative where it is undone. A rule that was withdrawn has no limits."""
    for tally, _limit in limits(rule, member) if rule is not None else ():
        books.count(tally, money)
