"""What a kiosk asks the hub, and the hub's answers. Both expire: nobody acts on a late answer.

A granted lease is not an answer but a duty, because it must arrive even when the kiosk has stopped waiting.
"""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from protocol.events import CardEvidence
from protocol.state import MemberSnapshot
from protocol.values import Count, Instant, Points, Token, Version

DocumentName = Literal["catalogue", "programme", "configuration"]


class Request(Struct, frozen=True):
    """A question; `id` is repeated by the answer, `body` is read by `kind`."""

    id: UUID
    kind: Token
    asked_at: Instant
    body: Raw


class Refusal(Struct, frozen=True):
    """Why something was not done: a code that has a sentence in every language, and the numbers it mentions."""

    code: Token
    data: dict[str, int | str] = {}


class Reply(Struct, frozen=True, kw_only=True):
    """The hub's answer to one request: either a body that is read by `kind`, or a refusal."""

    request: UUID
    kind: Token
    body: Raw | UnsetType = UNSET
    refused: Refusal | UnsetType = UNSET


class PresentCard(Struct, frozen=True):
    """Ask whose card this is and open a visit."""

    card: CardEvidence


class VisitOpened(Struct, frozen=True):
    """The card is good. Later requests of this visit name `visit`; `redeems` says whether this card may redeem."""

    visit: UUID
    redeems: bool
    snapshot: MemberSnapshot


class AskLease(Struct, frozen=True):
    """Ask for exactly the price of a reward. `spend` is made and kept before asking, so asking twice is harmless."""

    spend: UUID
    visit: UUID
    reward: UUID
    points: Points


class FetchDocument(Struct, frozen=True):
    """Ask for one page of a document of the hub's, counted from 0."""

    name: DocumentName
    page: Annotated[int, Meta(ge=0, le=10_000)] = 0


class DocumentPage(Struct, frozen=True):
    """One page. All pages of a document carry one `version`; a kiosk that sees it change begins again."""

    name: DocumentName
    version: Version
    page: Count
    pages: Count
    items: list[Raw]


class ReleaseKey(Struct, frozen=True):
    """Ask, after a start, for the key that opens the names in this kiosk's local store."""


class KeyReleased(Struct, frozen=True):
    """The wrapping key in base 64; kept in memory only."""

    key: Annotated[str, Meta(min_length=44, max_length=44)]
