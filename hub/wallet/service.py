"""Stored value as other domains use it: whose account holds it, and where the money comes from."""

from uuid import UUID

from hub.ledger.rules import AccountState
from protocol.ids import derived_id

PRINCIPAL = "principal"

PAID_IN = UUID(int=4)
"""Programme account: the money that members have paid in."""

TOP_UP_MAX_MINOR = 500_000
"""Most that one top-up may add, in minor units: 5,000 yuan, the cap of a registered single-purpose card in China
(State Council, 2011, no. 25)."""


def principal_account(member: UUID) -> UUID:
    """Account of the money a member has paid in."""
    return derived_id(member, PRINCIPAL)


def new_account(member: UUID, currency: str) -> AccountState:
    """An empty account of stored value."""
    account = principal_account(member)
    return AccountState(account, member, PRINCIPAL, currency, has_lots=False, balance=0, version=0)
