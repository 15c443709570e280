"""What a kiosk knows by itself of whoever holds a card to it: who it is, where they stand, and what they may have."""

from uuid import UUID

from kiosk.receipts import expected_points, signed_here
from kiosk.store.holdings import Pen, Wish
from kiosk.store.local import LocalStore
from kiosk.store.provisional import laid_over, scanned
from kiosk.store.verifiers import Code
from kiosk.visit.allowance import NOTHING, Allowance, allowance, is_limited
from kiosk.visit.earning import Scanned
from kiosk.visit.states import Guest, Recognition, Redeeming, Unbooked
from protocol.events import CardEvidence
from protocol.state import MemberSnapshot


class Knowledge:
    """The store, as a visit asks it."""

    def __init__(self, store: LocalStore) -> None:
        self._store = store

    def of_card(self, card: CardEvidence) -> tuple[MemberSnapshot | None, Unbooked, Recognition]:
        """The member whose card this is, as they should see themselves, and whether the card is genuine."""
        known = self._store.snapshots.of_card(card.uid)
        if known is None:
            return None, Unbooked(), Recognition.UNKNOWN
        shown, unbooked = self.laid_over(known)
        code = self._store.lent.verifiers.recognise(known.member, card)
        if code is None:
            return shown, unbooked, Recognition.UNKNOWN
        return shown, unbooked, Recognition.RECOGNISED if code.is_fresh else Recognition.REPLAYED

    def of_member(self, member: UUID) -> tuple[MemberSnapshot, Unbooked] | None:
        """A member as they should see themselves; None where this kiosk does not know them."""
        known = self._store.snapshots.of_member(member)
        return None if known is None else self.laid_over(known)

    def laid_over(self, snapshot: MemberSnapshot) -> tuple[MemberSnapshot, Unbooked]:
        """A snapshot with what the hub has not booked yet."""
        register = self._store.register
        acts, notices = register.of_member(snapshot.member), register.notices(snapshot.member)
        shown, points, spends = laid_over(snapshot, acts, notices)
        return shown, Unbooked(points, spends, scanned(acts))

    def code_of(self, card: CardEvidence) -> Code | None:
        """The code that a card shows, if it is recognised and may be used."""
        known = self._store.snapshots.of_card(card.uid)
        code = None if known is None else self._store.lent.verifiers.recognise(known.member, card)
        return code if code is not None and code.is_fresh else None

    def scanned(self, text: str, guest: Guest | None) -> Scanned | None:
        """What a code that was scanned says, if a till of this store signed it; for a guest, with what it may earn."""
        documents = self._store.documents
        code = None if documents.configuration is None else signed_here(text, documents.configuration)
        if code is None:
            return None
        if guest is None or documents.programme is None:
            return Scanned(text, code.receipt, 0)
        return Scanned(text, code.receipt, expected_points(code, documents.programme, guest.snapshot.tier))

    def allowance(self, guest: Guest | None, pen: Pen) -> Allowance:
        """What may be given to a guest without asking anybody."""
        if guest is None:
            return NOTHING
        lent = self._store.lent
        points = lent.points(guest.snapshot.member, pen)
        return allowance(points, guest.snapshot.tier, self._store.documents.catalogue, lent.rewards(pen))

    def wish(self, waiting: Redeeming) -> Wish:
        """What somebody waits for, as it is taken from what is lent here or was passed on."""
        catalogue = self._store.documents.catalogue
        limited = any(is_limited(reward) for reward in catalogue if reward.reward == waiting.reward)
        return Wish(waiting.guest.snapshot.member, waiting.reward, waiting.points, waiting.spend, is_limited=limited)
