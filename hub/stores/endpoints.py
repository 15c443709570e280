"""The stores API: keys with which tills sign the codes on their receipts."""

import base64
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy.orm import Session

from hub.access import TheHub, ThePrincipal, TheRequestId
from hub.audit.service import Act, audit
from hub.fleet import queries as fleet
from hub.pages import ThePage
from hub.problems import ProblemError
from hub.requests import asked, once
from hub.schemas import PageOf
from hub.stores import queries
from hub.stores.models import ReceiptKey, Store
from hub.stores.schemas import ReceiptKeyIn, ReceiptKeyOut
from protocol.errors import ErrorCode
from provisioning import keys

router = APIRouter(prefix="/v1", tags=["fleet"])


@router.get("/stores/{store}/receipt-keys", response_model=PageOf[ReceiptKeyOut])
def show_receipt_keys(store: str, hub: TheHub, page: ThePage) -> dict[str, Any]:
    """Every key that a store's tills have or had."""
    with hub.database.read() as session:
        if session.get(Store, store) is None:
            raise ProblemError(ErrorCode.STORE_UNKNOWN)
        return page.of(session, queries.all_receipt_keys(store), (ReceiptKey.id,), shown=_shown)


@router.post("/stores/{store}/receipt-keys", status_code=201, response_model=ReceiptKeyOut)
def add_receipt_key(
    store: str, body: ReceiptKeyIn, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId
) -> dict[str, Any]:
    """Have the store's kiosks, and the hub, believe what a till signs with a key."""
    public_key = base64.b64decode(body.public_key + "=" * (-len(body.public_key) % 4))
    try:
        keys.load_public(public_key)
    except (ValueError, TypeError):
        raise ProblemError(ErrorCode.RECEIPT_KEY_INVALID) from None
    content = f"{store} {body.model_dump_json()}"
    request = asked(hub, request_id, principal.actor, kind="receipt_key.added", content=content)

    def act(session: Session) -> dict[str, Any]:
        if session.get(Store, store) is None:
            raise ProblemError(ErrorCode.STORE_UNKNOWN)
        if session.get(ReceiptKey, body.id) is not None:
            raise ProblemError(ErrorCode.RECEIPT_KEY_TAKEN)
        key = ReceiptKey(id=body.id, store=store, public_key=public_key, made_at=request.at, revoked_at=None)
        session.add(key)
        session.flush()
        fleet.raise_configuration(session, store)
        told = Act(principal.actor, "receipt_key.added", body.id, {}, {"store": store}, principal.address)
        audit(session, told, request.at, hub.random_bytes)
        return _shown(key)

    return hub.database.run(lambda session: once(session, request, lambda: act(session)))


@router.delete("/stores/{store}/receipt-keys/{key}", status_code=204, response_class=Response)
def revoke_receipt_key(store: str, key: str, hub: TheHub, principal: ThePrincipal) -> Response:
    """Believe nothing more that was signed with a key, whenever that was. Said again it changes nothing."""
    now = hub.clock()

    def work(session: Session) -> None:
        found = session.get(ReceiptKey, key, with_for_update=True)
        if found is None or found.store != store:
            raise ProblemError(ErrorCode.RECEIPT_KEY_UNKNOWN)
        if found.revoked_at is None:
            found.revoked_at = now
            fleet.raise_configuration(session, store)
            told = Act(principal.actor, "receipt_key.revoked", key, {}, {"store": store}, principal.address)
            audit(session, told, now, hub.random_bytes)

    hub.database.run(work)
    return Response(status_code=204)


def _shown(key: ReceiptKey) -> dict[str, Any]:
    revoked_at = key.revoked_at.isoformat() if key.revoked_at else None
    return {"id": key.id, "store": key.store, "made_at": key.made_at.isoformat(), "revoked_at": revoked_at}
