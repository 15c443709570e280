"""Every table of the hub, in one place, so that migrations and tests see all of them."""

from hub.booking import models as booking
from hub.cards import models as cards
from hub.db.base import Base
from hub.fleet import models as fleet
from hub.leases import models as leases
from hub.ledger import models as ledger
from hub.members import models as members
from hub.points import models as points
from hub.purchases import models as purchases
from hub.rewards import models as rewards
from hub.staff import models as staff
from hub.stores import models as stores
from hub.tiers import models as tiers

__all__ = [
    "Base",
    "booking",
    "cards",
    "fleet",
    "leases",
    "ledger",
    "members",
    "points",
    "purchases",
    "rewards",
    "staff",
    "stores",
    "tiers",
]
