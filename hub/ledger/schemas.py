"""Bodies of the ledger API."""

from hub.schemas import Output


class SumOut(Output):
    """All that members hold and all that the programme holds in one unit, and what both make together: 0."""

    unit: str
    members: int
    programme: int
    difference: int


class ProofOut(Output):
    """What comparing all books found; without `faults` they are right."""

    accounts: int
    transfers: int
    faults: list[str]
    sums: list[SumOut]
