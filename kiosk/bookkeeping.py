"""What a visit wants remembered and shows nobody: taps as evidence, used codes, notices that were seen, receipts."""

from typing import assert_never

from kiosk.knowledge import Knowledge
from kiosk.store.local import LocalStore
from kiosk.sync import Sync
from kiosk.visit.effects import KeepEvidence, KeepReceipt, SeeNotice, UseUp
from protocol.events import ReceiptScanned


class Bookkeeping:
    """The store, as a visit writes to it."""

    def __init__(self, store: LocalStore, sync: Sync, knowledge: Knowledge) -> None:
        self._store = store
        self._sync = sync
        self._knowledge = knowledge

    def write(self, effect: KeepEvidence | UseUp | SeeNotice | KeepReceipt) -> None:
        """Write one thing down, durably."""
        store, sync = self._store, self._sync
        match effect:
            case KeepEvidence(card):
                store.lent.keep_tap(card, self._knowledge.code_of(card), sync.pen())
            case UseUp(card):
                code = self._knowledge.code_of(card)
                if code is not None:
                    store.lent.verifiers.use_up(code)
            case SeeNotice(member, notice):
                store.register.see(member, notice, sync.stamp(f"member:{member}"), sync.draw(1))
            case KeepReceipt():
                stamp = sync.stamp(f"member:{effect.member}")
                told = {"receipt": effect.receipt, "expected": effect.expected}
                store.register.scan(ReceiptScanned(effect.member, effect.code), told, stamp, sync.draw(1))
            case _:
                assert_never(effect)
