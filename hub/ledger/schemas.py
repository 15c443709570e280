"""Bodies of the ledger API."""

from hub.schemas import Output


class ProofOut(Output):
    """What comparing all books found; without `faults` they are right."""

    accounts: int
    transfers: int
    faults: list[str]
