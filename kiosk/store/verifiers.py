"""What recognises dynamic cards offline: the verifiers that came with leases ahead, and the codes that are used up.

A code counts once, and only after every one used before; which ones were used outlives the verifiers.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec
from msgspec import UNSET
from tinydb.table import Document

from devices.cards import ntag424
from kiosk.store.limits import TAPS_MAX_MEMBERS
from kiosk.store.owners import owners
from kiosk.store.tables import JournalDB, JournalTable
from protocol.duties import CardVerifiers
from protocol.events import CardEvidence
from protocol.limits import CARDS_MAX

VERIFIERS_TABLE = "verifiers"
TAPS_TABLE = "taps"
VERIFIER_BYTES = 32
CODES_MAX = 2 * CARDS_MAX
"""Most used codes kept of a member: the last of each card, also where its verifiers have been replaced."""


@dataclass(frozen=True, slots=True)
class Code:
    """The code of one reading. `is_fresh` tells whether it may still be used; if so, it is to be used up at once."""

    member: UUID
    mac: bytes
    card: CardVerifiers
    is_fresh: bool


class Verifiers:
    """Verifiers and used codes, by member. What is written here goes with the put that is open, if one is."""

    def __init__(self, db: JournalDB) -> None:
        self._verifiers = db.table(VERIFIERS_TABLE)
        self._taps = db.table(TAPS_TABLE)
        self._known = {owned.member: doc_id for doc_id, owned in owners(db, VERIFIERS_TABLE)}
        self._tapped = {owned.member: doc_id for doc_id, owned in owners(db, TAPS_TABLE)}

    def recognise(self, member: UUID, card: CardEvidence) -> Code | None:
        """The code that a card of this member shows; None where this kiosk cannot tell."""
        message = None if card.url is UNSET else ntag424.parse(card.url)
        if message is None:
            return None
        for verifiers in self._of(member):
            position = _position(verifiers, message.mac)
            if position >= 0:
                last = max((_position(verifiers, mac) for mac in self._used(member)), default=-1)
                return Code(member, message.mac, verifiers, is_fresh=position > last)
        return None

    def use_up(self, code: Code) -> None:
        """Let a code, and all before it of its card, never count again."""
        others = [mac for mac in self._used(code.member) if _position(code.card, mac) < 0]
        macs = [*others, code.mac][-CODES_MAX:]
        document = {"member": str(code.member), "macs": [mac.hex() for mac in macs]}
        self._tapped[code.member] = _put(self._taps, self._tapped.get(code.member), document)
        if len(self._tapped) > TAPS_MAX_MEMBERS:
            oldest = next(iter(self._tapped))
            self._taps.remove(doc_ids=[self._tapped.pop(oldest)])

    def replace(self, member: UUID, cards: Sequence[CardVerifiers]) -> None:
        """Take new verifiers for the cards of a member, instead of those before."""
        document = {"member": str(member), "cards": msgspec.to_builtins(cards)}
        self._known[member] = _put(self._verifiers, self._known.get(member), document)

    def drop(self, member: UUID) -> None:
        """Recognise no card of a member any more."""
        doc_id = self._known.get(member)
        if doc_id is not None:
            self._verifiers.remove(doc_ids=[doc_id])

    def _of(self, member: UUID) -> list[CardVerifiers]:
        document = _read(self._verifiers, self._known.get(member), member)
        return [] if document is None else msgspec.convert(document["cards"], list[CardVerifiers])

    def _used(self, member: UUID) -> list[bytes]:
        document = _read(self._taps, self._tapped.get(member), member)
        return [] if document is None else [bytes.fromhex(mac) for mac in document["macs"]]


def _read(table: JournalTable, doc_id: int | None, member: UUID) -> Document | None:
    # An id that memory remembers from a put that failed may be somebody else's by now.
    document = None if doc_id is None else table.get(doc_id=doc_id)
    return document if isinstance(document, Document) and document["member"] == str(member) else None


def _put(table: JournalTable, doc_id: int | None, document: Mapping[str, object]) -> int:
    member = UUID(str(document["member"]))
    if doc_id is not None and _read(table, doc_id, member) is not None:
        table.update(document, doc_ids=[doc_id])
        return doc_id
    return table.insert(document)


def _position(verifiers: CardVerifiers, mac: bytes) -> int:
    """Place of a code among a card's; -1 where it is none of them."""
    wanted = ntag424.verifier(mac, base64.b64decode(verifiers.salt))
    macs = base64.b64decode(verifiers.macs)
    found = (at for at in range(0, len(macs), VERIFIER_BYTES) if macs[at : at + VERIFIER_BYTES] == wanted)
    return next(found, -VERIFIER_BYTES) // VERIFIER_BYTES
