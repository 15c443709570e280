"""The table of kinds: which struct reads the body of a message. It only ever grows."""

from msgspec import Struct

from protocol import duties, events, requests

EVENTS: dict[str, type[Struct]] = {
    "card.seen": events.CardSeen,
    "lease.accepted": events.LeaseAccepted,
    "lease.spent": events.LeaseSpent,
    "lease.closed": events.LeaseClosed,
    "lease.passed": events.LeasePassed,
    "lease.taken": events.LeaseTaken,
    "stock.accepted": events.StockAccepted,
    "purchase.recorded": events.PurchaseRecorded,
    "receipt.scanned": events.ReceiptScanned,
    "notice.seen": events.NoticeSeen,
    "event.unreadable": events.EventUnreadable,
    "journal.repaired": events.JournalRepaired,
}

REQUESTS: dict[str, type[Struct]] = {
    "card.present": requests.PresentCard,
    "lease.ask": requests.AskLease,
    "document.fetch": requests.FetchDocument,
    "key.release": requests.ReleaseKey,
}

REPLIES: dict[str, type[Struct]] = {
    "visit.opened": requests.VisitOpened,
    "document.page": requests.DocumentPage,
    "key.released": requests.KeyReleased,
}

DUTIES: dict[str, type[Struct]] = {
    "lease.grant": duties.GrantLease,
    "member.forget": duties.ForgetMember,
    "points.lend": duties.LendPoints,
    "stock.lend": duties.LendStock,
    "lease.recall": duties.RecallLease,
    "cards.renew": duties.RenewCards,
    "event.settled": duties.EventSettled,
}

_NAMES = {body: kind for table in (EVENTS, REQUESTS, REPLIES, DUTIES) for kind, body in table.items()}


def kind_of(body: Struct) -> str:
    """Name of the kind that a body belongs to."""
    return _NAMES[type(body)]
