"""Every expected refusal by its stable code; the sentences people read stand in locale/*/errors.ftl beside it."""

from enum import StrEnum


class ErrorCode(StrEnum):
    """Codes are for ever: they travel on the wire, stand in logs and in integrators' programs."""

    # Cards
    CARD_TORN = "card.torn"
    CARD_UNSUPPORTED = "card.unsupported"
    CARD_UNKNOWN = "card.unknown"
    CARD_UNKNOWN_OFFLINE = "card.unknown_offline"
    CARD_INVALID = "card.invalid"
    CARD_REPLAYED = "card.replayed"
    CARD_BLOCKED = "card.blocked"
    CARD_TAKEN = "card.taken"

    # Members, visits and redeeming
    MEMBER_UNKNOWN = "member.unknown"
    MEMBER_BLOCKED = "member.blocked"
    MEMBER_PHONE_TAKEN = "member.phone_taken"
    PHONE_INVALID = "phone.invalid"
    BIRTHDAY_INVALID = "birthday.invalid"
    VISIT_EXPIRED = "visit.expired"
    POINTS_SHORT = "points.short"
    REWARD_UNKNOWN = "reward.unknown"
    REWARD_GONE = "reward.gone"
    REWARD_TIER = "reward.tier"
    REWARD_PRICE_CHANGED = "reward.price_changed"
    REDEEM_STATIC_CARD = "redeem.static_card"
    REDEEM_OFFLINE = "redeem.offline"
    REDEEM_UNVERIFIED = "redeem.unverified"
    REDEEM_NO_ANSWER = "redeem.no_answer"
    TIER_UNKNOWN = "tier.unknown"
    LEASE_UNKNOWN = "lease.unknown"
    LEASE_DIFFERENT = "lease.different"
    LEASE_OVERSPENT = "lease.overspent"
    LEASE_CLOSED = "lease.closed"
    PURCHASE_KNOWN = "purchase.known"
    PURCHASE_NOT_HERE = "purchase.not_here"
    AMOUNT_INVALID = "amount.invalid"
    CURRENCY_UNKNOWN = "currency.unknown"
    STORE_UNKNOWN = "store.unknown"
    VOUCHER_UNKNOWN = "voucher.unknown"
    VOUCHER_HANDED_OUT = "voucher.handed_out"

    # The kiosk itself
    STORE_READ_ONLY = "store.read_only"
    STORE_FULL = "store.full"
    READER_MISSING = "reader.missing"
    KIOSK_UNKNOWN = "kiosk.unknown"
    KIOSK_REVOKED = "kiosk.revoked"
    HUB_UNREACHABLE = "hub.unreachable"

    # The line
    MESSAGE_UNDECODABLE = "message.undecodable"
    MESSAGE_TOO_LARGE = "message.too_large"
    KIND_UNKNOWN = "kind.unknown"
    SHARD_FOREIGN = "shard.foreign"
    SIGNATURE_INVALID = "signature.invalid"
    CHAIN_BROKEN = "chain.broken"
    CHAIN_FORKED = "chain.forked"
    EPOCH_UNKNOWN = "epoch.unknown"
    EVENT_CONFLICT = "event.conflict"
    EVENT_FAILED = "event.failed"
    DOCUMENT_UNKNOWN = "document.unknown"

    # The API
    REQUEST_INVALID = "request.invalid"
    REQUEST_ID_MISSING = "request.id_missing"
    REQUEST_CONFLICT = "request.conflict"
    REQUEST_FAILED = "request.failed"
    REQUEST_OVERLOADED = "request.overloaded"
    KEY_MISSING = "key.missing"
    KEY_UNKNOWN = "key.unknown"
    KEY_REVOKED = "key.revoked"
    PERMISSION_DENIED = "permission.denied"
    STORE_OUT_OF_SCOPE = "store.out_of_scope"
    PATH_UNKNOWN = "path.unknown"


def understood(code: str) -> ErrorCode:
    """A code that came from the other side; what only a newer release knows is a request that failed."""
    try:
        return ErrorCode(code)
    except ValueError:
        return ErrorCode.REQUEST_FAILED
