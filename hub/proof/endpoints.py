"""What came of the last comparison of journals and ledger, over HTTP."""

from typing import Any

from fastapi import APIRouter

from hub.access import TheHub
from hub.proof import queries
from hub.proof.schemas import JournalProofOut

router = APIRouter(prefix="/v1/reconciliation", tags=["reconciliation"])


@router.get("/proof", response_model=JournalProofOut)
def proof(hub: TheHub) -> dict[str, Any]:
    """The last proof that the union of all journals equals the ledger."""
    with hub.database.read() as session:
        last = queries.last(session)
        return {name: getattr(last, name) for name in JournalProofOut.model_fields} if last else _NOTHING


_NOTHING: dict[str, Any] = {"at": None, "is_full": False, "upto": None, "told": []} | dict.fromkeys(
    ("journals", "facts", "transfers", "faults"), 0
)
