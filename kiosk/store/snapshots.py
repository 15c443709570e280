"""What this kiosk knows of members who were here: bounded, the least recently seen leaves first.

The name is sealed under a key of the member's own, which stands in a table of its own: deleting that one key makes the
name unreadable. The rest says nothing about who it is. A snapshot that is not newer is ignored.
"""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from tinydb.table import Document

from kiosk.store.errors import StoreError
from kiosk.store.seal import Seal, card_index
from kiosk.store.tables import JournalDB
from protocol.duties import Holding
from protocol.state import MemberSnapshot

SALT_BYTES = 32
_SALT = 1


class Snapshots:
    """Snapshots by member and by card."""

    def __init__(self, db: JournalDB, seal: Seal, new_salt: bytes) -> None:
        self._db = db
        self._seal = seal
        self._snapshots = db.table("snapshots")
        self._keys = db.table("snapshot_keys")
        self._salt = _remembered_salt(db, new_salt)
        self._by_member: dict[UUID, int] = {}
        self._by_card: dict[str, int] = {}
        self._order: dict[int, None] = {}
        self._versions: dict[int, int] = {}
        self._seen = 0
        self._index_all()

    def __len__(self) -> int:
        return len(self._order)

    def of_card(self, uid: str) -> MemberSnapshot | None:
        """The member whose card this is."""
        return self._read(self._by_card.get(card_index(self._salt, uid)))

    def of_member(self, member: UUID) -> MemberSnapshot | None:
        """What is known of a member."""
        return self._read(self._by_member.get(member))

    def as_of(self, member: UUID) -> datetime | None:
        """How new that is; None where nothing is known."""
        doc_id = self._by_member.get(member)
        document = None if doc_id is None else self._snapshots.get(doc_id=doc_id)
        return None if document is None else msgspec.convert(document["snapshot"]["as_of"], datetime)

    def holding(self) -> Holding:
        """How many members of whom something was booked are known, and the sum of their versions."""
        versions = self.versions().values()
        return Holding.of(len(versions), sum(versions))

    def versions(self) -> dict[UUID, int]:
        """The version held of every member of whom something was booked."""
        held = ((member, self._versions[doc_id]) for member, doc_id in self._by_member.items())
        return {member: version for member, version in held if version > 0}

    def keep(self, snapshot: MemberSnapshot, *, uid: str | None, at_most: int) -> dict[UUID, int]:
        """Keep a snapshot if it is newer, and the card it came with; tells the versions held now of whom it concerns.

        Without a card the member must be known already: a kiosk learns of nobody who was not here. A 0 stands for
        somebody who is not known, or not any more because there was no room.
        """
        doc_id = self._by_member.get(snapshot.member)
        known = None if doc_id is None else self._snapshots.get(doc_id=doc_id)
        if known is None and uid is None:
            return {snapshot.member: 0}
        cards = set(known["cards"]) if known is not None else set()
        if uid is not None:
            cards.add(card_index(self._salt, uid))
        is_news = known is None or known["snapshot"]["version"] < snapshot.version or not known["name"]
        with self._changing():
            if doc_id is None:
                doc_id = self._snapshots.insert({})
            document = {
                **(self._document(snapshot, doc_id) if is_news or known is None else known),
                "cards": sorted(cards),
                "seen": self._seen + 1 if uid is not None or known is None else known["seen"],
            }
            self._snapshots.update(document, doc_ids=[doc_id])
            self._index(doc_id, document)
            held = {snapshot.member: self._versions[doc_id]}
            while len(self._order) > at_most:
                held[self._remove(next(iter(self._order)))] = 0
        return held

    def forget(self, member: UUID) -> None:
        """Forget a member."""
        doc_id = self._by_member.get(member)
        if doc_id is not None:
            with self._changing(making_room=True):
                self._remove(doc_id)

    @contextmanager
    def _changing(self, *, making_room: bool = False) -> Iterator[None]:
        """One durable change. If the disk does not take it, the indexes go back to what the disk says."""
        try:
            with self._db.together(making_room=making_room):
                yield
        except StoreError:
            self._index_all()
            raise

    def _document(self, snapshot: MemberSnapshot, doc_id: int) -> dict[str, Any]:
        plain = msgspec.to_builtins(msgspec.structs.replace(snapshot, display_name=""))
        wrapped = self._key_of(doc_id) or self._seal.new_key()
        if wrapped is None or not self._seal.is_ready:
            return {"snapshot": plain, "name": ""}
        self._keys.upsert(Document({"wrapped": base64.b64encode(wrapped).decode()}, doc_id))
        name = self._seal.close(wrapped, snapshot.display_name, str(snapshot.member))
        return {"snapshot": plain, "name": base64.b64encode(name).decode()}

    def _read(self, doc_id: int | None) -> MemberSnapshot | None:
        document = None if doc_id is None else self._snapshots.get(doc_id=doc_id)
        if document is None:
            return None
        snapshot = msgspec.convert(document["snapshot"], MemberSnapshot)
        wrapped = self._key_of(document.doc_id)
        if not document["name"] or wrapped is None:
            return snapshot
        name = self._seal.open(wrapped, base64.b64decode(document["name"]), str(snapshot.member))
        return msgspec.structs.replace(snapshot, display_name=name or "")

    def _key_of(self, doc_id: int) -> bytes | None:
        document = self._keys.get(doc_id=doc_id)
        return None if document is None else base64.b64decode(document["wrapped"])

    def _index_all(self) -> None:
        for index in (self._by_member, self._by_card, self._order, self._versions):
            index.clear()
        for document in sorted(self._snapshots, key=lambda document: document["seen"]):
            self._index(document.doc_id, document)

    def _index(self, doc_id: int, document: dict[str, Any]) -> None:
        self._by_member[UUID(document["snapshot"]["member"])] = doc_id
        self._by_card.update(dict.fromkeys(document["cards"], doc_id))
        self._order.pop(doc_id, None)
        self._order[doc_id] = None
        self._versions[doc_id] = document["snapshot"]["version"]
        self._seen = max(self._seen, document["seen"])

    def _remove(self, doc_id: int) -> UUID:
        document = self._snapshots.get(doc_id=doc_id)
        assert document is not None, "the index names what is there"
        self._snapshots.remove(doc_ids=[doc_id])
        self._keys.remove(doc_ids=[doc_id])
        self._order.pop(doc_id)
        self._versions.pop(doc_id)
        member = UUID(document["snapshot"]["member"])
        self._by_member.pop(member)
        for card in document["cards"]:
            self._by_card.pop(card, None)
        return member


def _remembered_salt(db: JournalDB, new_salt: bytes) -> bytes:
    table = db.table("salt")
    if table.get(doc_id=_SALT) is None:
        table.insert({"salt": new_salt.hex()})
    known = table.get(doc_id=_SALT)
    assert known is not None, "it was just put there"
    return bytes.fromhex(known["salt"])
