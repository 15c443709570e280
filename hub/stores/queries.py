"""All SQL of stores and their tills' keys."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from hub.db.reading import Asked, Prepared, Rows
from hub.stores.models import ReceiptKey


def ask_receipt_keys(session: Session, ids: Collection[str]) -> Asked[Rows]:
    """Those of these keys that count."""
    return _RECEIPT_KEYS.ask(session, ids=ids)


_RECEIPT_KEYS = Prepared(
    lambda among: select(ReceiptKey.id, ReceiptKey.store, ReceiptKey.public_key).where(
        among(ReceiptKey.id, "ids"), ReceiptKey.revoked_at.is_(None)
    )
)


def receipt_keys_of(session: Session, store: str) -> Rows:
    """The keys of a store's tills that count, by their ids."""
    query = select(ReceiptKey.id, ReceiptKey.public_key).where(
        ReceiptKey.store == store, ReceiptKey.revoked_at.is_(None)
    )
    return session.execute(query.order_by(ReceiptKey.id))


def all_receipt_keys(store: str) -> Select[*tuple[Any, ...]]:
    """Asks for every key that a store's tills have or had."""
    return select(ReceiptKey).where(ReceiptKey.store == store)
