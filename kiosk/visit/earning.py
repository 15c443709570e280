"""Earning at the kiosk: a member holds the code on a receipt to the scanner. Pure, like all of a visit."""

from dataclasses import dataclass

from kiosk.visit.effects import KeepReceipt, Step, World
from kiosk.visit.states import Browsing, Confirming, Redeeming, Refused, Showing, State, Told, guest_of
from protocol.errors import ErrorCode


@dataclass(frozen=True, slots=True)
class Scanned:
    """A code that a till of this store signed: its text, the receipt's number, and how many points it may earn."""

    code: str
    receipt: str
    expected: int


def scanned(state: State, found: Scanned | None, world: World) -> Step:
    """Something was held to the scanner; `found` is None if it is no receipt of this store."""
    if isinstance(state, Redeeming):
        return state, ()
    guest = guest_of(state)
    if found is None:
        return Refused(ErrorCode.RECEIPT_INVALID, {}, guest, world.now), ()
    if guest is None:
        return Refused(ErrorCode.RECEIPT_NO_CARD, {}, None, world.now), ()
    if not world.writable:
        return Refused(ErrorCode.STORE_READ_ONLY, {}, guest, world.now), ()
    after = state if isinstance(state, Confirming | Showing | Told) else Browsing(guest)
    if found.receipt in guest.unbooked.receipts:
        return after, ()
    return after, (KeepReceipt(guest.snapshot.member, found.code, found.receipt, found.expected),)
