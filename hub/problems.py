"""Refusals over HTTP: which status a code has, and problem details (RFC 9457) in the caller's language."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse

from protocol.errors import ErrorCode, worded
from provisioning.sentences import ERRORS, sentences

LANGUAGES = ("en", "zh")
MEDIA_TYPE = "application/problem+json"

STATUS: Mapping[ErrorCode, int] = {
    ErrorCode.KEY_MISSING: 401,
    ErrorCode.KEY_UNKNOWN: 401,
    ErrorCode.KEY_REVOKED: 401,
    ErrorCode.KEY_EXPIRED: 401,
    ErrorCode.PERMISSION_DENIED: 403,
    ErrorCode.STORE_OUT_OF_SCOPE: 403,
    ErrorCode.APPROVAL_REFUSED: 403,
    ErrorCode.APPROVAL_LAPSED: 403,
    ErrorCode.APPROVAL_OWN: 403,
    ErrorCode.PATH_UNKNOWN: 404,
    ErrorCode.MEMBER_UNKNOWN: 404,
    ErrorCode.CARD_UNKNOWN: 404,
    ErrorCode.KIOSK_UNKNOWN: 404,
    ErrorCode.REWARD_UNKNOWN: 404,
    ErrorCode.EPOCH_UNKNOWN: 404,
    ErrorCode.VOUCHER_UNKNOWN: 404,
    ErrorCode.TERM_UNKNOWN: 404,
    ErrorCode.HOLD_UNKNOWN: 404,
    ErrorCode.KEY_MISSED: 404,
    ErrorCode.RECEIPT_KEY_UNKNOWN: 404,
    ErrorCode.RECEIPT_KEY_TAKEN: 409,
    ErrorCode.KEY_ENDED: 409,
    ErrorCode.WEBHOOK_UNKNOWN: 404,
    ErrorCode.ERASURE_UNKNOWN: 404,
    ErrorCode.ERASURE_MONEY_HELD: 409,
    ErrorCode.ERASURE_VALUE_OUT: 409,
    ErrorCode.MEMBER_ERASED: 410,
    ErrorCode.EXPORT_UNKNOWN: 404,
    ErrorCode.EXPORT_GONE: 410,
    ErrorCode.REVEAL_TOO_OFTEN: 429,
    ErrorCode.REQUEST_ID_MISSING: 400,
    ErrorCode.REQUEST_CONFLICT: 409,
    ErrorCode.PURCHASE_UNKNOWN: 404,
    ErrorCode.PURCHASE_KNOWN: 409,
    ErrorCode.RETURN_KNOWN: 409,
    ErrorCode.LEASE_UNKNOWN: 404,
    ErrorCode.POINTS_RECALLED: 409,
    ErrorCode.POINTS_LENT: 409,
    ErrorCode.REWARD_RECALLED: 409,
    ErrorCode.LEASE_CLOSED: 409,
    ErrorCode.LEASE_WRITTEN_OFF: 409,
    ErrorCode.REJECTION_UNKNOWN: 404,
    ErrorCode.REJECTION_SETTLED: 409,
    ErrorCode.RESTORE_UNKNOWN: 404,
    ErrorCode.REDEEM_RESTORED: 503,
    ErrorCode.TOP_UP_KNOWN: 409,
    ErrorCode.PAYMENT_KNOWN: 409,
    ErrorCode.RECEIPT_KNOWN: 409,
    ErrorCode.RECEIPT_UNKNOWN: 404,
    ErrorCode.PACKAGE_UNKNOWN: 404,
    ErrorCode.PERIOD_CLOSED: 409,
    ErrorCode.MEMBER_PHONE_TAKEN: 409,
    ErrorCode.CARD_TAKEN: 409,
    ErrorCode.VOUCHER_HANDED_OUT: 409,
    ErrorCode.HOLD_ENDED: 409,
    ErrorCode.HOLD_EXPIRED: 409,
    ErrorCode.APPROVAL_UNKNOWN: 404,
    ErrorCode.APPROVAL_DECIDED: 409,
    ErrorCode.APPROVAL_WITHDRAWN: 409,
    ErrorCode.ALERT_UNKNOWN: 404,
    ErrorCode.ALERT_OWN: 403,
    ErrorCode.ALERT_CLOSED: 409,
    ErrorCode.REQUEST_METHOD: 405,
    ErrorCode.REQUEST_STALE: 412,
    ErrorCode.REQUEST_TOO_LARGE: 413,
    ErrorCode.REQUEST_MEDIA_TYPE: 415,
    ErrorCode.REQUEST_TOO_MANY: 429,
    ErrorCode.SESSION_ENDED: 401,
    ErrorCode.SESSION_UNKNOWN: 404,
    ErrorCode.SESSION_NEEDED: 403,
    ErrorCode.CONFIRMATION_NEEDED: 403,
    ErrorCode.REQUEST_FOREIGN: 403,
    ErrorCode.LOG_IN_FAILED: 401,
    ErrorCode.LOG_IN_TOO_SOON: 429,
    ErrorCode.LOG_IN_LAPSED: 401,
    ErrorCode.SECOND_FACTOR_WRONG: 401,
    ErrorCode.PASSWORD_WRONG: 401,
    ErrorCode.PASSKEY_UNKNOWN: 404,
    ErrorCode.INVITATION_INVALID: 404,
    ErrorCode.PERSON_UNKNOWN: 404,
    ErrorCode.PERSON_SELF: 403,
    ErrorCode.PERSON_LAST_ADMIN: 409,
    ErrorCode.PERSON_STATE: 409,
    ErrorCode.LOGIN_TAKEN: 409,
    ErrorCode.EMAIL_TAKEN: 409,
    ErrorCode.ROLE_UNKNOWN: 404,
    ErrorCode.ROLE_KNOWN: 409,
    ErrorCode.ROLE_IN_USE: 409,
    ErrorCode.OUTSIDE_NOT_OFFERED: 404,
    ErrorCode.OUTSIDE_FAILED: 401,
    ErrorCode.OUTSIDE_UNLINKED: 403,
    ErrorCode.MEMBER_MERGED: 409,
    ErrorCode.MERGE_LEASED: 409,
    ErrorCode.MERGE_HELD: 409,
    ErrorCode.MERGE_UNKNOWN: 404,
    ErrorCode.MERGE_UNDONE: 409,
    ErrorCode.MERGE_SPENT: 409,
    ErrorCode.IMPORT_UNKNOWN: 404,
    ErrorCode.IMPORT_STATE: 409,
    ErrorCode.REQUEST_FAILED: 500,
    ErrorCode.REQUEST_OVERLOADED: 503,
}
"""Status by code; every other refusal is 422, because the request was understood and cannot be done."""


AGAIN_AFTER_S: Mapping[ErrorCode, int] = {ErrorCode.POINTS_RECALLED: 1, ErrorCode.REWARD_RECALLED: 1}
"""Refusals that come right by themselves, and after how long the same request may be sent again."""


class ProblemError(Exception):
    """A refusal on its way to the caller."""

    def __init__(self, code: ErrorCode, **data: Any) -> None:
        super().__init__(code.value)
        self.code = code
        self.data = data


class WaitingError(Exception):
    """An act that waits for a second person, on its way to the caller. `told` names the request."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        super().__init__("waits for a second person")
        self.told = dict(told)


def status_of(code: ErrorCode) -> int:
    """HTTP status of a code."""
    return STATUS.get(code, 422)


def language_of(accept: str) -> str:
    """The first language of an Accept-Language header that we speak; English otherwise."""
    for wish in accept.split(","):
        tag = wish.split(";")[0].strip().lower().split("-")[0]
        if tag in LANGUAGES:
            return tag
    return LANGUAGES[0]


def sentence(code: ErrorCode, data: Mapping[str, Any], language: str) -> str:
    """What a person reads for a code."""
    known = sentences((language, *LANGUAGES), (ERRORS,), ("errors.ftl",))
    text: str = known.format_value(code.value.replace(".", "-"), worded(data, language))
    return text


def problem(request: Request, code: ErrorCode, data: Mapping[str, Any]) -> JSONResponse:
    """The response for a refusal."""
    status = status_of(code)
    body = {
        "type": f"urn:membertap:problem:{code.value}",
        "title": code.value,
        "status": status,
        "detail": sentence(code, data, language_of(request.headers.get("accept-language", ""))),
        "code": code.value,
        "data": dict(data),
    }
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    if code in AGAIN_AFTER_S:
        headers["Retry-After"] = str(AGAIN_AFTER_S[code])
    return JSONResponse(body, status, headers, media_type=MEDIA_TYPE)
