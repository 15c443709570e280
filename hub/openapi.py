"""The published description of the API (OpenAPI 3.1): what the framework finds out, and what it cannot know.

It cannot know how a refusal looks, which routes need a key, or what a request looks like in real life.
"""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from hub.access import COOKIE
from hub.problems import MEDIA_TYPE
from hub.staff.routes import PUBLIC, ROUTES

ABOUT = """\
The hub of a membership programme. Every request carries an API key, or the session of a person. Every POST carries an
`Idempotency-Key`, a UUID that the caller makes: the same request gets the same answer however often it is sent. Lists
come page by page. A refusal is a problem (RFC 9457); its `code` is for programs and never changes its meaning.
"""

METHODS = frozenset({"get", "put", "post", "patch", "delete"})

PROBLEM: dict[str, Any] = {
    "title": "Problem",
    "description": "Why a request was refused (RFC 9457).",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "data"],
    "properties": {
        "type": {"type": "string", "description": "`urn:membertap:problem:` and the code."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence for people, in the language asked for."},
        "code": {"type": "string", "description": "For programs."},
        "data": {"type": "object", "description": "What the sentence is filled with; `fields` names wrong fields."},
    },
}

REFUSALS: dict[str, str] = {
    "400": "The request has no Idempotency-Key.",
    "401": "There is no key or session, or it counts no more.",
    "403": "The caller may not do this, or not in this store.",
    "404": "What the address names is not there.",
    "405": "The address does not take such requests.",
    "409": "It contradicts what was done before, such as another request under the same id.",
    "410": "It was there, and is gone for good.",
    "412": "It was changed since it was read.",
    "413": "The request is too large.",
    "415": "The body is not of a kind that is read here.",
    "422": "The request was understood and cannot be done; `data.fields` names what is wrong with its form.",
    "429": "Too many requests; `Retry-After` tells in how many seconds to come again.",
    "500": "The hub failed; repeat the request with the same id.",
    "503": "The hub is busy; repeat the request with the same id in a moment.",
}

LIMIT_HEADERS = {
    "RateLimit-Limit": "Most requests in a minute.",
    "RateLimit-Remaining": "How many are left.",
    "RateLimit-Reset": "In how many seconds all are there again.",
}

WAITING: dict[str, Any] = {
    "title": "Waiting",
    "description": "The act waits for a second person. Send the request again, or ask for the approval, to hear of it.",
    "type": "object",
    "required": ["request", "state"],
    "properties": {"request": {"type": "string", "format": "uuid"}, "state": {"type": "string"}},
}

MAY_WAIT = frozenset(
    {
        "/v1/members/{member}/adjustments",
        "/v1/members/{member}/wallet/close",
        "/v1/payments/{payment}/refunds",
        "/v1/top-ups/{top_up}/refund",
    }
)

REQUEST_ID: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "A UUID that the caller makes for this request, and keeps for repeating it.",
    # A text, because generated clients put what they make of a UUID into the header as it is.
    "schema": {"type": "string", "pattern": "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"},
}

SCHEMES: dict[str, Any] = {
    "key": {"type": "http", "scheme": "bearer", "description": "An API key, `mt_ID.SECRET`, or a session's token."},
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "A person's session in a browser."},
}

_PURCHASE = {
    "store": "S01",
    "receipt": "2026-11-21-0042",
    "member": "01a1fbd4-f500-7000-8000-000000000001",
    "currency": "CNY",
    "purchased_at": "2026-11-21T10:00:00+08:00",
    "lines": [{"product": "latte", "category": "coffee", "quantity": 2, "amount": 5600}],
}
_TILL = {"member": _PURCHASE["member"], "store": "S01", "receipt": "2026-11-21-0043"}

EXAMPLES: dict[tuple[str, str], dict[str, Any]] = {
    ("post", "/v1/members"): {"name": "林晓雨", "phone": "+8613800138000", "home_store": "S01"},
    ("post", "/v1/members/find"): {"phone": "+8613800138000"},
    ("post", "/v1/purchases"): _PURCHASE,
    ("post", "/v1/purchases/preview"): _PURCHASE,
    ("post", "/v1/top-ups"): {**_TILL, "currency": "CNY", "amount": 50_000},
    ("post", "/v1/payments"): {**_TILL, "currency": "CNY", "amount": 5_600},
    ("post", "/v1/holds"): {"member": _TILL["member"], "store": "S01", "book": "points", "amount": 600, "minutes": 10},
    ("post", "/v1/keys"): {"name": "till 1 of S01", "permissions": ["purchases:write"], "stores": ["S01"]},
    ("post", "/v1/webhooks"): {"url": "https://shop.example/hooks", "events": ["purchase.recorded"]},
}


def named(route: APIRoute) -> str:
    """The name that programs made from the description call a route by; it stays when the address changes."""
    area = str(route.tags[0] if route.tags else "service").replace(" ", "_")
    return f"{area}_{route.name}"


def publish(app: FastAPI) -> None:
    """Have the application publish the whole description."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign] # the way that FastAPI documents


def _document(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(title=app.title, version=app.version, description=ABOUT, routes=app.routes)
    parts = found.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas |= {"Problem": PROBLEM, "Waiting": WAITING}
    parts["securitySchemes"] = SCHEMES
    parts["responses"] = {f"Problem{status}": _refusal(status) for status in REFUSALS}
    parts["headers"] = {
        name: {"description": text, "schema": {"type": "integer"}} for name, text in LIMIT_HEADERS.items()
    }
    for path, method, operation in _operations(found):
        _complete(path, method, operation)
    return found


def _operations(found: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            if method in METHODS:
                yield path, method, operation


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    whole = " ".join(operation.pop("description", "").split())
    operation["summary"], _, more = whole.partition(". ")
    if more:
        operation["description"] = more
    for place, one in enumerate(operation.get("parameters", ())):
        if one["name"] == REQUEST_ID["name"].lower():
            operation["parameters"][place] = REQUEST_ID
    answers = operation["responses"]
    answers.pop("422", None)
    if path in MAY_WAIT:
        schema = {"$ref": "#/components/schemas/Waiting"}
        answers["202"] = {"description": WAITING["description"], "content": {"application/json": {"schema": schema}}}
    for answer in answers.values():
        answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in LIMIT_HEADERS}
    answers |= {
        status: {"$ref": f"#/components/responses/Problem{status}"} for status in REFUSALS if status not in answers
    }
    if ROUTES.get((method.upper(), path)) is not PUBLIC:
        operation["security"] = [{name: []} for name in SCHEMES]
    example = EXAMPLES.get((method, path))
    if example is not None:
        operation["requestBody"]["content"]["application/json"]["example"] = example


def _refusal(status: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": REFUSALS[status], "content": {MEDIA_TYPE: {"schema": schema}}}
