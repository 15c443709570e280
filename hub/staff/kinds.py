"""Kinds of bookings, and who may bring them: what a key or a person needs, what kiosks and the hub itself bring."""

from hub.staff.permissions import Permission

KINDS: dict[str, Permission] = {
    "hold.placed": Permission.HOLDS_WRITE,
    "hold.captured": Permission.HOLDS_WRITE,
    "hold.released": Permission.HOLDS_WRITE,
    "member.merged": Permission.MEMBERS_MERGE,
    "member.unmerged": Permission.MEMBERS_MERGE,
    "points.adjusted": Permission.ADJUSTMENTS_WRITE,
    "promise.compensated": Permission.RECONCILIATION_WRITE,
    "points.transferred": Permission.TRANSFERS_WRITE,
    "lease.recalled": Permission.LEASES_RECALL,
    "lease.written_off": Permission.LEASES_WRITE,
    "purchase.recorded": Permission.PURCHASES_WRITE,
    "purchase.returned": Permission.RETURNS_WRITE,
    "top_up.recorded": Permission.TOP_UPS_WRITE,
    "top_up.refunded": Permission.PAY_OUTS_WRITE,
    "wallet.closed": Permission.PAY_OUTS_WRITE,
    "payment.recorded": Permission.PAYMENTS_WRITE,
    "payment.refunded": Permission.PAYMENTS_WRITE,
    "package.sold": Permission.TOP_UPS_WRITE,
    "package.used": Permission.PAYMENTS_WRITE,
    "package.use_refunded": Permission.PAYMENTS_WRITE,
    "package.refunded": Permission.PAY_OUTS_WRITE,
}
"""What a key needs for each kind that it may have booked."""

KIOSK_KINDS = frozenset(
    {
        "card.present",
        "card.seen",
        "event.unreadable",
        "journal.repaired",
        "lease.accepted",
        "lease.ask",
        "lease.closed",
        "lease.passed",
        "lease.spent",
        "lease.taken",
        "notice.seen",
        "purchase.recorded",
        "receipt.scanned",
        "stock.accepted",
    }
)
"""What a kiosk may have booked."""

JOB_KINDS = frozenset(
    {
        "cards.renewed",
        "hold.expired",
        "lapse.reversed",
        "points.lapsed",
        "points.lent",
        "stock.lent",
        "value.expired",
        "value.followed",
    }
)
"""What only the hub itself has booked, when it is time."""
