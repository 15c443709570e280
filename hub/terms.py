"""Every kind of term that the programme has, by name: what its document must look like."""

from typing import Any

import msgspec

from hub.alerts.rules import AlertPolicy
from hub.approvals.rules import ApprovalPolicy, Limit
from hub.day_end.rules import DayEndPolicy
from hub.finance.rules import LiabilityPolicy
from hub.holds.rules import HoldPolicy
from hub.leases.lending_rules import LendingPolicy
from hub.members.consent import ConsentText
from hub.members.definitions import FieldDefinition
from hub.packages.rules import Package
from hub.points.acts import AdjustmentPolicy, TransferPolicy
from hub.points.rules import CashPolicy, EarningRule, ExpiryPolicy
from hub.privacy.rules import RetentionPolicy
from hub.returns.rules import ReturnPolicy
from hub.wallet.rules import GiftRule, Jurisdiction, WalletPolicy

POLICIES: dict[str, type[Any]] = {
    "adjustments": AdjustmentPolicy,
    "alerts": AlertPolicy,
    "approvals": ApprovalPolicy,
    "cash": CashPolicy,
    "day_end": DayEndPolicy,
    "expiry": ExpiryPolicy,
    "holds": HoldPolicy,
    "lending": LendingPolicy,
    "liability": LiabilityPolicy,
    "retention": RetentionPolicy,
    "returns": ReturnPolicy,
    "transfers": TransferPolicy,
    "wallet": WalletPolicy,
}
"""Terms of which there is one."""

FAMILIES: dict[str, type[Any]] = {
    "approvals": Limit,
    "consents": ConsentText,
    "earning": EarningRule,
    "fields": FieldDefinition,
    "gift": GiftRule,
    "jurisdiction": Jurisdiction,
    "package": Package,
}
"""Terms of which there are many: the name is the family's, a dot, and a name of its own."""


def kind_of(name: str) -> type[Any] | None:
    """What a term of this name must look like; None where there is no such term."""
    family, dot, own = name.partition(".")
    if dot:
        return FAMILIES.get(family) if own else None
    return POLICIES.get(name)


def normal(kind: type[Any], document: dict[str, Any]) -> dict[str, Any]:
    """A document with its defaults filled in.

    Raises:
        msgspec.ValidationError: if it is not what its kind says.
    """
    full: dict[str, Any] = msgspec.to_builtins(msgspec.convert(document, kind))
    unknown = document.keys() - full.keys()
    if unknown:
        raise msgspec.ValidationError(f"unknown field `{min(unknown)}`")
    return full
