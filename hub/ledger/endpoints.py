"""The ledger API: the proof that the books are right."""

from typing import Any

from fastapi import APIRouter

from hub.access import TheHub
from hub.ledger import queries, service
from hub.ledger.schemas import ProofOut

router = APIRouter(prefix="/v1", tags=["ledger"])


@router.get("/ledger/proof", response_model=ProofOut)
def proof(hub: TheHub) -> dict[str, Any]:
    """Rebuild every balance from its entries and compare. Reads everything."""
    with hub.database.snapshot() as session:
        found, sums = service.prove(session), queries.unit_sums(session)
    return {
        "accounts": found.accounts,
        "transfers": found.transfers,
        "faults": list(found.faults),
        "sums": [{"unit": unit, **sides, "difference": sum(sides.values())} for unit, sides in sums.items()],
    }
