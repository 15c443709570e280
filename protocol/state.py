"""State that the hub publishes and the kiosk reports. Every object carries a version; what is not newer is ignored."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from protocol.limits import AUDIT_HEADS_MAX, FIELDS_MAX, NEIGHBOURS_MAX, NOTICES_MAX
from protocol.values import (
    Address,
    ClockTrust,
    Count,
    Currency,
    Hash,
    Instant,
    Mark,
    Minor,
    Points,
    Sequence,
    Text,
    Texts,
    Token,
    Version,
)

BasisPoints = Annotated[int, Meta(ge=0, le=1_000_000)]
"""Hundredths of a percent: 15,000 multiplies by 1.5."""


class OpenVoucher(Struct, frozen=True):
    """A redeemed reward that has not been handed out yet."""

    spend: UUID
    reward: UUID
    redeemed_at: Instant


class Notice(Struct, frozen=True):
    """Something that a member should be told: an act of theirs that the hub could not take, by its code and data."""

    id: UUID
    code: Token
    at: Instant
    data: dict[str, int | str] = {}


class ShownField(Struct, frozen=True):
    """A field that the chain has defined itself, with the member's value: both as they are read, by language."""

    names: Texts
    values: Texts


class MemberSnapshot(Struct, frozen=True, kw_only=True):
    """What a kiosk may know of a member. `display_name` is masked by the hub; there is no phone and no birthday.

    `points` and `stored_value` can be spent now; `bonus` is the part of `stored_value` that the member was given on
    top. `pending` points can be spent later, the first of them from `pending_at` on; `debt` is what the member owes.
    `lent` is the part of `points` that lies at kiosks ahead and is called back where it is wanted elsewhere. `fields`
    are of those that the chain wants kiosks to show, and none that only some roles may see.
    """

    member: UUID
    version: Version
    as_of: Instant
    display_name: Text
    language: Token | UnsetType = UNSET
    tier: Token
    points: Points
    qualifying: Points
    expiring: Points = 0
    expiring_at: Instant | UnsetType = UNSET
    stored_value: Minor = 0
    pending: Points | UnsetType = UNSET
    pending_at: Instant | UnsetType = UNSET
    debt: Points | UnsetType = UNSET
    bonus: Minor | UnsetType = UNSET
    vouchers: list[OpenVoucher] = []
    lent: Points | UnsetType = UNSET
    notices: Annotated[list[Notice], Meta(max_length=NOTICES_MAX)] | UnsetType = UNSET
    fields: Annotated[list[ShownField], Meta(max_length=FIELDS_MAX)] | UnsetType = UNSET


class Reward(Struct, frozen=True, kw_only=True):
    """One reward of the catalogue. `picture` is the SHA-256 of its file; `tiers` empty means every tier.

    `stock` says that there are only so many: 0 that none is left, any other number that some are, but not how many.
    """

    reward: UUID
    names: Texts
    descriptions: Texts = {}
    points: Points
    picture: Hash
    stock: Count | UnsetType = UNSET
    tiers: list[Token] = []


class Tier(Struct, frozen=True, kw_only=True):
    """One tier, from `threshold` qualifying points on; its members earn `multiplier` times the base rate."""

    tier: Token
    names: Texts
    threshold: Points
    multiplier: BasisPoints = 10_000


class Programme(Struct, frozen=True, kw_only=True):
    """The rules a kiosk shows: tiers in rising order, and how many points an amount of money earns."""

    tiers: list[Tier]
    currency: Currency
    earn_points: Points
    earn_per: Minor


class Configuration(Struct, frozen=True, kw_only=True):
    """How a kiosk behaves. Times of a visit are counted from the last touch, but for `visit_s`.

    `receipt_keys` are the public keys (DER in base 64) of the store's tills, by which codes on receipts are known, and
    `neighbours` the store's other kiosks, each with the HOST:PORT at which it answers over the local network.
    """

    chain_names: Texts
    store_names: Texts
    languages: Annotated[list[Token], Meta(min_length=1)]
    idle_warn_s: Annotated[int, Meta(ge=5, le=300)] = 15
    idle_end_s: Annotated[int, Meta(ge=5, le=300)] = 25
    visit_s: Annotated[int, Meta(ge=10, le=600)] = 120
    snapshots_max: Annotated[int, Meta(ge=10, le=100_000)] = 5_000
    replay_retention_days: Annotated[int, Meta(ge=1, le=400)] = 70
    receipt_keys: dict[Token, Text] | UnsetType = UNSET
    neighbours: Annotated[dict[Token, Address], Meta(max_length=NEIGHBOURS_MAX)] | UnsetType = UNSET


class TwinPointer(Struct, frozen=True):
    """Which configuration this kiosk should run; the body is fetched as a document."""

    version: Version


class Note(Struct, frozen=True, kw_only=True):
    """Versions of what the kiosks of a group share; a newer one is fetched."""

    catalogue: Version
    programme: Version
    hot_list: Version = 0


class AuditHead(Struct, frozen=True):
    """Where the hub's audit log ended: number and hash of an entry, in an epoch of the hub."""

    hub_epoch: UUID
    number: Mark
    hash: Hash


class HubStatus(Struct, frozen=True, kw_only=True):
    """Whether the hub takes events. `hub_epoch` changes with every restore of its database.

    `audit` is for kiosks to remember: what they tell back later must still be true.
    """

    online: bool
    hub_epoch: UUID | UnsetType = UNSET
    audit: AuditHead | UnsetType = UNSET


class KioskStatus(Struct, frozen=True, kw_only=True):
    """Birth, orderly end (`offline`), or the will that the broker publishes (`lost`).

    `connection` counts connects, so an old death is told from a new one. Births state the head of the chain, the place
    before its oldest event, the highest lease ever journaled, and the hub's epoch that the kiosk has last replayed for.
    `forked` says that the kiosk knows another history of this epoch than the hub, and goes on with neither. `address`
    is where it answers its neighbours, `audit` are the heads of the hub's audit log that it remembers.
    """

    state: Literal["online", "offline", "lost"]
    connection: Mark
    epoch: UUID | UnsetType = UNSET
    head_seq: Mark = 0
    head: Hash | UnsetType = UNSET
    confirmed: Mark = 0
    duties: Mark = 0
    configuration: Version = 0
    software: Token | UnsetType = UNSET
    oldest_seq: Mark | UnsetType = UNSET
    oldest: Hash | UnsetType = UNSET
    highest_lease: Mark | UnsetType = UNSET
    hub_epoch: UUID | UnsetType = UNSET
    forked: bool | UnsetType = UNSET
    address: Address | UnsetType = UNSET
    audit: Annotated[list[AuditHead], Meta(max_length=AUDIT_HEADS_MAX)] | UnsetType = UNSET


class Heartbeat(Struct, frozen=True, kw_only=True):
    """Health, once a minute. A kiosk whose `frame_age_ms` grows is down, whatever its connection says.

    `journal_used_percent` is the share of the journal's room that is taken by what may not be removed yet. `chain`
    tells whether the journal is taken at the hub, waits until a person accepts it, or is refused for good.
    """

    at: Instant
    clock: ClockTrust
    unconfirmed: Count
    oldest_unconfirmed_s: Count
    reader: Literal["ready", "missing"]
    frame_age_ms: Count
    disk_free_bytes: Count
    memory_bytes: Count
    journal: Literal["writable", "read_only"]
    snapshots: Count = 0
    first_seq: Sequence = 1
    journal_used_percent: Annotated[int, Meta(ge=0, le=100)] | UnsetType = UNSET
    chain: Literal["good", "waiting", "forked", "revoked"] | UnsetType = UNSET
