"""Every table of the hub, in one place, so that migrations and tests see all of them."""

from hub.alerts import models as alerts
from hub.approvals import models as approvals
from hub.audit import models as audit
from hub.booking import models as booking
from hub.cards import models as cards
from hub.day_end import models as day_end
from hub.db.base import Base
from hub.duplicates import models as duplicates
from hub.finance import models as finance
from hub.fleet import models as fleet
from hub.holds import models as holds
from hub.imports import models as imports
from hub.leases import models as leases
from hub.ledger import models as ledger
from hub.members import models as members
from hub.merges import models as merges
from hub.privacy import models as privacy
from hub.programme import models as programme
from hub.proof import models as proof
from hub.purchases import models as purchases
from hub.reconciliation import models as reconciliation
from hub.restores import models as restores
from hub.returns import models as returns
from hub.rewards import models as rewards
from hub.staff import models as staff
from hub.stores import models as stores
from hub.tiers import models as tiers
from hub.wallet import models as wallet
from hub.webhooks import models as webhooks

__all__ = [
    "Base",
    "alerts",
    "approvals",
    "audit",
    "booking",
    "cards",
    "day_end",
    "duplicates",
    "finance",
    "fleet",
    "holds",
    "imports",
    "leases",
    "ledger",
    "members",
    "merges",
    "privacy",
    "programme",
    "proof",
    "purchases",
    "reconciliation",
    "restores",
    "returns",
    "rewards",
    "staff",
    "stores",
    "tiers",
    "wallet",
    "webhooks",
]
