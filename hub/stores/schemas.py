"""Bodies of the stores API."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from hub.schemas import Input, Name, Output

PublicKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{100,160}={0,2}$")]
"""A public key on P-256: DER (SubjectPublicKeyInfo) in base 64."""


class ReceiptKeyIn(Input):
    """A key with which a till will sign the codes on its receipts; its secret half never leaves the till."""

    id: Name
    public_key: PublicKey


class ReceiptKeyOut(Output):
    """A key of a store's till."""

    id: str
    store: str
    made_at: datetime
    revoked_at: datetime | None
