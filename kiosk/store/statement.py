"""What a kiosk states of itself when it comes: all that a hub needs to go on with it, even one that was set back."""

from typing import Literal

from msgspec import UNSET

from kiosk.store.local import LocalStore
from protocol.state import KioskStatus


def stated(store: LocalStore, state: Literal["online", "offline"], connection: int, software: str) -> KioskStatus:
    """The status of a kiosk by what its store holds."""
    chain = store.chain
    return KioskStatus(
        state=state,
        connection=connection,
        epoch=chain.epoch,
        head_seq=chain.head.seq,
        head=chain.head.hash.hex(),
        confirmed=chain.confirmed.seq,
        duties=store.leases.duties,
        configuration=store.documents.version("configuration"),
        software=software,
        oldest_seq=chain.oldest.seq,
        oldest=chain.oldest.hash.hex(),
        highest_lease=store.leases.highest,
        hub_epoch=chain.replayed_for or UNSET,
        forked=chain.is_forked or UNSET,
        audit=store.audit_heads.known or UNSET,
    )
