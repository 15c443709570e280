"""Bodies of events, kiosk to hub. Each names something that has happened, in the past tense."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from protocol.limits import (
    EVENT_MAX_BYTES,
    PASS_NOTE_MAX_CHARS,
    PIECES_MAX,
    PURCHASE_MAX_LINES,
    RECEIPT_CODE_MAX_CHARS,
)
from protocol.values import (
    Count,
    Currency,
    Instant,
    Minor,
    Points,
    PositivePoints,
    Seal,
    Sequence,
    Text,
    Token,
    Uid,
    Url,
)


class CardEvidence(Struct, frozen=True):
    """What a reader saw of a card. `url` is the card's own, as it stood in its NDEF record; it is a credential."""

    technology: Token
    uid: Uid
    url: Url | UnsetType = UNSET

    def __repr__(self) -> str:
        # Whatever logs or prints a tap must not give the credential away.
        return f"CardEvidence({self.technology!r}, {self.uid!r})"


class CardSeen(Struct, frozen=True):
    """A tap that could not be verified when it happened: kept as evidence, so that a copied card shows up later."""

    card: CardEvidence


class LeaseAccepted(Struct, frozen=True):
    """The kiosk has journaled a grant; from here on it may spend from it. `seal` is repeated from the grant."""

    lease: Sequence
    member: UUID
    points: Points
    seal: Seal | UnsetType = UNSET


class StockAccepted(Struct, frozen=True):
    """The kiosk has journaled pieces of a reward; from here on it may give them out. `seal` is repeated."""

    lease: Sequence
    reward: UUID
    pieces: Annotated[int, Meta(ge=1, le=PIECES_MAX)]
    seal: Seal


class LeaseSpent(Struct, frozen=True):
    """A reward was taken from a lease. `spend` was made by the kiosk before and names the voucher.

    `stock` is the lease that its piece comes from, where the reward is limited and its piece was not set aside with
    the points.
    """

    lease: Sequence
    spend: UUID
    member: UUID
    reward: UUID
    points: Points
    stock: Sequence | UnsetType = UNSET


class LeaseClosed(Struct, frozen=True):
    """The fence: nothing is spent from this lease any more. `spent` is all that ever was: points, or pieces."""

    lease: Sequence
    spent: Points


class LeasePassed(Struct, frozen=True):
    """The fence for a part of a lease: `points` of it are a neighbour's from here on, by a note (`protocol.passes`).

    They count as spent where the lease is closed.
    """

    lease: Sequence
    note: UUID
    to: Token
    to_epoch: UUID
    points: PositivePoints


class LeaseTaken(Struct, frozen=True):
    """The kiosk has journaled a note of a neighbour; `lease` is the number that follows from it."""

    lease: Sequence
    note: Annotated[str, Meta(max_length=PASS_NOTE_MAX_CHARS)]


class PurchaseLine(Struct, frozen=True):
    """One line of a purchase; `amount` is for the whole line, after discounts."""

    product: Token
    category: Token
    quantity: Annotated[int, Meta(ge=1, le=100_000)]
    amount: Minor
    name: Text | UnsetType = UNSET


class PurchaseRecorded(Struct, frozen=True):
    """A member bought something in this store. `receipt` is unique within the store: twice the same counts once."""

    receipt: Token
    member: UUID
    currency: Currency
    purchased_at: Instant
    lines: Annotated[list[PurchaseLine], Meta(min_length=1, max_length=PURCHASE_MAX_LINES)]


class ReceiptScanned(Struct, frozen=True):
    """A member held the code on a receipt to the scanner: the purchase in it is theirs (`protocol.receipt_codes`)."""

    member: UUID
    code: Annotated[str, Meta(max_length=RECEIPT_CODE_MAX_CHARS)]


class NoticeSeen(Struct, frozen=True):
    """A notice was shown to the member whom it is for, and need not be shown again."""

    notice: UUID
    member: UUID


class EventUnreadable(Struct, frozen=True):
    """Carries an event that the hub refused to read: the base 64 of its journaled bytes, over which the chain runs."""

    bytes: Annotated[str, Meta(max_length=EVENT_MAX_BYTES * 4 // 3 + 4)]


class JournalRepaired(Struct, frozen=True):
    """First event of an epoch that replaces a damaged, forked or lost journal: what is known of the one before it.

    What had not been confirmed of it, and can be read, follows under the ids that it had.
    """

    previous_epoch: UUID | UnsetType = UNSET
    oldest_seq: Count = 0
    newest_seq: Count = 0
    cause: Literal["damaged", "forked"] | UnsetType = UNSET
