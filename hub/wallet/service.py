"""Stored value as other domains use it: whose accounts hold it, in which order it is used, where it comes from."""

from datetime import datetime
from uuid import UUID

from hub.ledger.rules import AccountState, Books
from hub.points.service import points_account
from hub.programme.service import Terms
from hub.wallet.rules import Split, WalletPolicy, split_of
from protocol.ids import derived_id

PRINCIPAL = "principal"
BONUS = "bonus"

POLICY = "wallet"
"""Name of the policy of stored value among the programme's terms."""

PAID_IN = UUID(int=4)
"""Programme account: the money that members have paid in."""
SPENT = UUID(int=10)
"""Programme account: stored value that members have paid with goes here, and comes back from here."""
BONUS_ISSUED = UUID(int=11)
"""Programme account: gifts on top-ups come from here."""
PAID_OUT = UUID(int=12)
"""Programme account: money that was paid out to members goes here."""
BONUS_FORFEITED = UUID(int=13)
"""Programme account: gifts that members have lost go here."""

PAID, PAID_BY_BONUS = "stored_value.paid", "bonus.paid"
"""Kinds of the transfers that a payment is made of, also where what is paid was held before."""


def principal_account(member: UUID) -> UUID:
    """Account of the money a member has paid in."""
    return derived_id(member, PRINCIPAL)


def bonus_account(member: UUID) -> UUID:
    """Account of the money a member was given on top."""
    return derived_id(member, BONUS)


def wallet_accounts(member: UUID) -> tuple[UUID, UUID]:
    """The accounts of a member's stored value: principal, then bonus. Each is there from its first use on."""
    return principal_account(member), bonus_account(member)


def policy(terms: Terms) -> WalletPolicy:
    """The policy of stored value in force."""
    return terms.policy(POLICY, WalletPolicy)


def want_wallet(books: Books, member: UUID) -> None:
    """Ask for a member's stored value, with its lots; and for the points account, which is the member's anchor."""
    books.want(points_account(member))
    for account in wallet_accounts(member):
        books.want(account, lots=True)


def open_principal(books: Books, member: UUID, currency: str) -> UUID:
    """The account of a member's principal, opened if need be."""
    account = AccountState(principal_account(member), member, PRINCIPAL, currency, has_lots=True, balance=0, version=0)
    return books.open(account).id


def open_bonus(books: Books, member: UUID, currency: str) -> UUID:
    """The account of a member's bonus, opened if need be."""
    account = AccountState(bonus_account(member), member, BONUS, currency, has_lots=True, balance=0, version=0)
    return books.open(account).id


def split(books: Books, member: UUID, amount: int, *, at: datetime, policy: WalletPolicy) -> list[tuple[UUID, int]]:
    """From which accounts an amount is taken, and how much from each; accounts that give nothing are left out.

    Adds up to the amount, or to all that can be spent where that is less: it is short of the difference then.
    """
    principal, bonus = wallet_accounts(member)
    spendable = Split(books.spendable(principal, at), books.spendable(bonus, at))
    shares = split_of(amount, spendable, policy.order)
    return [(account, share) for account, share in ((principal, shares.principal), (bonus, shares.bonus)) if share]


def held(books: Books, member: UUID) -> Split:
    """What a member holds, whether it can be spent or not."""
    principal, bonus = wallet_accounts(member)
    return Split(books.held(principal), books.held(bonus))


def figures(books: Books, member: UUID) -> dict[str, int]:
    """What a till shows of a member's stored value: all of it, and what it is made of."""
    has = held(books, member)
    return {"stored_value": has.total, "principal": has.principal, "bonus": has.bonus}
