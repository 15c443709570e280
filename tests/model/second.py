"""What takes two, as a child sees it: ask a grown-up, and wait until one has said yes."""

from tests.model.chain import Answer, Call, Chain, not_yet

ALONE_MAX_MINOR = 500_00
"""Most money that anybody pays out alone."""


def held_back(chain: Chain, call: Call, amount: int, alone_max: int = ALONE_MAX_MINOR) -> Answer | None:
    """What is said to somebody who has to wait; None to who may go on."""
    item, notes = call.item, chain.notes
    agreed, asked = notes.get(("approval", item.id)), notes.get(("waiting", item.id))
    known = agreed or asked
    if known is None and amount <= alone_max:
        return None
    if known is None:
        notes["waiting", item.id] = (item.kind, item.fingerprint)
        return Answer("waiting", None, {"state": "waiting"})
    if known != (item.kind, item.fingerprint):
        return not_yet("request.conflict")
    return None if agreed else Answer("waiting", None, {"state": "waiting"})
