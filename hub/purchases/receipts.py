"""Purchases that come as the code on a receipt: read, and believed only where a till of the same store signed it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from msgspec import Struct
from sqlalchemy.orm import Session

from hub.db.reading import NOTHING, Asked, Rows
from hub.stores import queries as stores
from protocol import receipt_codes
from protocol.events import PurchaseRecorded, ReceiptScanned
from provisioning import keys


@dataclass(slots=True)
class Tills:
    """Part of a booking's working set: the keys of tills that receipts name (DER), each with its store."""

    keys: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    def vouch(self, code: str, store: str) -> bool:
        """Tell whether a till of this store signed a code."""
        signed = receipt_codes.read(code)
        known = None if signed is None else self.keys.get(signed.body.key)
        if signed is None or known is None or known[0] != store:
            return False
        return keys.is_signed(keys.load_public(known[1]), signed.payload, signed.signature)


def ask(session: Session, bodies: Iterable[Struct], tills: Tills) -> Asked[None]:
    """Load the keys that receipts among these name."""
    codes = [receipt_codes.read(body.code) for body in bodies if isinstance(body, ReceiptScanned)]
    named = {signed.body.key for signed in codes if signed is not None}

    def hold(rows: Rows) -> None:
        tills.keys |= {row.id: (row.store, row.public_key) for row in rows}

    return (stores.ask_receipt_keys(session, named) if named else NOTHING).then(hold)


def bought(body: Struct) -> PurchaseRecorded | None:
    """The purchase that a body tells of; None for a code that cannot be read."""
    if isinstance(body, ReceiptScanned):
        signed = receipt_codes.read(body.code)
        return None if signed is None else signed.body.purchase(body.member)
    assert isinstance(body, PurchaseRecorded), "the table of kinds reads every body"
    return body
